import type { Command } from 'commander'
import { operator } from './login-name.ts'

export function register(program: Command): void {
  const exactData = program
    .command('exact-data')
    .description('Registered tables: rows of a CSV that are recognised again. Only keyed hashes are kept.')
  exactData
    .command('index')
    .description('Build or replace an index from a CSV with a header line.')
    .argument('<csv>', 'the table; - for stdin')
    .requiredOption('--schema <file>', 'YAML that names the columns, how each is written, and how many make a match')
    .option('--json', 'one JSON object')
    .addOption(operator())
    .addHelpText('after', '\nExample:\n  sluice exact-data index --schema customers.yaml customers.csv')
    .action(async (csv: string, _flags: unknown, command: Command) => {
      const { runExactDataIndex } = await import('../app/commands/exact-data-command.ts')
      process.exitCode = await runExactDataIndex(csv, command.optsWithGlobals())
    })
  exactData
    .command('list')
    .description('Every index with its rows and columns.')
    .option('--json', 'one JSON object a line')
    .action(async (_flags: unknown, command: Command) => {
      const { runExactDataList } = await import('../app/commands/exact-data-command.ts')
      process.exitCode = await runExactDataList(command.optsWithGlobals())
    })
  exactData
    .command('remove')
    .description('Forget an index.')
    .argument('<name>')
    .addOption(operator())
    .action(async (name: string, _flags: unknown, command: Command) => {
      const { runExactDataRemove } = await import('../app/commands/exact-data-command.ts')
      process.exitCode = await runExactDataRemove(name, command.optsWithGlobals())
    })
}
