import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  eachShingleBlock,
  GUARANTEED_WORDS,
  kept as keptIndices,
  LOW_MASK,
  SHINGLE_WORDS,
  shingleKey,
  WINNOW_WINDOW,
  winnow,
} from '../../../src/detect/fingerprint/shingles.ts'
import { BLOCK_WORDS } from '../../../src/detect/words/word-blocks.ts'

const key = shingleKey(new Uint8Array(32).fill(7))

/** Hash of every shingle by the number of its first word. */
function shingles(text: string | Uint8Array, by = key): Map<number, string> {
  const found = new Map<number, string>()
  eachShingleBlock(Buffer.from(text), by, (block) => {
    for (let i = 0; i < block.count; i++) {
      const hash = `${block.high[i]} ${(block.low[i] ?? 0) & LOW_MASK}`
      const before = found.get(block.first + i)
      if (before !== undefined) expect(before).toBe(hash)
      found.set(block.first + i, hash)
    }
  })
  return found
}

function kept(text: string | Uint8Array): Set<string> {
  const found = new Set<string>()
  eachShingleBlock(Buffer.from(text), key, (block) => {
    const keeping = winnow(block)
    for (const i of keptIndices.subarray(0, keeping)) found.add(`${block.high[i]} ${(block.low[i] ?? 0) & LOW_MASK}`)
  })
  return found
}

const word = fc.string({ unit: fc.constantFrom(...'abcdefgh'), minLength: 1, maxLength: 4 })
const passage = (min: number, max = min) =>
  fc.array(word, { minLength: min, maxLength: max }).map((words) => words.join(' '))

describe('the guarantee of winnowing', () => {
  it('is as documented', () => {
    expect(GUARANTEED_WORDS).toBe(11)
    expect(SHINGLE_WORDS + WINNOW_WINDOW - 1).toBe(GUARANTEED_WORDS)
  })

  it('any shared passage of GUARANTEED_WORDS words shares a kept hash', () => {
    fc.assert(
      fc.property(
        passage(GUARANTEED_WORDS, 20),
        passage(0, 30),
        passage(0, 30),
        passage(0, 30),
        passage(0, 30),
        (shared, a, b, c, d) => {
          const one = kept(`${a} ${shared} ${b}`)
          const other = kept(`${c} ${shared} ${d}`)
          expect([...one].some((hash) => other.has(hash))).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('holds over the edges of blocks', () => {
    const filler = (n: number, seed: number) => Array.from({ length: n }, (_, i) => `f${seed}x${i}`).join(' ')
    const shared = filler(GUARANTEED_WORDS, 0)
    const registered = kept(shared)
    for (let cut = 0; cut <= 2 * GUARANTEED_WORDS + 60; cut++) {
      const text = `${filler(BLOCK_WORDS - 20 + cut, 1)} ${shared} ${filler(50, 2)}`
      expect(
        [...kept(text)].some((hash) => registered.has(hash)),
        `cut ${cut}`,
      ).toBe(true)
    }
  })

  it('holds for scripts without spaces, where a character is half a word', () => {
    const characters = [...'天地玄黃宇宙洪荒日月盈昃辰宿列張寒來暑往秋收冬藏閏餘成歲']
    const shared = characters.slice(0, 2 * SHINGLE_WORDS + WINNOW_WINDOW - 1).join('')
    const one = kept(`前${shared}後後後`)
    expect([...kept(`別別別別。${shared}`)].some((hash) => one.has(hash))).toBe(true)
    expect(kept(characters.slice(0, 2 * SHINGLE_WORDS - 1).join('')).size).toBe(0)
    expect(kept(characters.slice(0, 2 * SHINGLE_WORDS).join('')).size).toBe(1)
  })

  it('keeps about two in five, and one of the shortest text that has any', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `w${i}`).join(' ')
    const share = kept(text).size / 20_000
    expect(share).toBeGreaterThan(0.38)
    expect(share).toBeLessThan(0.42)
    expect(kept('a b c d e f g').size).toBe(0)
    expect(kept('a b c d e f g h').size).toBe(1)
  })
})

describe('shingles', () => {
  const original =
    'The retention of “confidential” papers: seven years & a day; thereafter, they are shredded at Düsseldorf.'

  it.each<[string, string]>([
    ['re-wrapped', original.replaceAll(' ', '\r\n   ')],
    ['in capitals', original.toUpperCase()],
    ['re-punctuated', original.replace(/[^\p{L}\p{N} ]/gu, '').replaceAll(' ', ' - ')],
    ['quoted', original.replaceAll(' ', '\n>> ')],
    ['escaped', original.replaceAll('&', '&amp;').replaceAll('“', '&ldquo;').replaceAll('”', '&#8221;')],
    ['marked up', original.replaceAll(' ', '_ _*')],
    ['decomposed', original.normalize('NFD')],
    ['with soft hyphens', original.replaceAll('nf', 'n\u00adf')],
    ['without accents', original.normalize('NFD').replace(/\p{M}/gu, '')],
  ])('are the same when it is %s', (_name, copy) => {
    expect([...shingles(copy).values()]).toEqual([...shingles(original).values()])
    expect(shingles(original).size).toBe(8)
  })

  it('stay the same whatever stands between the words', () => {
    const between = fc.constantFrom(' ', '\n', '\t', ' > ', '&nbsp;', ', ', '. ', ' -- ', '\u00a0', '_', '“ ')
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 8, maxLength: 30 }),
        fc.array(between, { minLength: 30, maxLength: 30 }),
        (words, gaps) => {
          const other = words.map((one, i) => `${gaps[i] ?? ' '}${i % 2 ? one.toUpperCase() : one}`).join('')
          expect([...shingles(other).values()]).toEqual([...shingles(words.join(' ')).values()])
        },
      ),
      { numRuns: 200 },
    )
  })

  it('differ in every shingle with a changed word, and in the order of words', () => {
    const words = Array.from({ length: 20 }, (_, i) => `w${i}`)
    const before = shingles(words.join(' '))
    const after = shingles(words.with(10, 'other').join(' '))
    const changed = [...before].filter(([at, hash]) => after.get(at) !== hash).map(([at]) => at)
    expect(changed).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
    expect(shingles('a b c d e f g h').get(0)).not.toBe(shingles('b a c d e f g h').get(0))
  })

  it('have nothing in common under another key', () => {
    const other = shingleKey(new Uint8Array(32).fill(8))
    const one = new Set(shingles(original).values())
    expect([...shingles(original, other).values()].filter((hash) => one.has(hash))).toEqual([])
  })

  it('are spread evenly, so that look-ups are', () => {
    const buckets = new Array<number>(16).fill(0)
    for (const hash of shingles(Array.from({ length: 16_007 }, (_, i) => `n${i % 97} m${i}`).join(' ')).values()) {
      const bucket = Number(hash.split(' ')[0]) >>> 28
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    for (const count of buckets) expect(count / (32_007 / 16)).toBeCloseTo(1, 0)
  })

  it('of any bytes are found without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(shingles(bytes).size).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 200 },
    )
  })
})
