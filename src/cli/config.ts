import type { Command } from 'commander'

export function register(program: Command): void {
  const config = program.command('config').description('The configuration: check it, describe it.')
  config
    .command('check')
    .description('Check sluice.yaml with its rules and policies; every mistake as file:row:column code message.')
    .action(async (_flags: unknown, command: Command) => {
      const { runConfigCheck } = await import('../app/commands/config-command.ts')
      process.exitCode = await runConfigCheck(command.optsWithGlobals<{ config?: string }>())
    })
  config
    .command('reference')
    .description('Every key of sluice.yaml with type, default and meaning, in Markdown.')
    .action(async () => {
      const { runConfigReference } = await import('../app/commands/config-command.ts')
      process.exitCode = await runConfigReference()
    })
  config
    .command('schema')
    .description('JSON Schemas for editors: config, policy or rules.')
    .argument('<which>', 'config, policy or rules')
    .action(async (which: string) => {
      const { runConfigSchema } = await import('../app/commands/config-command.ts')
      process.exitCode = await runConfigSchema(which)
    })
}
