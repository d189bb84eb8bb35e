import { type Command, Option } from 'commander'
import type { Confidence } from '../core/finding.ts'

export function register(program: Command): void {
  program
    .command('detect')
    .description(
      'What the detectors find in plain texts: {"id","text"} lines on stdin, {"id","findings"} lines on stdout.',
    )
    .requiredOption('--jsonl', 'read and write JSON lines')
    .option('--reveal', 'show the values that were found')
    .option('--rules <dir>', 'detection rules instead of the configured ones')
    .addOption(
      new Option('--min-confidence <level>', 'leave out weaker findings')
        .choices(['low', 'medium', 'high'])
        .default('low'),
    )
    .addHelpText('after', '\nExample:\n  echo \'{"id":1,"text":"card 4111 1111 1111 1111"}\' | sluice detect --jsonl')
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<{
        reveal?: boolean
        minConfidence: Confidence
        rules?: string
        config?: string
      }>()
      const { runDetectCommand } = await import('../app/commands/detect-command.ts')
      process.exitCode = await runDetectCommand(flags)
    })
}
