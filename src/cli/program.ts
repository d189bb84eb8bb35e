/** The command line: one thin file per command, loaded only when it is used. Exit codes are those of `exit-codes.ts`. */
import { Command, CommanderError } from 'commander'
import { exitCodes, reportFailure } from './exit-codes.ts'
import { readVersion } from './version.ts'

type Register = (program: Command) => void

/** Every command, in the order of the help text. */
const commands: readonly (() => Promise<{ register: Register }>)[] = [
  () => import('./serve.ts'),
  () => import('./worker.ts'),
  () => import('./scan.ts'),
  () => import('./detect.ts'),
  () => import('./extract.ts'),
  () => import('./rules.ts'),
  () => import('./policy.ts'),
  () => import('./fingerprint.ts'),
  () => import('./exact-data.ts'),
  () => import('./quarantine.ts'),
  () => import('./audit.ts'),
  () => import('./doctor.ts'),
  () => import('./config.ts'),
  () => import('./keys.ts'),
  () => import('./users.ts'),
  () => import('./demo.ts'),
]

/** The whole command line, with every command registered and none run. */
export async function buildProgram(): Promise<Command> {
  const program = new Command('sluice')
    .description('Data-loss-prevention gateway for outbound mail and uploads.')
    .version(readVersion())
    .option('--config <file>', 'configuration file (default: ./sluice.yaml when present)')
    .showHelpAfterError('(see --help)')
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 success; 1 the answer is "no"; 2 bad usage or configuration; 3 internal failure.',
    )
  for (const load of commands) (await load()).register(program)
  inherit(program)
  return program
}

export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = await buildProgram()
  // Nobody is left to be told; a gateway whose log is no longer read goes on.
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader went away (`sluice … | head`): nothing more to do, and nothing is wrong.
    if (error.code === 'EPIPE') process.exit(exitCodes.success)
    process.stderr.write(`sluice: the output can't be written to its end (${error.code ?? error.message})\n`)
    process.exit(exitCodes.usage)
  })
  try {
    await program.parseAsync([...argv])
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      process.exitCode = thrown.exitCode === 0 ? exitCodes.success : exitCodes.usage
      return
    }
    process.exitCode = reportFailure(thrown)
  }
}

/** `--config` may stand before or after the command; every command exits through `runProgram`. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride().showHelpAfterError('(see --help)')
    if (child.commands.length === 0)
      child.option('--config <file>', 'configuration file (default: ./sluice.yaml when present)')
    inherit(child)
  }
}
