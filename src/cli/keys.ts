import type { Command } from 'commander'

export function register(program: Command): void {
  const keys = program.command('keys').description('The key files of this installation.')
  keys
    .command('create')
    .description('Create the key files that are missing (mode 0600); existing ones are left alone.')
    .action(async (_flags: unknown, command: Command) => {
      const { runKeysCreate } = await import('../app/commands/keys-command.ts')
      process.exitCode = await runKeysCreate(command.optsWithGlobals<{ config?: string }>())
    })
  keys
    .command('rotate')
    .description('Make a new key-encryption key; a running gateway re-wraps its data keys at the next start.')
    .action(async (_flags: unknown, command: Command) => {
      const { runKeysRotate } = await import('../app/commands/keys-command.ts')
      process.exitCode = await runKeysRotate(command.optsWithGlobals<{ config?: string }>())
    })
  keys
    .command('api-token')
    .description('Make a new bearer token of the HTTP API in api.token of the keys folder (mode 0600).')
    .action(async (_flags: unknown, command: Command) => {
      const { runKeysApiToken } = await import('../app/commands/keys-command.ts')
      process.exitCode = await runKeysApiToken(command.optsWithGlobals<{ config?: string }>())
    })
}
