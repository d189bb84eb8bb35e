/**
 * The one error type that crosses rooms. `publicMessage` is all a peer may ever see; `cause` stays in the log.
 * `temporary` decides between "try again" and "never": when in doubt an error is temporary, so that nothing is lost.
 */
export class GatewayError extends Error {
  readonly code: string
  readonly temporary: boolean
  readonly publicMessage: string

  constructor(
    code: string,
    options: { temporary: boolean; publicMessage: string; message?: string | undefined; cause?: unknown },
  ) {
    super(options.message ?? `${code}: ${options.publicMessage}`, { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.temporary = options.temporary
    this.publicMessage = options.publicMessage
  }
}

/** Narrows an unknown thrown value to an Error, so that a log line always has a message and a stack. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** For the default branch of an exhaustive switch over a closed union. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
