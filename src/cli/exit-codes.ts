/** What a command's exit says, and how a failure is told to a person: one clear message on stderr, never a bare stack. */
import { dirname, resolve } from 'node:path'
import { DiagnosticsError, formatDiagnostic } from '../core/diagnostic.ts'
import { asError, GatewayError } from '../core/errors.ts'

export const exitCodes = { success: 0, no: 1, usage: 2, internal: 3 } as const

/** Codes of errors that a person mends in the configuration or the arguments. */
const USAGE_CODES = new Set([
  'bad-usage',
  'bad-user-name',
  'config-missing',
  'csv-malformed',
  'exact-data-rule',
  'column-missing',
  'table-empty',
  'file-missing',
  'file-too-large',
  'too-many-files',
  'key-missing',
  'key-mode',
  'key-length',
  'keys-missing',
  'port-in-use',
  'listen-failed',
  'locked',
  'not-found',
  'not-held',
  'unknown-recipient',
])

/** Prints the failure and returns the exit code that fits it. */
export function reportFailure(thrown: unknown): number {
  if (thrown instanceof DiagnosticsError) {
    for (const diagnostic of thrown.diagnostics) process.stderr.write(`${formatDiagnostic(diagnostic)}\n`)
    return exitCodes.usage
  }
  const error = asError(thrown)
  if (error instanceof GatewayError) {
    process.stderr.write(`sluice: ${error.message}\n`)
    return USAGE_CODES.has(error.code) || /^(key|keys|config|port|listen)-/.test(error.code)
      ? exitCodes.usage
      : exitCodes.internal
  }
  const refused = refusedByTheSystem(error)
  if (refused !== null) {
    process.stderr.write(`sluice: ${refused}\n`)
    return exitCodes.usage
  }
  process.stderr.write(`sluice: internal failure: ${error.stack ?? error.message}\n`)
  return exitCodes.internal
}

/** A file or folder this user may not use: no failure of Sluice, and a person can mend it. */
function refusedByTheSystem(error: NodeJS.ErrnoException): string | null {
  if (error.path === undefined) return null
  // A file is first written under a passing name beside its place; what refuses is the folder.
  const path = resolve(error.path.endsWith('.tmp') ? dirname(error.path) : error.path)
  const user = `uid ${process.getuid?.() ?? '?'}`
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return `${path} may not be read or written by this user (${user}): run the command as its owner, chown the folder, or choose another one (\`data_dir\`, \`keys_dir\`, --config)`
    case 'EROFS':
      return `${path} is on a read-only file system: choose another folder (\`data_dir\`, \`keys_dir\`, --config)`
    case 'ENOSPC':
      return `no space is left for ${path}: make room on that file system`
    default:
      return null
  }
}
