import type { Command } from 'commander'

export function register(program: Command): void {
  program
    .command('extract')
    .description('What the detectors would see of files: parts, types, text, labels, and what could not be read.')
    .argument('[files...]', '.eml files are mail, anything else is an upload of that name')
    .option('--json', 'one JSON object a line on stdout')
    .option('--files-from <list>', 'file with one path a line; - for stdin')
    .option('--text', 'print the text of each part as well')
    .action(async (files: string[], _flags: unknown, command: Command) => {
      const { runExtractCommand } = await import('../app/commands/extract-command.ts')
      process.exitCode = await runExtractCommand(
        files,
        command.optsWithGlobals<{ json?: boolean; filesFrom?: string; text?: boolean; config?: string }>(),
      )
    })
}
