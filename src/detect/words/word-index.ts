/**
 * Terms of word lists -> one trie over hashes of whole words, and the places of a text where a term stands. A text's
 * word is looked up once in a table of the terms' first words; only where it is known does the walk go on. Linear in
 * the text times the longest term; every hit is compared with the term itself, so a collision of hashes finds nothing.
 */
import { limits } from '../../core/limits.ts'
import { foldedWords, writtenWords } from './fold.ts'
import { StemCache, type StemLanguage } from './stemmer.ts'
import { eachWordBlock, type WordBlock, type WordKey } from './word-blocks.ts'

export interface IndexedTerm {
  /** Number of its word list. */
  readonly list: number
  readonly text: string
}

export interface TermHit {
  readonly term: IndexedTerm
  /** Byte offsets. */
  readonly start: number
  readonly end: number
}

interface Candidate {
  readonly term: number
  readonly start: number
  readonly end: number
}

/** Words are hashed to be found, not to be hidden: the key is no secret. */
const KEY: WordKey = { high: 0x511ce001, low: 0x3c6ef372 }
const ROOT = 0
const NONE = -1
const CAPACITY_MIN = 16

export class WordIndex {
  readonly #stems: StemCache | null
  readonly #terms: readonly IndexedTerm[]
  readonly #edges: EdgeTable
  /** Of each node the first term that ends there, and after each term the next one of the same words. */
  readonly #ends: Int32Array
  readonly #next: Int32Array

  /** `language`: terms and text are reduced to stems. Terms without a word are never found. */
  constructor(terms: readonly IndexedTerm[], language: StemLanguage | null) {
    this.#stems = language ? new StemCache(language) : null
    const joined = language ? [] : terms.flatMap(joinedTerm)
    this.#terms = [...terms, ...joined.map(({ term }) => term)]
    const text = Buffer.from([...terms.map((term) => term.text), ...joined.map(({ word }) => word)].join('\n'))
    const nodes = this.#nodesOfTerms(text)
    const edgesMax = nodes.words
    this.#edges = nodes.edges
    this.#ends = new Int32Array(edgesMax + 1).fill(NONE)
    this.#next = new Int32Array(this.#terms.length).fill(NONE)
    for (const [term, node] of nodes.endOfTerm.entries()) {
      if (node === ROOT) continue
      this.#next[term] = this.#ends[node] as number
      this.#ends[node] = term
    }
  }

  /**
   * Every term that stands in the text, of each list the longest at its place, in order of place. The visitor must not
   * walk another text. False: the text has more different words than are reduced to stems, so its end was not looked at.
   */
  find(text: Buffer, visit: (hit: TermHit) => void): boolean {
    const stems = this.#stems
    if (stems) stems.worked = 0
    let whole = true
    eachWordBlock(text, KEY, limits.wordListTermMaxWords, (block) => {
      if (stems && stems.worked > limits.wordStemsPerTextMax) whole = false
      if (!whole) return
      const { high, low } = stems ? stems.hashes(text, block) : block
      for (const hit of this.#longest(text, this.#candidates(block, high, low))) visit(hit)
    })
    return whole
  }

  #nodesOfTerms(text: Buffer): { edges: EdgeTable; endOfTerm: Int32Array; words: number } {
    let words = 0
    eachWordBlock(text, KEY, 0, (block) => {
      words += block.count
    })
    const edges = new EdgeTable(words)
    const endOfTerm = new Int32Array(this.#terms.length)
    let term = 0
    let node = ROOT
    let readTo = 0
    eachWordBlock(text, KEY, 0, (block) => {
      const { high, low } = this.#stems ? this.#stems.hashes(text, block) : block
      for (let i = 0; i < block.count; i++) {
        const start = block.start[i] as number
        for (; readTo < start; readTo++) {
          if (text[readTo] !== 0x0a) continue
          endOfTerm[term++] = node
          node = ROOT
        }
        node = edges.add(node, high[i] as number, low[i] as number)
      }
    })
    if (term < endOfTerm.length) endOfTerm[term] = node
    return { edges, endOfTerm, words }
  }

  #candidates(block: WordBlock, high: Int32Array, low: Int32Array): Candidate[] {
    const found: Candidate[] = []
    // The last words of a block are carried over to the next, which looks at what begins there.
    const begins = block.last ? block.count : block.count - Math.min(block.count, limits.wordListTermMaxWords)
    const { start, end } = block
    for (let i = 0; i < begins; i++) {
      let node = this.#edges.to(ROOT, high[i] as number, low[i] as number)
      for (let at = i; node !== NONE; ) {
        for (let term = this.#ends[node] as number; term !== NONE; term = this.#next[term] as number)
          found.push({ term, start: start[i] as number, end: end[at] as number })
        at++
        if (at >= block.count || (start[at] as number) - (end[at - 1] as number) > limits.wordListGapMaxBytes) break
        node = this.#edges.to(node, high[at] as number, low[at] as number)
      }
    }
    return found
  }

  /** Candidates that are what they seem; a longer term of a list takes the place of a shorter one that begins there. */
  #longest(text: Buffer, candidates: readonly Candidate[]): TermHit[] {
    const hits: TermHit[] = []
    let first = 0
    for (const { term, start, end } of candidates) {
      if (hits[first]?.start !== start) first = hits.length
      const indexed = this.#terms[term] as IndexedTerm
      if (this.#spelling(text.toString('utf8', start, end)) !== this.#spelling(indexed.text)) continue
      const hit = { term: indexed, start, end }
      const shorter = hits.findIndex((other, i) => i >= first && other.term.list === indexed.list)
      if (shorter < 0) hits.push(hit)
      else if ((hits[shorter] as TermHit).end < end) hits[shorter] = hit
    }
    return hits
  }

  #spelling(text: string): string {
    const stems = this.#stems
    return stems
      ? writtenWords(text)
          .map((word) => stems.stem(word))
          .join(' ')
      : foldedWords(text).join('')
  }
}

/** Shorter ones stand inside of other words' places too often: `at t`. */
const JOINED_MIN_CHARS = 6

/** A term of several words as one, as names of files and hash tags have it, or letters that were held apart. */
function joinedTerm(term: IndexedTerm): { term: IndexedTerm; word: string }[] {
  const words = foldedWords(term.text)
  const word = words.join('')
  return words.length > 1 && word.length >= JOINED_MIN_CHARS ? [{ term, word }] : []
}

/** Open addressing: an edge is the node it leaves, a word's two hashes and the node it leads to. */
class EdgeTable {
  readonly #mask: number
  readonly #from: Int32Array
  readonly #high: Int32Array
  readonly #low: Int32Array
  readonly #to: Int32Array
  #nodes = 1

  constructor(edgesMax: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(CAPACITY_MIN, 2 * edgesMax)))
    this.#mask = capacity - 1
    this.#from = new Int32Array(capacity).fill(NONE)
    this.#high = new Int32Array(capacity)
    this.#low = new Int32Array(capacity)
    this.#to = new Int32Array(capacity)
  }

  /** The node that the word leads to, made when there was none. */
  add(node: number, high: number, low: number): number {
    const slot = this.#slot(node, high, low)
    if (this.#from[slot] === NONE) {
      this.#from[slot] = node
      this.#high[slot] = high
      this.#low[slot] = low
      this.#to[slot] = this.#nodes++
    }
    return this.#to[slot] as number
  }

  /** The node that the word leads to, or NONE. */
  to(node: number, high: number, low: number): number {
    const slot = this.#slot(node, high, low)
    return this.#from[slot] === NONE ? NONE : (this.#to[slot] as number)
  }

  #slot(node: number, high: number, low: number): number {
    let slot = (Math.imul(node, 0x9e3779b1) ^ high ^ (low >>> 7)) & this.#mask
    for (;;) {
      const from = this.#from[slot]
      if (from === NONE || (from === node && this.#high[slot] === high && this.#low[slot] === low)) return slot
      slot = (slot + 1) & this.#mask
    }
  }
}
