import type { Command } from 'commander'

export function register(program: Command): void {
  const fingerprint = program
    .command('fingerprint')
    .description('Registered documents: what is recognised again in whole or in part. Only keyed hashes are kept.')
  fingerprint
    .command('add')
    .description('Register files, every file below folders, and every document in archives.')
    .argument('<files...>', 'files and folders')
    .option('--name <collection>', 'collection, the name that findings bear (default: the file’s or folder’s own)')
    .option('--label <label>', 'classification of these documents, for people')
    .option('--owner <who>', 'who answers for these documents, for people')
    .option('--partner <list...>', 'partner lists that may receive them')
    .option('--ignore', 'boilerplate: passages of it count for nothing wherever they stand')
    .option('--json', 'one JSON object')
    .action(async (files: string[], _flags: unknown, command: Command) => {
      const { runFingerprintAdd } = await import('../app/commands/fingerprint-command.ts')
      process.exitCode = await runFingerprintAdd(files, command.optsWithGlobals())
    })
  fingerprint
    .command('list')
    .description('Collections with their size and revision.')
    .option('--json', 'one JSON array')
    .action(async (_flags: unknown, command: Command) => {
      const { runFingerprintList } = await import('../app/commands/fingerprint-command.ts')
      process.exitCode = await runFingerprintList(command.optsWithGlobals())
    })
  fingerprint
    .command('show')
    .description('The documents of a collection.')
    .argument('<collection>')
    .option('--json', 'one JSON object a line')
    .action(async (collection: string, _flags: unknown, command: Command) => {
      const { runFingerprintShow } = await import('../app/commands/fingerprint-command.ts')
      process.exitCode = await runFingerprintShow(collection, command.optsWithGlobals())
    })
  fingerprint
    .command('remove')
    .description('Forget a collection, or one document of it.')
    .argument('<collection>')
    .option('--document <name>', 'only this document')
    .action(async (collection: string, _flags: unknown, command: Command) => {
      const { runFingerprintRemove } = await import('../app/commands/fingerprint-command.ts')
      process.exitCode = await runFingerprintRemove(collection, command.optsWithGlobals())
    })
}
