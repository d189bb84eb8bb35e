import pino, { type Logger } from 'pino'
import { GatewayError } from '../core/errors.ts'

/**
 * The process log: JSON lines on stderr, with ids and no content. Messages of errors that we didn't write ourselves
 * may quote what a parser was given, so only those known to be about the code or the system are kept; the rest is
 * logged by type, code and stack frames.
 */
export type Log = Logger

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogOptions {
  readonly level: LogLevel
  /** Which process this is: `gateway`, `worker`, `console`. */
  readonly process: string
  /** Where lines go; stderr unless a test says otherwise. */
  readonly destination?: { write(line: string): void }
}

/** Fields that must never be logged, wherever someone may put them. */
const FORBIDDEN_FIELDS = ['value', 'normalized', 'excerpt', 'text', 'content', 'subject', 'password', 'key', 'token']

export function createLog(options: LogOptions): Log {
  const paths = FORBIDDEN_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])
  return pino(
    {
      level: options.level,
      base: { pid: process.pid, process: options.process },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[not logged]' },
      serializers: { err: describeError, error: describeError },
    },
    options.destination ?? pino.destination({ fd: 2, sync: false }),
  )
}

const CAUSES_MAX = 4

/** What of an error may be logged. */
export function describeError(thrown: unknown, depth = 0): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { type: typeof thrown }
  const described: Record<string, unknown> = { type: thrown.name }
  if ('code' in thrown && typeof thrown.code === 'string') described.code = thrown.code
  if (thrown instanceof GatewayError) described.temporary = thrown.temporary
  if (messageIsSafe(thrown)) described.message = thrown.message
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  if (frames.length > 0) described.stack = frames.join('\n')
  if (thrown.cause !== undefined && depth < CAUSES_MAX) described.cause = describeError(thrown.cause, depth + 1)
  return described
}

function messageIsSafe(error: Error): boolean {
  if (error instanceof GatewayError) return true
  // A system error: its message holds the call and the path.
  if ('syscall' in error) return true
  // The engine's own errors speak of code; those with a Node code quote the value they were given.
  const fromEngine = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
  return fromEngine && !('code' in error)
}
