import type {
  ExtractedText,
  LabelMark,
  Part,
  PartPrint,
  PartTrait,
  PrintsWanted,
  Uninspected,
  UninspectedReason,
} from '../core/extraction.ts'
import type { BudgetLeft, ExtractLimits } from './budget.ts'
import type { PicturesLeft } from './ocr/picture-reader.ts'
import type { OcrSettings } from './ocr/tesseract-engine.ts'
import type { ByteSource } from './stream/byte-source.ts'

/**
 * How a part of a hostile format is read somewhere else: what goes there, and what comes back. Everything here is plain
 * data, so that it can cross into another process. The walker is told how by an injected function, and reads such a
 * part where it runs when there is none.
 */
export interface IsolatedPart {
  /** Empty where there is a source. */
  readonly bytes: Uint8Array
  /** Where the bytes are read from when they are too many to be handed over; null: they are in `bytes`. */
  readonly source: ByteSource | null
  readonly filename: string | null
  readonly declaredType: string | null
  readonly parameters: Readonly<Record<string, string>>
  /**
   * True types of the part: its own first, then others the same bytes are valid as. None: nothing is read but the type,
   * which is asked for.
   */
  readonly types: readonly string[]
  readonly path: string
  readonly depth: number
  readonly via: readonly string[]
  readonly traits: readonly PartTrait[]
  /** Paths below that of this part that are taken by other parts. */
  readonly takenPaths: readonly string[]
  /** Paths that are not to be read, since reading them ended an earlier sandbox. */
  readonly skip: readonly string[]
  readonly left: IsolatedLeft
  readonly settings: IsolatedSettings
}

/** What is left of the message's one budget. */
export interface IsolatedLeft {
  readonly budget: BudgetLeft
  /** Null: no pictures are read. */
  readonly pictures: PicturesLeft | null
}

export interface IsolatedSettings {
  readonly limits: ExtractLimits
  readonly passwords: readonly string[]
  readonly labelHeaders: readonly string[]
  readonly ocr: OcrSettings | null
  readonly prints: PrintsWanted | null
  /** Which texts are handed on as they are read, instead of with the result. */
  readonly passing: TextPassing
}

/** The part and everything nested in it, read. */
export interface IsolatedExtraction {
  /** The type that was asked for; null where it is unknown or was not asked for. */
  readonly sniffedType: string | null
  readonly via: readonly string[]
  readonly traits: readonly PartTrait[]
  /** Nested parts; ids begin with 1, and 0 as a parent is the part itself. */
  readonly parts: readonly Part[]
  /** Text of the part itself has the id 0. */
  readonly texts: readonly ExtractedText[]
  readonly uninspected: readonly Uninspected[]
  readonly labels: readonly LabelMark[]
  readonly prints: readonly PartPrint[]
  readonly left: IsolatedLeft
}

/** Reading ended without a result. */
export interface IsolationFailure {
  /** Path of the part, or of one nested in it, that was being read. */
  readonly path: string
  readonly reason: UninspectedReason
  readonly detail: string
}

export type IsolatedReading = { readonly extraction: IsolatedExtraction } | { readonly failure: IsolationFailure }

export type IsolatedOutcome = IsolatedReading & {
  /** Milliseconds that went by before reading could begin. */
  readonly waitedMs: number
}

/** `none`: every text comes with the result, as far as the budget lets it. `all`: every text is handed on. */
export type TextPassing = 'none' | 'streamed' | 'all'

/** Where texts go that nobody holds. */
export interface TextSink {
  /** The next piece of the text of the part with that path, in whole characters. */
  write(path: string, utf8: Uint8Array): void | Promise<void>
  /** That text is whole. */
  end(path: string): void | Promise<void>
}

/** Reads a part elsewhere. What it throws is no fault of the content: the message must be tried again. */
export type Isolate = (part: IsolatedPart, sink: TextSink | null) => Promise<IsolatedOutcome>
