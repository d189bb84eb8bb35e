import { type Command, Option } from 'commander'
import { loginName } from './login-name.ts'
import { collect } from './scan.ts'
import { wholeNumber } from './whole-number.ts'

interface ActFlags {
  readonly reason: string
  readonly reviewer: string
  readonly recipient?: string[]
  readonly json?: boolean
  readonly config?: string
}

export function register(program: Command): void {
  const quarantine = program.command('quarantine').description('What was held: list, show, release, reject.')
  quarantine
    .command('list')
    .description('Held messages, newest first.')
    .option('--json', 'one JSON object a line')
    .addOption(
      new Option('--status <status>', 'which')
        .choices(['open', 'released', 'rejected', 'expired', 'all'])
        .default('open'),
    )
    .option('--limit <n>', 'how many at most', wholeNumber(1), 100)
    .action(async (_flags: unknown, command: Command) => {
      const { runQuarantineList } = await import('../app/commands/quarantine-command.ts')
      process.exitCode = await runQuarantineList(command.optsWithGlobals())
    })
  quarantine
    .command('show')
    .description('Why a message is held: verdict, findings, parts, what was not inspected, its audit record.')
    .argument('<id>', 'id of the message')
    .option('--json', 'one JSON object')
    .option('--content', 'write the stored message itself to stdout; goes on the audit record')
    .addOption(new Option('--reviewer <name>', 'who looks').default(loginName(), 'the name you are logged in with'))
    .action(async (id: string, _flags: unknown, command: Command) => {
      const { runQuarantineShow } = await import('../app/commands/quarantine-command.ts')
      process.exitCode = await runQuarantineShow(id, command.optsWithGlobals())
    })
  for (const act of ['release', 'reject'] as const) {
    quarantine
      .command(act)
      .description(
        act === 'release'
          ? 'Let a held message go on to its recipients.'
          : 'Refuse a held message and tell its sender.',
      )
      .argument('<ids...>', 'ids of messages')
      .requiredOption('--reason <text>', 'why; stands on the audit record')
      .addOption(new Option('--reviewer <name>', 'who decides').default(loginName(), 'the name you are logged in with'))
      .option('--recipient <address>', 'only for this recipient; may be repeated', collect)
      .option('--json', 'one JSON object a line')
      .action(async (ids: string[], _flags: unknown, command: Command) => {
        const { runQuarantineAct } = await import('../app/commands/quarantine-command.ts')
        process.exitCode = await runQuarantineAct(act, ids, command.optsWithGlobals<ActFlags>())
      })
  }
}
