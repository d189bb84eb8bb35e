/**
 * Matches -> Findings: one per detector, with keyed HMACs of the distinct values, counts, and excerpts in which every
 * matched character is masked. After this no raw value is left, unless `reveal` asks for it. Pure.
 */
import type { Extraction } from '../core/extraction.ts'
import {
  CONFIDENCES,
  type Confidence,
  confidenceAtLeast,
  type Finding,
  type FindingMatch,
  type Match,
} from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import { CodePointOffsets } from './code-point-offsets.ts'
import type { DetectOptions, RawNearMiss } from './detector.ts'
import { HmacSha256 } from './hmac-sha256.ts'

const KEY_BYTES = 16

/** `silenced`: places of near misses, which excerpts of their neighbours mask too. */
export function groupFindings(
  matches: readonly Match[],
  extraction: Extraction,
  options: DetectOptions,
  silenced: readonly RawNearMiss[] = [],
): Finding[] {
  const texts = new Map(extraction.texts.map((text) => [text.part, text.utf8]))
  const masks = new PartMasks(texts, matches, silenced)
  const groups = Map.groupBy(matches, (match) => JSON.stringify([match.kind, match.family, match.detector]))
  return [...groups.values()].map((group, index) => finding(`f${index + 1}`, group, extraction, masks, options))
}

function finding(
  id: string,
  matches: readonly Match[],
  extraction: Extraction,
  masks: PartMasks,
  options: DetectOptions,
): Finding {
  const first = matches[0] as Match
  const byConfidence = [...matches].sort(
    (a, b) => CONFIDENCES.indexOf(b.confidence) - CONFIDENCES.indexOf(a.confidence),
  )
  const path = (match: Match) => extraction.parts[match.part]?.path ?? `part ${match.part}`
  return {
    id,
    detector: first.detector,
    family: first.family,
    kind: first.kind,
    confidence: (byConfidence[0] as Match).confidence,
    count: count(matches),
    unique: unique(matches),
    atLeast: Object.fromEntries(
      CONFIDENCES.map((least) => {
        const sure = matches.filter((match) => confidenceAtLeast(match.confidence, least))
        return [least, { count: count(sure), unique: unique(sure) }]
      }),
    ) as Record<Confidence, { count: number; unique: number }>,
    perPart: Object.fromEntries(
      [...Map.groupBy(matches, path)]
        .slice(0, limits.findingMatchesKeptMax)
        .map(([part, own]) => [part, { count: count(own), unique: unique(own) }]),
    ),
    keys: [...new Set(matches.map((match) => match.normalized))]
      .slice(0, limits.findingKeysKeptMax)
      .map((value) => keyOf(first.detector, value, options.findingKey)),
    matches: byConfidence.slice(0, limits.findingMatchesKeptMax).map(
      (match): FindingMatch => ({
        part: path(match),
        ...masks.codePoints(match),
        excerpt: masks.excerpt(match),
        via: [...(extraction.parts[match.part]?.via ?? []), ...match.via],
        evidence: match.evidence,
        ...(match.document !== undefined && { document: match.document }),
        ...(match.containment !== undefined && { containment: match.containment }),
        ...(match.resemblance !== undefined && { resemblance: match.resemblance }),
        ...(match.passageWords !== undefined && { passageWords: match.passageWords }),
        ...(match.partners !== undefined && { partners: match.partners }),
        ...(match.sensitivity !== undefined && { sensitivity: match.sensitivity }),
        ...(options.reveal && { value: match.value, normalized: match.normalized }),
      }),
    ),
  }
}

function count(matches: readonly Match[]): number {
  return matches.reduce((sum, match) => sum + (match.weight ?? 1), 0)
}

function unique(matches: readonly Match[]): number {
  const weights = new Map<string, number>()
  for (const match of matches)
    weights.set(match.normalized, Math.max(weights.get(match.normalized) ?? 0, match.weight ?? 1))
  return [...weights.values()].reduce((sum, weight) => sum + weight, 0)
}

/** Keyed, so that a stored finding can be compared with another but not looked up in a table of all card numbers. */
function keyOf(detector: string, value: string, key: Uint8Array): string {
  const words = macOf(key).digest(`${detector}\0${value}`)
  let hex = ''
  for (let i = 0; i < KEY_BYTES / 4; i++) hex += ((words[i] as number) >>> 0).toString(16).padStart(8, '0')
  return hex
}

const macs = new WeakMap<Uint8Array, HmacSha256>()

function macOf(key: Uint8Array): HmacSha256 {
  let mac = macs.get(key)
  if (!mac) {
    mac = new HmacSha256(key)
    macs.set(key, mac)
  }
  return mac
}

/** All matches of a part, so that an excerpt masks its neighbours' values too. */
class PartMasks {
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

  codePoints(match: Match): { start: number; end: number } {
    const text = this.#texts.get(match.part)
    if (!text) return { start: 0, end: 0 }
    let offsets = this.#offsets.get(match.part)
    if (!offsets) {
      offsets = new CodePointOffsets(text)
      this.#offsets.set(match.part, offsets)
    }
    return { start: offsets.at(match.start), end: offsets.at(match.end) }
  }

  excerpt(match: Match): string {
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
