import type { Command } from 'commander'
import { collect } from './scan.ts'

interface Flags {
  readonly json?: boolean
  readonly policies?: string
  readonly rules?: string
  readonly config?: string
}

export function register(program: Command): void {
  const policy = program.command('policy').description('Policies: check them, run their test cases, explain a verdict.')
  policy
    .command('check')
    .description('Check policy files; every mistake as file:row:column code message. Exit 1 when there is one.')
    .option('--json', 'one JSON object with the diagnostics')
    .option('--policies <dir>', 'policies instead of the configured ones')
    .action(async (_flags: unknown, command: Command) => {
      const { runPolicyCheck } = await import('../app/commands/policy-command.ts')
      process.exitCode = await runPolicyCheck(command.optsWithGlobals<Flags>())
    })
  policy
    .command('test')
    .description('Run the test cases that stand in the policy files. Exit 1 when one fails.')
    .option('--json', 'one JSON object a line')
    .option('--policies <dir>', 'policies instead of the configured ones')
    .action(async (_flags: unknown, command: Command) => {
      const { runPolicyTest } = await import('../app/commands/policy-command.ts')
      process.exitCode = await runPolicyTest(command.optsWithGlobals<Flags>())
    })
  policy
    .command('explain')
    .description('For each file, why every policy rule did or did not match, and how near it came.')
    .argument('<files...>', '.eml files are mail, anything else is an upload of that name')
    .option('--json', 'one JSON object a line')
    .option('--from <address>', 'sender (default: the message’s From)')
    .option('--to <address>', 'recipient; may be repeated (default: To, Cc and Bcc)', collect)
    .option('--policies <dir>', 'policies instead of the configured ones')
    .option('--rules <dir>', 'detection rules instead of the configured ones')
    .action(async (files: string[], _flags: unknown, command: Command) => {
      const { runPolicyExplain } = await import('../app/commands/policy-command.ts')
      process.exitCode = await runPolicyExplain(
        files,
        command.optsWithGlobals<Flags & { from?: string; to?: string[] }>(),
      )
    })
}
