import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ScanCommandFlags } from '../app/commands/scan-command.ts'

export function register(program: Command): void {
  program
    .command('scan')
    .description('Inspect and decide on local files as the gateway would; nothing is stored or delivered.')
    .argument('[files...]', '.eml files are mail, anything else is an upload of that name')
    .option('--json', 'one JSON object a line on stdout')
    .option('--files-from <list>', 'file with one path a line; - for stdin')
    .option('--manifest <file>', 'JSON lines with file, as, from, to, method, url, headers, filename')
    .addOption(new Option('--as <kind>', 'take the files as mail or upload').choices(['mail', 'upload']))
    .option('--content-type <type>', 'declared media type of an upload')
    .option('--filename <name>', 'file name of an upload')
    .option('--from <address>', 'sender (default: the message’s From)')
    .option('--to <address>', 'recipient, of an upload the host; may be repeated (default: To, Cc and Bcc)', collect)
    .option('--rules <dir>', 'detection rules instead of the configured ones')
    .option('--policies <dir>', 'policies instead of the configured ones')
    .option('--term <name=text>', 'an ad-hoc term to look for, at high confidence; may be repeated', collectTerm)
    .option('--reveal', 'show the values that were found')
    .option('--explain', 'say for every policy rule why it did or did not match, and what came near')
    .option('--exit-code', 'exit 1 when any file would be held or blocked, or cannot be read')
    .addHelpText(
      'after',
      `
Examples:
  sluice scan --explain --from you@example.com --to partner@example.net message.eml
  find /srv/outbox -type f | sluice scan --json --files-from -`,
    )
    .action(async (files: string[], _flags: unknown, command: Command) => {
      const { runScanCommand } = await import('../app/commands/scan-command.ts')
      process.exitCode = await runScanCommand(files, command.optsWithGlobals<ScanCommandFlags>())
    })
}

export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

function collectTerm(
  value: string,
  before: readonly { name: string; text: string }[] = [],
): { name: string; text: string }[] {
  const at = value.indexOf('=')
  if (at < 1 || at === value.length - 1) throw new InvalidArgumentError('write NAME=TEXT.')
  return [...before, { name: value.slice(0, at), text: value.slice(at + 1) }]
}
