/** Extents of encoded tokens that may be wrapped over lines, quoted with `> `, and padded. Pure; linear. */
import { limits } from '../../core/limits.ts'
import { decodedText, mayBeText } from './decoded-text.ts'
import type { Reading } from './view.ts'

export interface TokenRun {
  readonly end: number
  /** The characters of the token alone, without line breaks and quote marks. */
  readonly characters: string
}

const LF = 0x0a
const CR = 0x0d
/** A line of wrapped base64 is at least this long, else it is a word at the end of a line. */
const WRAPPED_LINE_MIN = 16

/** What to write for a foreign byte between characters read and the next ones; null: the run ends there. */
export type MendRun = (before: string, next: string) => string | null

/** Characters that must follow a foreign byte for the run to go on behind it. */
const NEXT_MIN = 16
/** Foreign bytes in one run; text that merely looks like one has more. */
const FOREIGN_MAX = 8

/**
 * Characters from `start` on that `belongs` accepts, over line breaks where the next line goes on with a long run, and
 * over single foreign bytes when `mend` says what stands for them.
 */
export function tokenRun(text: Buffer, start: number, belongs: Uint8Array, mend: MendRun | null = null): TokenRun {
  const limit = Math.min(text.length, start + limits.detectViewBytesMax)
  let characters = ''
  let foreign = 0
  let from = start
  let at = start
  for (;;) {
    while (at < limit && belongs[text[at] as number] === 1) at++
    characters += text.toString('latin1', from, at)
    const next = at - from >= WRAPPED_LINE_MIN ? nextLine(text, at, limit, belongs) : -1
    if (next < 0) {
      const instead = foreign < FOREIGN_MAX ? mended(text, at, belongs, characters, mend) : null
      if (instead === null) return { end: at, characters }
      foreign++
      characters += instead
      at++
      from = at
      continue
    }
    from = next
    at = next
  }
}

function mended(text: Buffer, at: number, belongs: Uint8Array, before: string, mend: MendRun | null): string | null {
  if (!mend || before.length === 0 || before.endsWith('=') || !isForeign(text[at])) return null
  let end = at + 1
  while (end - at <= NEXT_MIN && end < text.length && belongs[text[end] as number] === 1) end++
  return end - at > NEXT_MIN ? mend(before, text.toString('latin1', at + 1, end)) : null
}

/** Bytes that neither belong to an encoding nor end what is written in it, as spaces, quotes and brackets do. */
export function isForeign(byte: number | undefined): boolean {
  return byte !== undefined && FOREIGN[byte] === 1
}

const FOREIGN = byteSet('!#$%*?@^~|\\\x00\x01\x02\x7f')

/** Where the next line's token begins when `at` stands at a line's end and the line looks like more of the same. */
function nextLine(text: Buffer, at: number, limit: number, belongs: Uint8Array): number {
  let next = at
  if (text[next] === CR) next++
  if (text[next] !== LF) return -1
  next++
  while (next < limit && (text[next] === 0x20 || text[next] === 0x09 || text[next] === 0x3e)) next++
  let end = next
  while (end < limit && belongs[text[end] as number] === 1) end++
  const lineEnds = end >= text.length || text[end] === CR || text[end] === LF
  return lineEnds && end > next && (end - next) % 4 === 0 ? next : -1
}

/** Decodes the beginning of a run and, only if that is text, all of it: most long runs are pictures and keys. */
export function encodedRun(start: number, run: TokenRun, decode: (characters: string) => Buffer): Reading {
  const { characters, end } = run
  if (characters.length > PEEK_CHARACTERS && !mayBeText(decode(characters.slice(0, PEEK_CHARACTERS))))
    return { end, edit: null }
  const decoded = decodedText(decode(characters))
  return {
    end,
    edit: decoded && { start, end, replacement: decoded.text, via: decoded.via, cut: decoded.cut === true },
  }
}

/** A multiple of the 4 and 8 characters that make whole bytes in base64 and base32. */
const PEEK_CHARACTERS = 512

/**
 * Where a run of what `run` (a sticky pattern over Latin-1) matches ends, `end` at the least. Triggers match a run's
 * beginning alone, so that its length costs nothing at every place in it.
 */
export function runEnd(text: Buffer, start: number, end: number, run: RegExp): number {
  for (let window = RUN_WINDOW_BYTES; ; window *= 8) {
    run.lastIndex = 0
    const found = run.exec(text.toString('latin1', start, Math.min(text.length, start + window)))
    const length = found?.[0].length ?? 0
    // A run that comes near the window's end may go on behind it.
    const whole = length < window - RUN_ITEM_BYTES || start + window >= text.length || window >= RUN_MAX_BYTES
    if (whole) return Math.max(end, start + length)
  }
}

const RUN_WINDOW_BYTES = 128
/** No single item of a run is longer. */
const RUN_ITEM_BYTES = 32
/** A longer run goes on as another. */
const RUN_MAX_BYTES = 64 * 1024

export function byteSet(characters: string): Uint8Array {
  const set = new Uint8Array(256)
  for (const byte of Buffer.from(characters, 'latin1')) set[byte] = 1
  return set
}
