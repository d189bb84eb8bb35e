import { type Command, Option } from 'commander'
import { operator } from './login-name.ts'

function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** The words are those of `SENSITIVITIES` in core, which commands load only when they run. */
function sensitivity(): Option {
  return new Option('--sensitivity <level>', 'what it would cost if they got out; policies ask for it').choices([
    'low',
    'medium',
    'high',
  ])
}

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
    .addOption(sensitivity())
    .option('--partner <list>', 'partner list that may receive them (repeatable)', repeated)
    .option('--ignore', 'boilerplate: passages of it count for nothing wherever they stand')
    .option('--json', 'one JSON object')
    .addOption(operator())
    .addHelpText(
      'after',
      '\nExample:\n  sluice fingerprint add --name designs --partner makers /srv/designs/ bundle.zip',
    )
    .action(async (files: string[], _flags: unknown, command: Command) => {
      const { runFingerprintAdd } = await import('../app/commands/fingerprint-command.ts')
      process.exitCode = await runFingerprintAdd(files, command.optsWithGlobals())
    })
  fingerprint
    .command('watch')
    .description('Keep a folder registered as a collection of its own: what is not in the folder leaves it.')
    .argument('<folder>')
    .requiredOption('--name <collection>', 'collection, which is what the folder holds and nothing else')
    .option('--label <label>', 'classification of these documents, for people')
    .option('--owner <who>', 'who answers for these documents, for people')
    .addOption(sensitivity())
    .option('--partner <list>', 'partner list that may receive them (repeatable)', repeated)
    .option('--ignore', 'boilerplate: passages of it count for nothing wherever they stand')
    .option('--interval <seconds>', 'how often the folder is looked at (default: 10)')
    .option('--json', 'one JSON object for each change')
    .addOption(operator())
    .action(async (folder: string, _flags: unknown, command: Command) => {
      const { runFingerprintWatch } = await import('../app/commands/fingerprint-command.ts')
      process.exitCode = await runFingerprintWatch(folder, command.optsWithGlobals())
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
    .addOption(operator())
    .action(async (collection: string, _flags: unknown, command: Command) => {
      const { runFingerprintShow } = await import('../app/commands/fingerprint-command.ts')
      process.exitCode = await runFingerprintShow(collection, command.optsWithGlobals())
    })
  fingerprint
    .command('remove')
    .description('Forget a collection, or one document of it.')
    .argument('<collection>')
    .option('--document <name>', 'only this document')
    .addOption(operator())
    .action(async (collection: string, _flags: unknown, command: Command) => {
      const { runFingerprintRemove } = await import('../app/commands/fingerprint-command.ts')
      process.exitCode = await runFingerprintRemove(collection, command.optsWithGlobals())
    })
}
