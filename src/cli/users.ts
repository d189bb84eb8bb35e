import type { Command } from 'commander'

export function register(program: Command): void {
  const users = program.command('users').description('Who may submit mail with AUTH.')
  users
    .command('add')
    .description('Add a user or change the password, which is read from stdin.')
    .argument('<file>', 'the listener’s users_file')
    .argument('<name>', 'user name')
    .addHelpText('after', '\nExample:\n  printf %s "$PASSWORD" | sluice users add /etc/sluice/private/users anna')
    .action(async (file: string, name: string) => {
      const { runUsersAdd } = await import('../app/commands/users-command.ts')
      process.exitCode = await runUsersAdd(file, name)
    })
  users
    .command('remove')
    .description('Remove a user. Exit 1 when there was none of that name.')
    .argument('<file>', 'the listener’s users_file')
    .argument('<name>', 'user name')
    .action(async (file: string, name: string) => {
      const { runUsersRemove } = await import('../app/commands/users-command.ts')
      process.exitCode = await runUsersRemove(file, name)
    })
}
