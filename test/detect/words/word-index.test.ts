import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import type { StemLanguage } from '../../../src/detect/words/stemmer.ts'
import { WordIndex } from '../../../src/detect/words/word-index.ts'

function found(terms: readonly string[], text: string, language: StemLanguage | null = null): string[] {
  const index = new WordIndex(
    terms.map((term) => ({ list: 0, text: term })),
    language,
  )
  const utf8 = Buffer.from(text)
  const hits: string[] = []
  index.find(utf8, ({ term, start, end }) => hits.push(`${term.text}: ${utf8.toString('utf8', start, end)}`))
  return hits
}

describe('an index of terms', () => {
  it.each<[string, string[], string, string[]]>([
    ['case', ['Blue Heron'], 'BLUE heron', ['Blue Heron: BLUE heron']],
    ['accents', ['Zürich plan'], 'zurich Plan', ['Zürich plan: zurich Plan']],
    ['punctuation and lines', ['blue heron'], 'blue-\n  heron', ['blue heron: blue-\n  heron']],
    ['words written as one', ['blue heron'], 'BlueHeron.docx', ['blue heron: BlueHeron']],
    ['soft hyphens', ['blue heron'], 'blue her\u00adon', ['blue heron: blue her\u00adon']],
    ['scripts without spaces', ['秘密計画'], '我们的秘密計画是', ['秘密計画: 秘密計画']],
    ['other scripts', ['Операция Снегирь'], 'операция «СНЕГИРЬ»', ['Операция Снегирь: операция «СНЕГИРЬ']],
    ['full-width letters', ['heron'], 'ＨＥＲＯＮ', ['heron: ＨＥＲＯＮ']],
    ['the longest of a list', ['blue', 'blue heron'], 'a blue heron', ['blue heron: blue heron']],
    ['every place', ['heron'], 'heron, heron', ['heron: heron', 'heron: heron']],
  ])('finds terms whatever their %s', (_, terms, text, expected) => {
    expect(found(terms, text)).toEqual(expected)
  })

  it.each<[string, string[], string]>([
    ['inside of words', ['heron'], 'herons theheron'],
    ['a paragraph apart', ['blue heron'], `blue${' '.repeat(limits.wordListGapMaxBytes + 1)}heron`],
    ['in another order', ['blue heron'], 'heron blue'],
    ['short words run together', ['at t'], 'att'],
  ])('finds nothing %s', (_, terms, text) => {
    expect(found(terms, text)).toEqual([])
  })

  it('takes a gap up to its limit', () => {
    expect(found(['blue heron'], `blue${' '.repeat(limits.wordListGapMaxBytes)}heron`)).toHaveLength(1)
  })

  it.each<[StemLanguage, string, string]>([
    ['english', 'merging party', 'Merged parties'],
    ['german', 'Vertrauliche Unterlage', 'vertraulichen Unterlagen'],
    ['french', 'projet confidentiel', 'projets confidentiels'],
    ['russian', 'секретный документ', 'секретные документы'],
    ['spanish', 'documento secreto', 'documentos secretos'],
    ['finnish', 'asiakirja', 'asiakirjat'],
  ])('finds inflections by the stems of %s', (language, term, text) => {
    expect(found([term], text, language)).toHaveLength(1)
    expect(found([term], text)).toHaveLength(0)
  })

  it('finds terms over the edges of blocks of words', () => {
    const filler = 'word '.repeat(20_000)
    for (const cut of [8_180, 8_191, 8_192, 8_193, 16_400]) {
      const at = cut * 5
      expect(found(['blue heron flies'], `${filler.slice(0, at)}blue heron flies ${filler.slice(at)}`)).toHaveLength(1)
    }
  })

  it('tells lists apart', () => {
    const terms = [
      { list: 0, text: 'heron' },
      { list: 1, text: 'Heron' },
      { list: 1, text: 'heron blue' },
    ]
    const hits: number[] = []
    new WordIndex(terms, null).find(Buffer.from('heron blue'), ({ term }) => hits.push(term.list))
    expect(hits.sort()).toEqual([0, 1])
  })

  it('finds each of a hundred thousand terms, and no other', () => {
    const term = (i: number) => `t${(i * 7_919).toString(36)} ${i.toString(36)}x`
    const terms = Array.from({ length: 100_000 }, (_, i) => ({ list: 0, text: term(i) }))
    const index = new WordIndex(terms, null)
    const seen: string[] = []
    const text = [3, 99_999, 50_000].map(term).join(' and ')
    index.find(Buffer.from(`${text} ${term(100_001)}`), ({ term: hit }) => seen.push(hit.text))
    expect(seen).toEqual([term(3), term(99_999), term(50_000)])
  })

  it('says when a text has more different words than are reduced to stems', () => {
    const words = (count: number) => Buffer.from(Array.from({ length: count }, (_, i) => `w${i}q`).join(' '))
    const index = new WordIndex([{ list: 0, text: 'heron' }], 'english')
    expect(index.find(words(1_000), () => {})).toBe(true)
    expect(index.find(words(limits.wordStemsPerTextMax + 20_000), () => {})).toBe(false)
  })
})
