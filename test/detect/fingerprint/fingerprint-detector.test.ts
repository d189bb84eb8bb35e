import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { FOUND_WORDS, fingerprintDetector } from '../../../src/detect/fingerprint/fingerprint-detector.ts'
import { DOCUMENTS_PER_HASH_MAX } from '../../../src/detect/fingerprint/fingerprint-index.ts'
import {
  eachShingleBlock,
  GUARANTEED_WORDS,
  kept,
  LOOK_WINDOW,
  SHINGLE_WORDS,
  shingleKey,
  winnow,
} from '../../../src/detect/fingerprint/shingles.ts'
import { BLOCK_WORDS, CARRIED_MAX } from '../../../src/detect/words/word-blocks.ts'
import { catalogKey, detect, detectOptions, document, indexOf, part, prose, summary } from './registered.ts'

const plan = prose(400, 'plan')
const words = plan.split(' ')
const excerpt = (from: number, count: number) => words.slice(from, from + count).join(' ')

describe('a registered document', () => {
  it('is found whole, as all of it', async () => {
    const { matches, overflow } = detect(
      await indexOf([document('a.txt', plan)]),
      `${prose(50, 'x')} ${plan} ${prose(9)}`,
    )
    expect(overflow).toBe(false)
    expect(matches.map(summary)).toEqual([
      { document: 'a.txt', containment: 1, passageWords: expect.closeTo(397, -1), confidence: 'high' },
    ])
    expect(matches[0]).toMatchObject({
      detector: 'plans',
      family: 'intellectual_property',
      kind: 'fingerprint',
      part: 0,
    })
  })

  it('is found where it stands', async () => {
    const text = `Ärger 東京 ${prose(30, 'x')} ${excerpt(100, 60)} ${prose(30, 'y')}`
    const [match] = detect(await indexOf([document('a.txt', plan)]), text, { ...detectOptions, reveal: true }).matches
    const utf8 = Buffer.from(text)
    expect(match?.value).toBe(utf8.subarray(match?.start, match?.end).toString())
    expect(match?.value.split(' ').length).toBe(match?.passageWords)
    expect(excerpt(100, 60)).toContain(match?.value)
    expect(match?.passageWords).toBeGreaterThan(60 - GUARANTEED_WORDS)
  })

  it('keeps its text to itself', async () => {
    const [match] = detect(await indexOf([document('a.txt', plan)]), plan).matches
    expect(match?.value).toBe('')
    expect(JSON.stringify(match)).not.toContain('plan1 ')
  })

  it('is found by every passage of FOUND_WORDS words, and by none of seven', async () => {
    expect(FOUND_WORDS).toBe(15)
    const index = await indexOf([document('a.txt', plan)])
    for (let from = 0; from <= 400 - FOUND_WORDS; from++) {
      expect(
        detect(index, `${prose(40, 'x')} ${excerpt(from, FOUND_WORDS)} ${prose(40, 'y')}`).matches,
        `from ${from}`,
      ).toHaveLength(1)
      expect(detect(index, `${prose(40, 'x')} ${excerpt(from, 7)} ${prose(40, 'y')}`).matches).toEqual([])
    }
  })

  it.each([
    [400, 1, 'high'],
    [200, 0.5, 'high'],
    [100, 0.25, 'high'],
    [40, 0.1, 'high'],
  ])('%i words of it contain %f of it: %s', async (count, share, confidence) => {
    const [match] = detect(
      await indexOf([document('a.txt', plan)]),
      `${prose(99, 'x')} ${excerpt(0, count)} ${prose(99, 'y')}`,
    ).matches
    expect(match?.containment).toBeGreaterThan(share - 0.05)
    expect(match?.containment).toBeLessThan(share + 0.05)
    expect(match?.confidence).toBe(confidence)
  })

  it.each([
    [29, 'medium'],
    [30, 'high'],
    [15, 'medium'],
    [14, 'low'],
  ])('a passage of %i words is %s', async (length, confidence) => {
    const index = await indexOf([document('a.txt', plan)])
    const seen: string[] = []
    // What is kept of a passage begins and ends a few words inside, so look for one of that length.
    for (let from = 0; from < 300; from++) {
      const [match] = detect(index, `${prose(40, 'x')} ${excerpt(from, length + 4)} ${prose(40, 'y')}`).matches
      if (match?.passageWords === length) seen.push(match.confidence)
    }
    expect(new Set(seen)).toEqual(new Set([confidence]))
  })

  it('is found to its last word, whichever shingles its text is looked up by', async () => {
    for (let i = 0; i < 60; i++) {
      const text = prose(61, `whole ${i}`)
      const [match] = detect(await indexOf([document('a.txt', text)]), text).matches
      expect(match?.containment, `text ${i}`).toBe(1)
    }
  })

  it('one shared shingle is a coincidence, unless it is most of the document', async () => {
    const shared = excerpt(0, 8)
    expect(
      detect(await indexOf([document('short.txt', shared)]), `${prose(20)} ${shared} ${prose(20)}`).matches.map(
        summary,
      ),
    ).toEqual([{ document: 'short.txt', containment: 1, passageWords: 8, confidence: 'high' }])
    const long = await indexOf([document('a.txt', `${shared} ${prose(300, 'z')}`)])
    expect(detect(long, `${prose(20)} ${shared} ${prose(20)}`).matches).toEqual([])
  })

  it('the longest passage spans one edit and not a page', async () => {
    const index = await indexOf([document('a.txt', plan)])
    const edited = words.slice(0, 100).with(50, 'other').join(' ')
    expect(detect(index, edited).matches[0]?.passageWords).toBeGreaterThan(90)
    const apart = `${excerpt(0, 60)} ${prose(60, 'x')} ${excerpt(200, 100)}`
    expect(detect(index, apart).matches[0]?.passageWords).toBeLessThanOrEqual(100)
    expect(detect(index, apart).matches[0]?.passageWords).toBeGreaterThan(85)
  })

  it('resemblance says how alike both are', async () => {
    const index = await indexOf([document('a.txt', plan)])
    expect(detect(index, plan).matches[0]?.resemblance).toBeGreaterThan(0.85)
    expect(detect(index, `${plan} ${prose(1_200, 'x')}`).matches[0]?.resemblance).toBeCloseTo(0.25, 1)
  })

  it('counts a passage once that is repeated', async () => {
    const index = await indexOf([document('a.txt', plan)])
    const [once] = detect(index, excerpt(0, 100)).matches
    const [often] = detect(index, `${excerpt(0, 100)} `.repeat(20)).matches
    expect(often?.containment).toBe(once?.containment)
  })

  it('finds nothing in other text, nor with another key', async () => {
    const index = await indexOf([document('a.txt', plan)])
    expect(detect(index, prose(5_000, 'other')).matches).toEqual([])
    expect(detect({ ...index, key: new Uint8Array(32).fill(9) }, plan).matches).toEqual([])
  })

  it('is found over the edges of the blocks that a text is read in', async () => {
    const index = await indexOf([document('a.txt', plan)])
    for (let before = BLOCK_WORDS - 40; before < BLOCK_WORDS + CARRIED_MAX + 20; before++) {
      const [match] = detect(index, `${prose(before, 'x')} ${excerpt(90, FOUND_WORDS)} ${prose(90, 'y')}`).matches
      expect(match?.document, `after ${before} words`).toBe('a.txt')
      const [whole] = detect(index, `${prose(before, 'x')} ${excerpt(50, 100)} ${prose(90, 'y')}`).matches
      const [plain] = detect(index, `${prose(90, 'x')} ${excerpt(50, 100)} ${prose(90, 'y')}`).matches
      expect(whole?.containment, `after ${before} words`).toBe(plain?.containment)
    }
  })

  it('is found by its characters over the edges of blocks, where characters are words', async () => {
    const han = Array.from({ length: 200 }, (_, i) => String.fromCodePoint(0x4e00 + i * 7)).join('')
    const index = await indexOf([document('a.txt', han)])
    // A character is half a word, and there is one shingle more to two windows.
    const passage = han.slice(100, 100 + 2 * SHINGLE_WORDS + LOOK_WINDOW - 1)
    for (let before = BLOCK_WORDS - 40; before < BLOCK_WORDS + CARRIED_MAX + 20; before++)
      expect(detect(index, `${prose(before, 'x')} ${passage} ${prose(40, 'y')}`).matches, `${before}`).toHaveLength(1)
  })

  it('is as much of it as there is, however it was edited', async () => {
    const index = await indexOf([document('a.txt', plan)])
    const hashes = new Set<string>()
    const shinglesOf = (text: string, visit: (hash: string, kept: boolean) => void) =>
      eachShingleBlock(Buffer.from(text), shingleKey(catalogKey), (block) => {
        const keeping = new Set(kept.subarray(0, winnow(block)))
        for (let i = 0; i < block.count; i++) visit(`${block.high[i]} ${block.low[i]}`, keeping.has(i))
      })
    shinglesOf(plan, (hash, keeping) => {
      if (keeping) hashes.add(hash)
    })
    for (const every of [9, 10, 12, 15, 20, 40]) {
      const copy = words.map((word, i) => (i % every === every - 1 ? 'edited' : word)).join(' ')
      const shared = new Set<string>()
      shinglesOf(copy, (hash) => {
        if (hashes.has(hash)) shared.add(hash)
      })
      const [match] = detect(index, `${prose(200, 'x')} ${copy} ${prose(200, 'y')}`).matches
      expect(match?.containment, `every ${every}th word`).toBeCloseTo(shared.size / hashes.size, 2)
    }
  })

  it('is found far into a long text', async () => {
    const index = await indexOf([document('a.txt', plan)])
    const [match] = detect(index, `${prose(30_000, 'x')} ${plan} ${prose(10_000, 'y')}`).matches
    expect(match).toMatchObject({ containment: 1, passageWords: expect.closeTo(397, -1) })
  })
})

describe('several documents', () => {
  it('are found whether they are too short for a window or not', async () => {
    const short = Array.from({ length: 12 }, (_, i) => document(`short${i}`, prose(8 + i, `s${i}x`)))
    const index = await indexOf([...short, document('a.txt', plan)])
    const text = `${prose(9_000)} ${short.map((_, i) => prose(8 + i, `s${i}x`)).join(` ${prose(30, 'y')} `)} ${plan}`
    const found = detect(index, text).matches
    expect(found.map((match) => match.document).sort()).toEqual(['a.txt', ...short.map(({ name }) => name)].sort())
    expect(found.every((match) => match.containment === 1)).toBe(true)
    expect(detect(index, prose(9_000)).matches).toEqual([])
  })

  it('that share a passage are all found, the most contained first', async () => {
    const index = await indexOf([
      document('long.txt', `${plan} ${prose(400, 'z')}`),
      document('short.txt', plan),
      document('other.txt', prose(400, 'q'), { collection: 'papers' }),
    ])
    expect(detect(index, plan).matches.map((match) => match.document)).toEqual(['short.txt', 'long.txt'])
  })

  it('of the same text come in order of their names', async () => {
    const index = await indexOf(['c', 'a', 'b'].map((name) => document(name, plan)))
    expect(detect(index, plan).matches.map((match) => match.document)).toEqual(['a', 'b', 'c'])
  })

  it('that all share a passage are looked at up to the limit', async () => {
    const many = Array.from({ length: DOCUMENTS_PER_HASH_MAX + 1 }, (_, i) => document(`v${i}`, plan))
    expect(detect(await indexOf(many.slice(1)), plan).matches).toHaveLength(DOCUMENTS_PER_HASH_MAX)
    const { matches, overflow } = detect(await indexOf(many), plan)
    expect(matches).toHaveLength(DOCUMENTS_PER_HASH_MAX)
    expect(matches.every((match) => match.containment === 1)).toBe(true)
    expect(overflow).toBe(false)
  })

  it('more looked at than the limit allows say so', async () => {
    const many = Array.from({ length: DOCUMENTS_PER_HASH_MAX }, (_, i) => document(`v${i}`, excerpt(0, 20)))
    const index = await indexOf(many)
    const per = DOCUMENTS_PER_HASH_MAX * 2
    const text = `${excerpt(0, 20)} `.repeat(Math.ceil(limits.detectPostingsMax / per))
    expect(detect(index, text).overflow).toBe(true)
    expect(detect(index, `${excerpt(0, 20)} `.repeat(100)).overflow).toBe(false)
  })
})

describe('what is registered as "ignore"', () => {
  const licence = prose(100, 'licence')

  it('counts for nothing, alone and inside a document', async () => {
    const index = await indexOf([
      document('licence', licence, { collection: 'boilerplate', ignore: true }),
      document('a.txt', `${licence} ${excerpt(0, 100)}`),
    ])
    expect(detect(index, licence).matches).toEqual([])
    const [match] = detect(index, `${licence} ${prose(40, 'x')} ${excerpt(0, 50)}`).matches
    expect(match?.document).toBe('a.txt')
    expect(match?.passageWords).toBeLessThanOrEqual(50)
  })

  it('is no part of what a document is', async () => {
    const index = await indexOf([
      document('a.txt', `${licence} ${excerpt(0, 100)}`),
      document('licence', licence, { collection: 'boilerplate', ignore: true }),
    ])
    // All that is not boilerplate is there.
    expect(detect(index, `${prose(40, 'x')} ${excerpt(0, 100)}`).matches[0]?.containment).toBeGreaterThan(0.9)
  })

  it('makes a document of nothing else unfindable', async () => {
    const index = await indexOf([
      document('a.txt', licence),
      document('licence', licence, { collection: 'boilerplate', ignore: true }),
    ])
    expect(detect(index, licence).matches).toEqual([])
  })
})

describe('files without text', () => {
  const sha256 = createHash('sha256').update('firmware').digest('hex')
  const firmware = { ...document('fw.bin', ''), sha256, texts: [] }

  it('are known by their bytes', async () => {
    const detector = fingerprintDetector(await indexOf([firmware]))
    const found = detector.inspectParts?.(
      { parts: [part(0, sha256), part(1, 'ab'.repeat(32))], texts: [], uninspected: [], labels: [] },
      detectOptions,
    )
    expect(found).toMatchObject([
      { document: 'fw.bin', part: 0, containment: 1, confidence: 'high', evidence: [{ name: 'same-file' }] },
    ])
  })

  it('with text are told by their text alone, so that none counts twice', async () => {
    const withText = { ...document('a.txt', plan), sha256 }
    const detector = fingerprintDetector(await indexOf([withText]))
    const extraction = { parts: [part(0, sha256)], uninspected: [], labels: [] }
    const text = { part: 0, utf8: Buffer.from(plan) }
    expect(detector.inspectParts?.({ ...extraction, texts: [text] }, detectOptions)).toEqual([])
    // Where the text can't be read, the bytes still tell.
    expect(detector.inspectParts?.({ ...extraction, texts: [] }, detectOptions)).toMatchObject([{ document: 'a.txt' }])
  })

  it('of another key are not found', async () => {
    const index = await indexOf([firmware])
    const detector = fingerprintDetector({ ...index, key: new Uint8Array(32).fill(1) })
    expect(
      detector.inspectParts?.({ parts: [part(0, sha256)], texts: [], uninspected: [], labels: [] }, detectOptions),
    ).toEqual([])
  })
})
