import type { Command } from 'commander'

export function register(program: Command): void {
  program
    .command('serve')
    .description('Start the gateway. Writes a commented sluice.yaml and keys when there are none.')
    .action(async (_flags: unknown, command: Command) => {
      const { runServe } = await import('../app/commands/serve-command.ts')
      process.exitCode = await runServe(command.optsWithGlobals<{ config?: string }>())
    })
}
