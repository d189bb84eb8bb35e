/**
 * All keywords of all rules in one pass: where a word begins, its first four folded bytes are looked up in a bit table
 * small enough for the nearest cache, and only what passes is compared along a trie. White space between the words of a
 * keyword is flexible; keywords match whole words, where a change of case inside a word (`ssnNumber`) and a plural `s`
 * count as ends. An abbreviation is found with full stops between its letters too. Pure; linear in the text.
 */
import { LETTER_LEAD_MAX, LETTER_LEAD_MIN } from '../match/boundary.ts'
import { FOLDED_BYTE, foldBeyondAscii, foldKeyword, SKIP, SPACE } from './fold-text.ts'
import { KeywordTrie } from './keyword-trie.ts'

const PREFIX = 4
const BITS = 17
/** 2^32 divided by the golden ratio (Fibonacci hashing). */
const HASH_MULTIPLIER = 0x9e3779b1 | 0
/** Stands for any byte at the end of a prefix of three; no folded byte. */
const ANY = 0xff
const OTHER = 0
const LETTER = 1
const DIGIT = 2
const BEYOND = 3
/** Kind of each byte as the end of a word sees it; bytes beyond ASCII are looked at in their place. */
const KIND = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return BEYOND
  if ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)) return LETTER
  return byte >= 0x30 && byte <= 0x39 ? DIGIT : OTHER
})

/**
 * What may be an abbreviation: of two letters, full stops would make initials of it. `NIT` is also written `N.I.T.` and
 * `N. I. T.`
 */
const ABBREVIATION = /^[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}]{3,5}$/u
const DOTTED = /^\p{L}(?:\.\s?\p{L}){2,4}\.?$/u

export class KeywordMatcher {
  /** Longest folded keyword in bytes. */
  readonly lengthMax: number
  readonly #ids = new Map<string, number>()
  /** The same by keyword as written. */
  readonly #idsOfWritten = new Map<string, number>()
  /** By number: as first written. */
  readonly #written: string[] = []
  /** Set for each hash of the four, or three, bytes that a keyword can begin with. */
  readonly #prefixes = new Int32Array(1 << (BITS - 5))
  /** Starts of keywords of one (value 2 at `first << 8`) or two known bytes. */
  readonly #short = new Uint8Array(65_536)
  /** Bytes, not folded, that a keyword can begin with. */
  readonly #first = new Uint8Array(256)
  readonly #trie: KeywordTrie

  constructor(keywords: readonly string[]) {
    // Rules share many of their words.
    const distinct = new Set(keywords)
    for (const keyword of distinct) this.#number(keyword)
    const paths = new Map(this.#ids)
    for (const keyword of distinct) addDotted(paths, undotted(keyword))
    this.#trie = new KeywordTrie(paths)
    let longest = 0
    for (const path of paths.keys()) {
      longest = Math.max(longest, path.length)
      this.#addPrefixes(path)
    }
    this.lengthMax = longest
    const begins = new Set(this.#trie.firstBytes)
    for (let byte = 0; byte < 0x80; byte++) this.#first[byte] = begins.has(FOLDED_BYTE[byte] as number) ? 1 : 0
  }

  get size(): number {
    return this.#ids.size
  }

  /** A keyword as a rule writes it, by its number. */
  written(id: number): string {
    return this.#written[id] ?? ''
  }

  /** Number of the keyword; equal after folding means the same number. -1: it folds to nothing. */
  idOf(keyword: string): number {
    return this.#idsOfWritten.get(keyword) ?? this.#ids.get(foldedPath(undotted(keyword))) ?? -1
  }

  #number(keyword: string): void {
    const folded = foldedPath(undotted(keyword))
    if (folded === '') return
    let id = this.#ids.get(folded)
    if (id === undefined) {
      id = this.#written.push(keyword) - 1
      this.#ids.set(folded, id)
    }
    this.#idsOfWritten.set(keyword, id)
  }

  /** A keyword shorter than the prefix may be followed by anything, one with a space may have more of them. */
  #addPrefixes(path: string): void {
    const space = path.indexOf(' ')
    const fixed = Math.min(PREFIX, path.length, space < 0 ? PREFIX : space + 1)
    const [a = 0, b = 0, c = 0, d = 0] = Buffer.from(path.slice(0, PREFIX), 'latin1')
    if (fixed === 1) this.#short[a << 8] = 2
    else if (fixed === 2) this.#short[(a << 8) | b] = 1
    else {
      const hash = fixed === 3 ? prefixHash(a, b, c, ANY) : prefixHash(a, b, c, d)
      this.#prefixes[hash >>> 5] = (this.#prefixes[hash >>> 5] as number) | (1 << (hash & 31))
    }
  }

  /** Triples of keyword, start and end (byte offsets) in order of start. */
  find(text: Uint8Array): number[] {
    const hits: number[] = []
    if (this.size === 0) return hits
    const beginnings = { first: this.#first, short: this.#short, prefixes: this.#prefixes }
    for (let at = nextBeginning(beginnings, text, 0); at < text.length; at = nextBeginning(beginnings, text, at + 1))
      this.#compare(text, at, hits)
    return hits
  }

  /** Follows the text along the trie from `start` and notes every keyword that ends as a whole word. */
  #compare(text: Uint8Array, start: number, hits: number[]): void {
    const trie = this.#trie
    let node = 0
    let spaced = false
    let at = start
    while (at < text.length) {
      const raw = text[at] as number
      const folded = raw < 0x80 ? (1 << 16) | ((FOLDED_BYTE[raw] as number) << 8) : foldBeyondAscii(text, at)
      at += folded >> 16
      const byte = (folded >> 8) & 0xff
      if (byte !== SKIP && !(byte === SPACE && spaced)) {
        spaced = byte === SPACE
        node = trie.child(node, byte)
        if (node < 0) return
      }
      const second = folded & 0xff
      if (second !== SKIP) {
        node = trie.child(node, second)
        if (node < 0) return
      }
      const keyword = trie.wordAt(node)
      if (keyword >= 0 && !spaced && endsWord(text, at)) hits.push(keyword, start, at)
    }
  }
}

interface Beginnings {
  readonly first: Uint8Array
  readonly short: Uint8Array
  readonly prefixes: Int32Array
}

/**
 * The first place from `at` on where a word begins as a keyword may; the text's length when none does. Sees every byte
 * of a text, so it calls next to nothing.
 */
function nextBeginning({ first, short, prefixes }: Beginnings, text: Uint8Array, at: number): number {
  const fold = FOLDED_BYTE
  const kinds = KIND
  const length = text.length
  let previous = at === 0 ? 0 : (text[at - 1] as number)
  let before = at === 0 ? OTHER : kindAt(text, at - 1)
  for (let i = at; i < length; i++) {
    const raw = text[i] as number
    let kind = kinds[raw] as number
    if (kind === BEYOND) {
      kind = kindBeyondAscii(text, i)
      const goesOn = kind !== OTHER && kind === before
      before = kind
      previous = raw
      if (!goesOn && (raw & 0xc0) !== 0x80) return i
      continue
    }
    // A letter after a letter begins no word, unless it is the capital in `ssnNumber`.
    const goesOn = kind !== OTHER && kind === before && (raw > 0x5a || raw < 0x41 || previous < 0x61 || previous > 0x7a)
    before = kind
    previous = raw
    if (goesOn || first[raw] === 0) continue
    if (i + PREFIX > length) return i
    const b = text[i + 1] as number
    const c = text[i + 2] as number
    const d = text[i + 3] as number
    if ((b | c | d) >= 0x80) return i
    const byte = fold[raw] as number
    const second = fold[b] as number
    const third = fold[c] as number
    if (short[byte << 8] === 2 || short[(byte << 8) | second] === 1) return i
    const four = prefixHash(byte, second, third, fold[d] as number)
    if (((prefixes[four >>> 5] as number) & (1 << (four & 31))) !== 0) return i
    const three = prefixHash(byte, second, third, ANY)
    if (((prefixes[three >>> 5] as number) & (1 << (three & 31))) !== 0) return i
  }
  return length
}

/** `N.I.T.` as `NIT`; any other keyword as it is. */
function undotted(keyword: string): string {
  const composed = keyword.normalize('NFC')
  return DOTTED.test(composed) ? composed.replace(/[.\s]/g, '') : keyword
}

/** The ways to write an abbreviation with full stops lead to its number. */
function addDotted(paths: Map<string, number>, letters: string): void {
  const id = ABBREVIATION.test(letters) ? paths.get(foldedPath(letters)) : undefined
  if (id === undefined) return
  for (const between of ['.', '. ']) paths.set(foldedPath([...letters].join(between)), id)
}

/** The folded bytes as Latin-1 characters. */
function foldedPath(keyword: string): string {
  return Buffer.from(foldKeyword(keyword)).toString('latin1')
}

function prefixHash(a: number, b: number, c: number, d: number): number {
  return Math.imul((a << 24) | (b << 16) | (c << 8) | d, HASH_MULTIPLIER) >>> (32 - BITS)
}

/** Whether a keyword may end before `at`: no letter goes on, no digit after a digit; a plural `s` belongs to it. */
function endsWord(text: Uint8Array, at: number): boolean {
  if (!joins(text, at)) return true
  const next = text[at]
  return (next === 0x73 || next === 0x53) && kindAt(text, at - 1) === LETTER && !joins(text, at + 1)
}

function joins(text: Uint8Array, at: number): boolean {
  if (at >= text.length) return false
  const left = kindAt(text, at - 1)
  return left !== OTHER && left === kindAt(text, at) && !isCamel(text, at)
}

function kindAt(text: Uint8Array, at: number): number {
  const byte = text[at] as number
  return byte < 0x80 ? (KIND[byte] as number) : kindBeyondAscii(text, at)
}

/** Latin, Greek and Cyrillic letters bound words; scripts without spaces don't. `at` may be either byte of a letter. */
function kindBeyondAscii(text: Uint8Array, at: number): number {
  const byte = text[at] as number
  const lead = byte >= 0xc0 ? byte : at > 0 ? (text[at - 1] as number) : 0
  return lead >= LETTER_LEAD_MIN && lead <= LETTER_LEAD_MAX ? LETTER : OTHER
}

function isCamel(text: Uint8Array, at: number): boolean {
  const left = text[at - 1] as number
  const right = text[at] as number
  return left >= 0x61 && left <= 0x7a && right >= 0x41 && right <= 0x5a
}
