import { limits } from '../core/limits.ts'
import type { Budget } from './format.ts'

/**
 * The one budget of a message: everything nested in it takes from the same counters, so ten small bombs cost what one
 * big one may. It never throws; whoever asks and hears "no" says `uninspected` and stops.
 */
export interface ExtractLimits {
  readonly depthMax: number
  readonly partsMax: number
  readonly inflatedMaxBytes: number
  /** Output per byte of the message, looked at past `ratioFloorBytes`. */
  readonly ratioMax: number
  readonly ratioFloorBytes: number
  readonly textMaxBytes: number
  /** Wall-clock time of the whole extraction in milliseconds. */
  readonly timeMs: number
  readonly headerMaxBytes: number
  readonly mimePartsMax: number
  readonly mimeDepthMax: number
  /** Larger texts and archives are read as streams. */
  readonly streamFromBytes: number
  /** What is decoded of a streamed text at once. */
  readonly streamPieceBytes: number
}

export const defaultExtractLimits: ExtractLimits = {
  depthMax: limits.extractDepthMax,
  partsMax: limits.extractPartsMax,
  inflatedMaxBytes: limits.extractInflatedMaxBytes,
  ratioMax: limits.extractRatioMax,
  ratioFloorBytes: limits.extractRatioFloorBytes,
  textMaxBytes: limits.extractTextMaxBytes,
  timeMs: limits.extractCpuMs,
  headerMaxBytes: limits.extractHeaderMaxBytes,
  mimePartsMax: limits.extractMimePartsMax,
  mimeDepthMax: limits.extractMimeDepthMax,
  streamFromBytes: limits.extractStreamFromBytes,
  streamPieceBytes: limits.extractStreamPieceBytes,
}

/** Milliseconds that a message or upload of that size (bytes) may take beyond what every one may. */
export function extraTimeMs(size: number): number {
  const streamed = Math.max(0, size - limits.extractStreamFromBytes)
  return Math.ceil((streamed / limits.scanRateMinBytesPerSecond) * 1000)
}

/** What is left of a budget, so that it can be taken from in another process. */
export interface BudgetLeft {
  readonly inflatedBytes: number
  readonly textBytes: number
  readonly parts: number
  readonly ms: number
}

export class MessageBudget implements Budget {
  readonly limits: ExtractLimits
  #inflatedLeft: number
  #textLeft: number
  #partsLeft: number
  #endsAt: number
  #waitedMs = 0

  /** `size` is the bytes of the whole message or upload: the ratio is taken against it. */
  constructor(size: number, extractLimits: ExtractLimits) {
    this.limits = extractLimits
    const byRatio = Math.max(extractLimits.ratioFloorBytes, size * extractLimits.ratioMax)
    const bySize = size > extractLimits.streamFromBytes ? size * limits.extractInflatedPerByteMax : 0
    this.#inflatedLeft = Math.min(Math.max(extractLimits.inflatedMaxBytes, bySize), byRatio)
    this.#textLeft = extractLimits.textMaxBytes
    this.#partsLeft = extractLimits.partsMax
    this.#endsAt = performance.now() + extractLimits.timeMs + extraTimeMs(size)
  }

  /** Goes on with what another process was given of a message's budget. */
  static resume(left: BudgetLeft, extractLimits: ExtractLimits): MessageBudget {
    const budget = new MessageBudget(0, extractLimits)
    budget.#inflatedLeft = left.inflatedBytes
    budget.#textLeft = left.textBytes
    budget.#partsLeft = left.parts
    budget.#endsAt = performance.now() + left.ms
    return budget
  }

  get left(): BudgetLeft {
    return { inflatedBytes: this.#inflatedLeft, textBytes: this.#textLeft, parts: this.#partsLeft, ms: this.msLeft }
  }

  /** Takes over what another process has left; its time went by here as well. Nothing can be won back. */
  settle(left: BudgetLeft): void {
    this.#inflatedLeft = Math.min(this.#inflatedLeft, left.inflatedBytes)
    this.#textLeft = Math.min(this.#textLeft, left.textBytes)
    this.#partsLeft = Math.min(this.#partsLeft, left.parts)
  }

  /** Time that the message lost through no part of it. */
  waited(ms: number): void {
    this.#endsAt += ms
    this.#waitedMs += ms
  }

  get inflatedLeft(): number {
    return this.#inflatedLeft
  }

  inflate(bytes: number): boolean {
    if (bytes > this.#inflatedLeft) return false
    this.#inflatedLeft -= bytes
    return true
  }

  get textLeft(): number {
    return this.#textLeft
  }

  /** Takes bytes of extracted text; false when that would overrun the budget. */
  takeText(bytes: number): boolean {
    if (bytes > this.#textLeft) return false
    this.#textLeft -= bytes
    return true
  }

  /** Text that was handed on is held no longer. */
  returnText(bytes: number): void {
    this.#textLeft += bytes
  }

  /** Takes one part; false when the message has had all it may have. */
  takePart(): boolean {
    if (this.#partsLeft <= 0) return false
    this.#partsLeft -= 1
    return true
  }

  /** Lets what follows have a share of the time left, until the function that is returned is called. */
  narrow(share: number): () => void {
    const before = this.#endsAt - this.#waitedMs
    this.#endsAt = performance.now() + this.msLeft * share
    return () => {
      this.#endsAt = before + this.#waitedMs
    }
  }

  get msLeft(): number {
    return Math.max(0, this.#endsAt - performance.now())
  }

  hasTime(): boolean {
    return performance.now() < this.#endsAt
  }
}
