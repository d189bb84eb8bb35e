import type { Command } from 'commander'

export function register(program: Command): void {
  program
    .command('worker')
    .description('Start a worker that inspects and delivers beside the gateway of this host (dispatch.kind: bullmq).')
    .action(async (_flags: unknown, command: Command) => {
      const { runWorker } = await import('../app/commands/worker-command.ts')
      process.exitCode = await runWorker(command.optsWithGlobals<{ config?: string }>())
    })
}
