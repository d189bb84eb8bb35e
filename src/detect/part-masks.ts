/**
 * The surroundings of a match with every matched character masked, and its place in code points. Knows all matches of a
 * text, so that an excerpt masks its neighbours' values too. Pure.
 */
import type { Match } from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import { CodePointOffsets } from './code-point-offsets.ts'
import type { RawNearMiss } from './detector.ts'
import type { SeenMatch } from './finding-tally.ts'

/** All matches of a part, so that an excerpt masks its neighbours' values too. */
export class PartMasks {
  readonly #texts: ReadonlyMap<number, Uint8Array>
  readonly #spans = new Map<number, { start: number; end: number }[]>()
  readonly #offsets = new Map<number, CodePointOffsets>()

  constructor(texts: ReadonlyMap<number, Uint8Array>, matches: readonly Match[], silenced: readonly RawNearMiss[]) {
    this.#texts = texts
    const misses = Map.groupBy(silenced, (miss) => miss.part)
    for (const [part, own] of Map.groupBy(matches, (match) => match.part)) {
      const spans = own.map((match) => maskedSpan(match, texts.get(part)))
      this.#spans.set(part, mergeSpans([...spans, ...(misses.get(part) ?? [])]))
    }
  }

  see(match: Match): SeenMatch {
    return { ...this.#codePoints(match), excerpt: this.#excerpt(match) }
  }

  #codePoints(match: Match): { start: number; end: number } {
    const text = this.#texts.get(match.part)
    if (!text) return { start: 0, end: 0 }
    let offsets = this.#offsets.get(match.part)
    if (!offsets) {
      offsets = new CodePointOffsets(text)
      this.#offsets.set(match.part, offsets)
    }
    return { start: offsets.at(match.start), end: offsets.at(match.end) }
  }

  #excerpt(match: Match): string {
    const text = this.#texts.get(match.part)
    if (!text) return ''
    const from = stepBack(text, match.start, limits.excerptContextChars)
    const to = stepOn(text, match.end, limits.excerptContextChars)
    const spans = this.#spans.get(match.part) ?? []
    let at = from
    let out = from > 0 ? '…' : ''
    for (let i = firstSpanPast(spans, from); i < spans.length && (spans[i] as { start: number }).start < to; i++) {
      const span = spans[i] as { start: number; end: number }
      const start = Math.max(span.start, at)
      const end = Math.min(span.end, to)
      out += plain(text, at, start) + masked(text, start, Math.max(start, end))
      at = Math.max(at, end)
    }
    return out + plain(text, at, to) + (to < text.length ? '…' : '')
  }
}

const MASKED_MAX = 64

function masked(text: Uint8Array, start: number, end: number): string {
  const shown = Buffer.from(text.buffer, text.byteOffset + start, end - start).toString('utf8')
  const characters = [...shown]
  const cut = characters.length > MASKED_MAX ? [...characters.slice(0, MASKED_MAX), '…'] : characters
  return cut.map((character) => (/\s/.test(character) ? ' ' : character === '…' ? '…' : '*')).join('')
}

function plain(text: Uint8Array, start: number, end: number): string {
  if (end <= start) return ''
  return Buffer.from(text.buffer, text.byteOffset + start, end - start)
    .toString('utf8')
    .replace(/[\s\p{Cc}]+/gu, ' ')
}

/**
 * What of a match is masked: all of it, but for the last digits that its rule may show (PCI DSS 4.0, requirement 3.4.1)
 * where they stand in the text as they are. Where another match covers them they are masked all the same.
 */
function maskedSpan(match: Match, text: Uint8Array | undefined): { start: number; end: number } {
  const { start, end, shownDigits = 0 } = match
  let from = end
  let shown = ''
  while (text && shown.length < shownDigits && from > start) {
    const byte = text[--from] as number
    if (byte >= 0x30 && byte <= 0x39) shown = String.fromCharCode(byte) + shown
    else if (byte !== 0x20 && byte !== 0x2d) return { start, end }
  }
  const asTheyAre = shownDigits > 0 && shown.length === shownDigits && match.normalized.endsWith(shown)
  return asTheyAre && match.normalized.length > 2 * shownDigits ? { start, end: from } : { start, end }
}

function mergeSpans(matches: readonly { readonly start: number; readonly end: number }[]) {
  const merged: { start: number; end: number }[] = []
  for (const { start, end } of [...matches].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

function firstSpanPast(spans: readonly { readonly end: number }[], at: number): number {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle] as { end: number }).end <= at) low = middle + 1
    else high = middle
  }
  return low
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function stepBack(text: Uint8Array, from: number, characters: number): number {
  let at = from
  for (let i = 0; i < characters && at > 0; i++)
    do at--
    while (at > 0 && isContinuation(text[at]))
  return at
}

function stepOn(text: Uint8Array, from: number, characters: number): number {
  let at = from
  for (let i = 0; i < characters && at < text.length; i++)
    do at++
    while (at < text.length && isContinuation(text[at]))
  return at
}
