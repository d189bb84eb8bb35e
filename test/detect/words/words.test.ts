import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldedWords } from '../../../src/detect/words/fold.ts'
import {
  BLOCK_WORDS,
  CARRIED_MAX,
  eachWordBlock,
  HAS_DIGIT,
  HAS_LETTER,
  NOT_ASCII,
  WORD_MAX_BYTES,
} from '../../../src/detect/words/word-blocks.ts'

const key = { high: 0x1234567, low: 0x89abcde }

interface Word {
  readonly text: string
  readonly hash: string
  readonly alone: boolean
  readonly classes: number
}

function words(utf8: Uint8Array, carry = 0): Word[] {
  const found: Word[] = []
  eachWordBlock(utf8, key, carry, (block) => {
    expect(block.first + block.carried).toBe(found.length)
    for (let i = block.carried; i < block.count; i++) {
      found.push({
        text: Buffer.from(utf8.subarray(block.start[i], block.end[i])).toString(),
        hash: `${block.high[i]} ${block.low[i]}`,
        alone: block.alone[i] === 1,
        classes: block.classes[i] ?? 0,
      })
    }
  })
  return found
}

const wordsOf = (text: string) => words(Buffer.from(text))
const hashes = (text: string) => wordsOf(text).map((word) => word.hash)

describe('words of a text', () => {
  it.each<[string, string, string[]]>([
    ['case and punctuation', 'Hello, WORLD! it’s_ok', ['hello', 'world', 'it', 's', 'ok']],
    ['entities', 'R&amp;D &#39;x&#39; a&b; c&d', ['r', 'd', 'x', 'a', 'c', 'd']],
    ['accents', 'Ärger naïve Ελλάς', ['arger', 'naive', 'ελλασ']],
    ['combining marks', 'A\u0308rger nai\u0308ve', ['arger', 'naive']],
    ['sharp s, ligatures, full width', 'Straße ﬁne ＡＢＣ１', ['strasse', 'fine', 'abc1']],
    ['soft hyphens and zero-width characters', 'con\u00adfi\u200bden\u200dtial', ['confidential']],
    ['mathematical letters', '𝐇𝐞𝐥𝐥𝐨', ['hello']],
    ['scripts without spaces', '東京 データ', ['東', '京', 'テ', 'ー', 'タ']],
    ['such a script beside letters', 'ab東cd', ['ab', '東', 'cd']],
    ['numbers', '4711-0815 ٣٤', ['4711', '0815', '٣٤']],
    ['emoji and symbols', 'a😀b ½ c', ['a', 'b', 'c']],
    ['Korean, composed', '한국어', ['한국어'.normalize('NFKD')]],
    ['nothing', ' \n\t.,;', []],
  ])('%s', (_name, text, expected) => {
    expect(foldedWords(text)).toEqual(expected)
    expect(hashes(text)).toEqual(expected.flatMap(hashes))
  })

  it('tells which are digits and which are characters of their own', () => {
    expect(wordsOf('ab 12 1a 東 １２ é1')).toMatchObject([
      { classes: HAS_LETTER, alone: false },
      { classes: HAS_DIGIT, alone: false },
      { classes: HAS_LETTER | HAS_DIGIT, alone: false },
      { classes: HAS_LETTER | NOT_ASCII, alone: true },
      { classes: HAS_DIGIT | NOT_ASCII, alone: false },
      { classes: HAS_LETTER | HAS_DIGIT | NOT_ASCII, alone: false },
    ])
  })

  it('are the same whether a cell or a text is read, whatever the characters', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    const odd = fc.string({
      unit: fc.constantFrom('a', 'B', '1', ' ', '&', ';', '#', 'é', 'e\u0301', '東', 'ﬁ', '\u200b', 'ß'),
      maxLength: 30,
    })
    fc.assert(
      fc.property(fc.oneof(text, odd), (written) => {
        expect(hashes(written)).toEqual(foldedWords(written).flatMap(hashes))
      }),
      { numRuns: 500 },
    )
  })

  it('are hashed the same wherever they stand', () => {
    // At the end of a text there are no eight bytes to read at once, and past a stretch reading begins anew.
    const ascii = fc.string({ unit: fc.constantFrom(...'aBzQ059'), minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(ascii, fc.constantFrom(' ', '\n--', '&amp;', ' é '))),
        fc.nat(20),
        (pairs, more) => {
          const gap = ' '.repeat(more === 0 ? 0 : 4_070 + more)
          const found = wordsOf(gap + pairs.map(([word, after]) => word + after).join(''))
          expect(found.filter(({ text }) => text !== 'é')).toEqual(pairs.flatMap(([word]) => wordsOf(word)))
        },
      ),
      { numRuns: 300 },
    )
    for (const length of Array.from({ length: 20 }, (_, i) => i + 1))
      for (const unit of ['1', 'a', 'A'])
        for (const at of Array.from({ length: length }, (_, i) => i)) {
          const word = `${'1'.repeat(at)}${unit}${'1'.repeat(length - at - 1)}`
          const [inside, last] = wordsOf(`${word} and more ${word}`).filter(({ text }) => text === word)
          expect(inside).toEqual(last)
          expect(inside?.classes).toBe((/\d/.test(word) ? HAS_DIGIT : 0) | (/[a-z]/i.test(word) ? HAS_LETTER : 0))
        }
  })

  it('are the same composed and decomposed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (written) => {
        expect(hashes(written.normalize('NFD'))).toEqual(hashes(written.normalize('NFC')))
      }),
      { numRuns: 300 },
    )
  })

  it('differ with the key', () => {
    const other: string[] = []
    eachWordBlock(Buffer.from('word'), { high: 1, low: 2 }, 0, (block) =>
      other.push(`${block.high[0]} ${block.low[0]}`),
    )
    expect(other).not.toEqual(hashes('word'))
  })

  it('come in blocks that carry their end over', () => {
    const text = Buffer.from(Array.from({ length: 3 * BLOCK_WORDS }, (_, i) => `w${i}`).join(' '))
    const blocks: { first: number; carried: number; count: number }[] = []
    eachWordBlock(text, key, 5, ({ first, carried, count }) => blocks.push({ first, carried, count }))
    expect(blocks.length).toBeGreaterThan(2)
    for (const [i, block] of blocks.entries()) {
      expect(block.count).toBeLessThanOrEqual(BLOCK_WORDS + CARRIED_MAX)
      const before = blocks[i - 1]
      if (before) expect(block).toMatchObject({ carried: 5, first: before.first + before.count - 5 })
    }
    expect(words(text, 5).map((word) => word.text)).toEqual(text.toString().split(' '))
  })

  it('longer than the limit are cut there', () => {
    const at = wordsOf('x'.repeat(WORD_MAX_BYTES))
    const past = wordsOf('x'.repeat(WORD_MAX_BYTES + 1))
    expect(at.map((word) => word.text.length)).toEqual([WORD_MAX_BYTES])
    expect(past.map((word) => word.text.length)).toEqual([WORD_MAX_BYTES, 1])
    const pieces = Array.from({ length: 40 }, () => WORD_MAX_BYTES)
    for (const [before, after] of [
      ['', ''],
      ['', ' y'],
      ['é ', '&y'],
      [' '.repeat(4_000), 'x y'],
    ] as const) {
      const found = wordsOf(before + 'x'.repeat(40 * WORD_MAX_BYTES) + after).map((word) => word.text)
      expect(found.filter((word) => word.length > 1).map((word) => word.length)).toEqual(pieces)
    }
  })

  it('hostile UTF-8 only separates', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const found = words(Uint8Array.from([...Buffer.from('left '), ...bytes, ...Buffer.from(' right')]))
        expect(found[0]?.hash).toBe(hashes('left')[0])
        expect(found.at(-1)?.hash).toBe(hashes('right')[0])
      }),
      { numRuns: 500 },
    )
    // Cut off, overlong, surrogates, beyond Unicode, bytes that never occur.
    const bad = Buffer.from('e282 61 c0af 62 eda080 63 f4908080 64 ff 65 fe 66 80bf 67'.replaceAll(' ', ''), 'hex')
    expect(words(bad).map((word) => word.text)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
    expect(words(Buffer.from('61e2', 'hex')).map((word) => word.text)).toEqual(['a'])
  })

  it('looks at every byte a few times at most, whatever it is', () => {
    for (const piece of [
      '\u0301',
      '&',
      '&#',
      '&abcdefgh',
      '東',
      '\u200b',
      '\ud83d\ude00',
      '\u{e0001}',
      '\u{10ffff}',
      'x',
    ]) {
      const text = Buffer.from(piece.repeat(2_000))
      let reads = 0
      // Counts reads: time says nothing on a busy machine.
      const counting = new Proxy(text, {
        get: (target, property) => {
          if (typeof property === 'string' && /^\d+$/.test(property)) reads++
          return Reflect.get(target, property, target) as unknown
        },
      })
      eachWordBlock(counting, key, 0, () => undefined)
      expect(reads / text.length, piece).toBeGreaterThanOrEqual(1)
      expect(reads / text.length, piece).toBeLessThan(16)
    }
  })
})
