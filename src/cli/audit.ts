import { type Command, Option } from 'commander'
import { loginName } from './login-name.ts'
import { wholeNumber } from './whole-number.ts'

export function register(program: Command): void {
  const audit = program.command('audit').description('The tamper-evident record of everything that was done.')
  audit
    .command('verify')
    .description('Prove that no entry was changed, removed, reordered or cut off. Exit 1 when the chain is broken.')
    .option('--json', 'one JSON object')
    .action(async (_flags: unknown, command: Command) => {
      const { runAuditVerify } = await import('../app/commands/audit-command.ts')
      process.exitCode = await runAuditVerify(command.optsWithGlobals())
    })
  audit
    .command('anchor')
    .description(
      'After a restore from backup: accept the record as it ends now. Who did it and why goes on the record.',
    )
    .requiredOption('--reason <text>', 'why the record ends earlier than it once did')
    .addOption(new Option('--operator <name>', 'who says so').default(loginName(), 'the name you are logged in with'))
    .option('--json', 'one JSON object')
    .action(async (_flags: unknown, command: Command) => {
      const { runAuditAnchor } = await import('../app/commands/audit-command.ts')
      process.exitCode = await runAuditAnchor(command.optsWithGlobals())
    })
  audit
    .command('export')
    .description('Entries in order, one JSON object a line.')
    .option('--submission <id>', 'only those of one message')
    .option('--after <sequence>', 'only those after this sequence number', wholeNumber(0))
    .action(async (_flags: unknown, command: Command) => {
      const { runAuditExport } = await import('../app/commands/audit-command.ts')
      process.exitCode = await runAuditExport(command.optsWithGlobals())
    })
}
