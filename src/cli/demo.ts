import type { Command } from 'commander'

export function register(program: Command): void {
  program
    .command('demo')
    .description(
      'Start a gateway on free ports, send it about ten messages over SMTP, and show what became of each and why.',
    )
    .option('--keep', 'leave the gateway running and the folder in place until Ctrl-C')
    .action(async (_flags: unknown, command: Command) => {
      const { runDemo } = await import('../app/demo/run-demo.ts')
      process.exitCode = await runDemo(command.optsWithGlobals<{ keep?: boolean }>())
    })
}
