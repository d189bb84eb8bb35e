import type { Command } from 'commander'
import { runServe } from '../app/commands/serve-command.ts'

export function register(program: Command): void {
  program
    .command('serve')
    .description('Start the gateway. Writes a commented sluice.yaml and keys when there are none.')
    .action(async (_flags: unknown, command: Command) => {
      process.exitCode = await runServe(command.optsWithGlobals<{ config?: string }>())
    })
}
