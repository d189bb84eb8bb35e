import type { Command } from 'commander'

export function register(program: Command): void {
  program
    .command('doctor')
    .description('Check configuration, keys, stores, next hops and permissions, and say how to mend what is wrong.')
    .option('--json', 'one JSON object a line')
    .action(async (_flags: unknown, command: Command) => {
      const { runDoctor } = await import('../app/commands/doctor-command.ts')
      process.exitCode = await runDoctor(command.optsWithGlobals<{ json?: boolean; config?: string }>())
    })
}
