import type { EncryptPlan, Modification } from '../core/decision.ts'
import { GatewayError } from '../core/errors.ts'

/**
 * Makes of one stored original the messages that go out: modifications applied, encrypted where asked for, trace
 * headers on top. Works it all out before anything is sent: what can't be done throws GatewayError here, so that the
 * message is held whole. Without modification or encryption the original's bytes are streamed untouched.
 */
export interface ProtectRequest {
  readonly recipients: readonly string[]
  readonly content: () => AsyncIterable<Uint8Array>
  readonly size: number
  /** Complete header lines with CRLF. */
  readonly traceHeaders: string
  readonly modifications: readonly Modification[]
  readonly encrypt?: EncryptPlan
}

export interface OutgoingVariant {
  readonly recipients: readonly string[]
  readonly content: () => AsyncIterable<Uint8Array>
  /** Bytes, where known exactly. */
  readonly size?: number
  /** Encrypted bytes are 7-bit whatever the original was. */
  readonly sevenBit: boolean
}

export interface Protected {
  readonly variants: readonly OutgoingVariant[]
  /** Recipients nobody has a key for, when the plan's fallback is not `pass`. */
  readonly noKey: readonly string[]
}

export interface Protector {
  prepare(request: ProtectRequest): Promise<Protected>
}

export function createProtector(): Protector {
  return {
    async prepare({ recipients, content, size, traceHeaders, modifications, encrypt }) {
      if (encrypt || modifications.some(({ kind }) => kind !== 'redirect'))
        throw new GatewayError('cannot-protect', { temporary: false, publicMessage: 'The message cannot be changed.' })
      const head = Buffer.from(traceHeaders)
      return {
        variants: [{ recipients, content: () => onTop(head, content()), size: head.length + size, sevenBit: false }],
        noKey: [],
      }
    },
  }
}

async function* onTop(head: Uint8Array, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield head
  yield* content
}
