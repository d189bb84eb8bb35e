import type { Command } from 'commander'
import { wholeNumber } from './whole-number.ts'

const portNumber = wholeNumber(0, 65_535)

export function register(program: Command): void {
  program
    .command('worker')
    .description('Start a worker that inspects and decides beside the gateway of this host (dispatch.kind: bullmq).')
    .option(
      '--admin-port <n>',
      'port of /healthz, /readyz and /metrics: 0 picks a free one, `off` for none (default: worker.admin.port)',
      (text) => (text === 'off' ? text : portNumber(text)),
    )
    .action(async (_flags: unknown, command: Command) => {
      const { runWorker } = await import('../app/commands/worker-command.ts')
      process.exitCode = await runWorker(command.optsWithGlobals<{ config?: string; adminPort?: number | 'off' }>())
    })
}
