import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'
import { decodeCodePage } from '../readers/code-page.ts'

/**
 * Records of a BIFF stream ([MS-XLS] 2.1.4), CONTINUE records joined to what they continue as segments: a string that
 * crosses a boundary states its width anew there. Reading past the end gives empty values, never a throw.
 */
export interface BiffRecord {
  readonly type: number
  /** Start of the record's header in the stream. */
  readonly at: number
  readonly segments: readonly Buffer[]
}

const CONTINUE = 0x3c

export function* biffRecords(bytes: Buffer): Generator<BiffRecord> {
  let at = 0
  let current: { type: number; at: number; segments: Buffer[] } | null = null
  for (let count = 0; at + 4 <= bytes.length; count++) {
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'records')
    const type = bytes.readUInt16LE(at)
    const length = bytes.readUInt16LE(at + 2)
    const data = bytes.subarray(at + 4, at + 4 + length)
    if (type === CONTINUE && current) current.segments.push(data)
    else {
      if (current) yield current
      current = { type, at, segments: [data] }
    }
    at += 4 + length
  }
  if (current) yield current
}

/** Reads through the segments of one record. */
export class BiffReader {
  readonly #segments: readonly Buffer[]
  #index = 0
  #at = 0
  /** Whether a string was longer than what is left of the record. */
  isCut = false

  constructor(record: BiffRecord, at = 0) {
    this.#segments = record.segments
    this.#at = at
  }

  get #segment(): Buffer {
    return this.#segments[this.#index] ?? Buffer.alloc(0)
  }

  get done(): boolean {
    this.#advance()
    return this.#index >= this.#segments.length
  }

  #advance(): void {
    while (this.#index < this.#segments.length && this.#at >= this.#segment.length) {
      this.#at -= this.#segment.length
      this.#index += 1
    }
  }

  u8(): number {
    this.#advance()
    const value = this.#segment[this.#at] ?? 0
    this.#at += 1
    return value
  }

  u16(): number {
    return this.u8() | (this.u8() << 8)
  }

  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0
  }

  skip(count: number): void {
    this.#at += count
    this.#advance()
  }

  /**
   * `count` characters from here. At each boundary a new flag byte says how wide they are, at one right before the first
   * character as well.
   */
  characters(count: number, isWide: boolean): string {
    let text = ''
    let wide = isWide
    let left = count
    while (left > 0 && this.#index < this.#segments.length) {
      const width = wide ? 2 : 1
      const fits = Math.min(left, Math.max(0, Math.floor((this.#segment.length - this.#at) / width)))
      const raw = this.#segment.subarray(this.#at, this.#at + fits * width)
      text += wide ? raw.toString('utf16le') : raw.toString('latin1')
      left -= fits
      this.#at += fits * width
      if (left === 0) break
      this.#index += 1
      this.#at = 1
      wide = ((this.#segment[0] ?? 0) & 1) !== 0
    }
    if (left > 0) this.isCut = true
    return text
  }

  /** A Unicode string with formatting runs and phonetic data ([MS-XLS] 2.5.293); the length stands before it. */
  richString(length: number): string {
    const flags = this.u8()
    const runs = (flags & 8) !== 0 ? this.u16() : 0
    const phonetic = (flags & 4) !== 0 ? this.u32() : 0
    const text = this.characters(length, (flags & 1) !== 0)
    this.skip(runs * 4 + phonetic)
    return text
  }

  /** 8-bit characters of BIFF up to version 5. */
  bytes(length: number, page: number): string {
    const raw: number[] = []
    for (let i = 0; i < length && !this.done; i++) raw.push(this.u8())
    return decodeCodePage(Uint8Array.from(raw), page)
  }
}
