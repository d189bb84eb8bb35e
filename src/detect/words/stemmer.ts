/**
 * Words -> stems by the Snowball algorithm of a language (snowballstem.org), so that a term is found in its inflections.
 * Stems are remembered, since a text repeats its words; how many are worked out for one text is bounded by the caller.
 */
import { createRequire } from 'node:module'
import { limits } from '../../core/limits.ts'
import { foldedWords } from './fold.ts'
import { NOT_ASCII, type WordBlock } from './word-blocks.ts'

/** Languages whose words can be reduced to stems, as Snowball names them. */
export const STEM_LANGUAGES = [
  'arabic',
  'armenian',
  'basque',
  'catalan',
  'czech',
  'danish',
  'dutch',
  'english',
  'finnish',
  'french',
  'german',
  'hungarian',
  'irish',
  'italian',
  'norwegian',
  'portuguese',
  'romanian',
  'russian',
  'slovene',
  'spanish',
  'swedish',
  'tamil',
  'turkish',
] as const
export type StemLanguage = (typeof STEM_LANGUAGES)[number]

/** Twice what is kept, so that a free slot is near. */
const SLOTS = 2 ** (Math.ceil(Math.log2(limits.wordStemsKeptMax)) + 1)
const NOT_SEEN = 0
const NONE = -1
/** Offset basis of FNV-1a, signed. */
const HASH_START = 0x811c9dc5 | 0

const require = createRequire(import.meta.url)

/** Loads the algorithms when a rule first asks for one. */
function newStemmer(language: StemLanguage): { stem(word: string): string } {
  const { newStemmer: make } = require('snowball-stemmers') as typeof import('snowball-stemmers').default
  return make(language)
}

export class StemCache {
  /** Stems worked out since the caller last set it to 0. */
  worked = 0
  readonly #stemmer: { stem(word: string): string }
  readonly #known = new Map<string, string>()
  /** ASCII words by their hashes -> hashes of their stems; most words of a text need no string. */
  readonly #seen = new Uint8Array(SLOTS)
  readonly #wordHigh = new Int32Array(SLOTS)
  readonly #wordLow = new Int32Array(SLOTS)
  readonly #stemHigh = new Int32Array(SLOTS)
  readonly #stemLow = new Int32Array(SLOTS)
  #used = 0

  constructor(language: StemLanguage) {
    this.#stemmer = newStemmer(language)
  }

  /** The folded stem of a word as it is written. Algorithms look at accents, so folding comes last. */
  stem(word: string): string {
    const lower = word.normalize('NFKC').toLowerCase()
    const known = this.#known.get(lower)
    if (known !== undefined) return known
    this.worked++
    const stem = foldedWords(this.#stemmer.stem(lower)).join('')
    if (this.#known.size >= limits.wordStemsKeptMax) this.#known.clear()
    this.#known.set(lower, stem)
    return stem
  }

  /** Hashes of the stems of a block's words. */
  hashes(text: Buffer, block: WordBlock): { readonly high: Int32Array; readonly low: Int32Array } {
    const high = new Int32Array(block.count)
    const low = new Int32Array(block.count)
    for (let i = 0; i < block.count; i++) {
      const word = () => this.stem(text.toString('utf8', block.start[i] as number, block.end[i] as number))
      const slot = (block.classes[i] as number) & NOT_ASCII ? NONE : this.#slot(block, i)
      if (slot !== NONE && this.#seen[slot] !== NOT_SEEN) {
        high[i] = this.#stemHigh[slot] as number
        low[i] = this.#stemLow[slot] as number
        continue
      }
      const [a, b] = hashOf(word())
      high[i] = a
      low[i] = b
      if (slot !== NONE) this.#keep(slot, block, i, a, b)
    }
    return { high, low }
  }

  #slot(block: WordBlock, i: number): number {
    const high = block.high[i] as number
    const low = block.low[i] as number
    let slot = (high ^ (low >>> 9)) & (SLOTS - 1)
    while (this.#seen[slot] !== NOT_SEEN && (this.#wordHigh[slot] !== high || this.#wordLow[slot] !== low))
      slot = (slot + 1) & (SLOTS - 1)
    return slot
  }

  #keep(slot: number, block: WordBlock, i: number, high: number, low: number): void {
    if (this.#used++ >= limits.wordStemsKeptMax) {
      this.#seen.fill(NOT_SEEN)
      this.#used = 0
      return
    }
    this.#seen[slot] = 1
    this.#wordHigh[slot] = block.high[i] as number
    this.#wordLow[slot] = block.low[i] as number
    this.#stemHigh[slot] = high
    this.#stemLow[slot] = low
  }
}

function hashOf(stem: string): [number, number] {
  let high = HASH_START
  let low = stem.length
  for (let at = 0; at < stem.length; at++) {
    const unit = stem.charCodeAt(at)
    high = Math.imul(high ^ unit, 0x01000193)
    low = Math.imul(((low << 13) | (low >>> 19)) ^ unit, 0x297a2d39)
  }
  return [high ^ (high >>> 15), low ^ (low >>> 15)]
}
