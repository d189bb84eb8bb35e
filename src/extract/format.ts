import type { LabelMark, PartTrait, UninspectedReason } from '../core/extraction.ts'
import type { ExtractLimits } from './budget.ts'
import type { PictureReader } from './ocr/picture-reader.ts'
import type { ByteSource } from './stream/byte-source.ts'
import type { ByteStream } from './stream/byte-stream.ts'

/**
 * What one file format is to the extractor: which media types it takes and how it turns bytes into text and children.
 * A format never throws for what its input holds: it says `uninspected`, and whatever it does throw is `corrupt`.
 * To add one: a file in `formats/` that exports a Format, and one line in `registry.ts`.
 */
export interface Format {
  /** Short lower-case word, used in `via`: `zip`, `docx`, `pdf`. */
  readonly id: string
  /** Sniffed media types it takes. */
  readonly types: readonly string[]
  extract(input: FormatInput, context: ExtractContext): void | Promise<void>
  /**
   * Reads what is too large to be held. Left out: such a file is `too-large`. Where `source` is null and the format
   * needs one (`needsSource`), it is not asked.
   */
  extractStream?(input: StreamInput, context: ExtractContext): Promise<void>
  readonly needsSource?: boolean
}

export interface FormatInput {
  readonly bytes: Uint8Array
  readonly filename: string | null
  /** Lower case, without parameters. */
  readonly declaredType: string | null
  /** Parameters of the declared type, e.g. `charset`. */
  readonly parameters: Readonly<Record<string, string>>
  readonly sniffedType: string
  /** Display path of this part. */
  readonly path: string
}

/** A file that nobody holds: its bytes in order, and by their place where that can be. */
export interface StreamInput extends Omit<FormatInput, 'bytes'> {
  readonly stream: ByteStream
  readonly source: ByteSource | null
}

/** A nested part that is read as it comes. */
export interface StreamedPart extends Omit<ChildPart, 'bytes'> {
  readonly stream: ByteStream
  readonly source?: ByteSource | null
}

export interface ChildPart {
  readonly bytes: Uint8Array
  /** Decoded name inside the container; null where there is none (a MIME part without a file name). */
  readonly filename: string | null
  /** Last segment of the display path when there is no file name, e.g. `[2]`. */
  readonly label?: string
  readonly declaredType?: string | null
  readonly parameters?: Readonly<Record<string, string>>
  readonly traits?: readonly PartTrait[]
  /** How it was embedded where that is no format of its own (`base64`, `uuencode`); goes into its `via`. */
  readonly via?: string
}

/** What a format may do. Everything is metered against the one budget of the message. */
export interface ExtractContext {
  readonly budget: Budget
  /** Adds text of this part, as a string or as valid UTF-8; pieces are joined by LF. Table cells apart by TAB, rows by LF. */
  text(piece: string | Uint8Array): void
  /**
   * Extracts a nested part completely before it resolves. Depth, count and size are checked: past a limit it is
   * `uninspected`. Its file name becomes text of this part by itself.
   */
  child(part: ChildPart): Promise<void>
  /**
   * The same of a part whose size isn't known, or is large: a small one is read whole, a large one as a stream by its
   * format. Its stream is at its end when this resolves.
   */
  childStream(part: StreamedPart): Promise<void>
  /** Hands on the next piece of this part's text, valid UTF-8 in whole characters, which is not kept. */
  pass(utf8: Uint8Array): Promise<void>
  /** Says that this part, or `name` inside it, was not (fully) inspected. */
  uninspected(reason: UninspectedReason, detail: string, name?: string): void
  label(mark: Omit<LabelMark, 'part'>): void
  trait(trait: PartTrait): void
  /** Adds a step to how the text of this part was come by, such as `ocr`. */
  via(step: string): void
  /** Reads text in pixels, one for the message; null where that is switched off. */
  readonly pictures: PictureReader | null
  /** Takes the print of a picture; null where nobody asks for one. */
  readonly picturePrint: ((print: string) => void) | null
  /** Passwords that a policy gave for opening sealed content; tried in order. */
  readonly passwords: readonly string[]
  /** Lower-case names of further mail header fields and document properties that carry a label. */
  readonly labelHeaders: readonly string[]
}

/** One for a message and everything nested in it. */
export interface Budget {
  /** The limits it was made with; formats take theirs from here. */
  readonly limits: ExtractLimits
  /** Bytes that may still come out of decompressors and decoders. */
  readonly inflatedLeft: number
  /** Takes `bytes` off the budget; false when that would overrun it: stop and say `too-large`. */
  inflate(bytes: number): boolean
  /** False once the CPU/wall budget of the message is spent: stop and say `timeout`. */
  hasTime(): boolean
  /** Milliseconds of budget left. */
  readonly msLeft: number
}

/** Stops a format at a limit; the walker turns it into `uninspected`. */
export class ExtractLimitError extends Error {
  readonly reason: UninspectedReason
  readonly detail: string

  constructor(reason: UninspectedReason, detail: string) {
    super(`${reason}: ${detail}`)
    this.name = 'ExtractLimitError'
    this.reason = reason
    this.detail = detail
  }
}

/** An allocation outside of the JavaScript heap that was refused can be caught, and so can too long a string. */
export function isOutOfMemory(thrown: unknown): boolean {
  if ((thrown as { readonly code?: unknown } | null)?.code === 'ERR_STRING_TOO_LONG') return true
  const refused = /allocat|WebAssembly\.Memory|could not grow|Invalid string length/i
  return thrown instanceof RangeError && refused.test(thrown.message)
}
