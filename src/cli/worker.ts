import type { Command } from 'commander'
import { runWorker } from '../app/commands/worker-command.ts'

export function register(program: Command): void {
  program
    .command('worker')
    .description('Start a worker that inspects and delivers beside the gateway of this host (dispatch.kind: bullmq).')
    .action(async (_flags: unknown, command: Command) => {
      process.exitCode = await runWorker(command.optsWithGlobals<{ config?: string }>())
    })
}
