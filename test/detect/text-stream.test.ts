import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Extraction, Part } from '../../src/core/extraction.ts'
import type { Finding, Match } from '../../src/core/finding.ts'
import { limits } from '../../src/core/limits.ts'
import { compileRules } from '../../src/detect/compile-rules.ts'
import { patternDetector } from '../../src/detect/detect-all.ts'
import type { DetectOptions, Detector } from '../../src/detect/detector.ts'
import { exactDataDetector } from '../../src/detect/exact-data/exact-data-detector.ts'
import { FindingTally } from '../../src/detect/finding-tally.ts'
import { fingerprintDetector } from '../../src/detect/fingerprint/fingerprint-detector.ts'
import { labelDetector } from '../../src/detect/label/label-detector.ts'
import { type Detection, MessageDetection } from '../../src/detect/message-detection.ts'
import { engineRules, FINDING_KEY } from './engine-rules.ts'
import { CUSTOMERS, indexTable } from './exact-data/tables.ts'
import { document, indexOf, prose } from './fingerprint/registered.ts'

const WINDOW_BYTES = 64 * 1024
const BORDER = WINDOW_BYTES
const options: DetectOptions = { findingKey: FINDING_KEY, reveal: true, windowBytes: WINDOW_BYTES }
const engine = [patternDetector(engineRules())]

function partOf(path: string): Part {
  const type = { declaredType: null, sniffedType: 'text/plain', size: 0, sha256: '' }
  return { id: 0, parent: null, path, filename: path, ...type, depth: 0, via: ['gz'], traits: [] }
}

function whole(detectors: readonly Detector[], text: string): Detection {
  const extraction: Extraction = {
    parts: [partOf('a.log')],
    texts: [{ part: 0, utf8: Buffer.from(text) }],
    uninspected: [],
    labels: [],
  }
  return new MessageDetection(detectors, options).finish(extraction)
}

/** The same text in pieces of `pieceBytes`, cut between characters. */
function streamed(detectors: readonly Detector[], text: string, pieceBytes = 10_007): Detection {
  const detection = new MessageDetection(detectors, options)
  const utf8 = Buffer.from(text)
  for (let at = 0; at < utf8.length; ) {
    let end = Math.min(utf8.length, at + pieceBytes)
    while (end < utf8.length && ((utf8[end] as number) & 0xc0) === 0x80) end--
    detection.write('a.log', utf8.subarray(at, end))
    at = end
  }
  detection.end('a.log')
  return detection.finish({ parts: [partOf('a.log')], texts: [], uninspected: [], labels: [] })
}

const byName = ({ findings }: Detection): Finding[] =>
  findings
    .map((finding) => ({ ...finding, id: '' }))
    .sort((a, b) => (a.detector < b.detector ? -1 : a.detector > b.detector ? 1 : 0))

/** So many characters of lines in which nothing is found. */
function filler(characters: number, line = 'nothing to see here, move on please\n'): string {
  return line
    .repeat(Math.ceil(characters / line.length))
    .slice(0, Math.max(0, characters - 1))
    .padEnd(characters, '\n')
}

const CARD = '4344661616878795'
const SSN = 'SSN 404-91-1818'

describe('a text in windows', () => {
  it.each([1, 8, 15, 16, 17, 40])('finds a value that begins %i bytes before a border, once', (before) => {
    const text = `${'x'.repeat(BORDER - before - 1)} ${SSN} ${'y'.repeat(3 * WINDOW_BYTES)}`
    const found = byName(streamed(engine, text))
    expect(found).toEqual(byName(whole(engine, text)))
    expect(found[0]).toMatchObject({ detector: 'citizen_id', count: 1, unique: 1 })
    expect(found[0]?.matches[0]).toMatchObject({ start: BORDER - before + 4, value: '404-91-1818', via: ['gz'] })
  })

  it('finds what a whole text has, wherever its borders fall', () => {
    const lines = Array.from({ length: 9_000 }, (_, at) => {
      const value = 1_000 + (at % 9_000)
      const kinds = [`user ${at} paid, card ${CARD}`, `SSN 404-91-${value}`, 'nothing', `ünïcode ${at} 東京`]
      return kinds[at % kinds.length]
    })
    const text = lines.join('\n')
    const found = byName(streamed(engine, text))
    expect(found).toEqual(byName(whole(engine, text)))
    expect(found.find(({ detector }) => detector === 'citizen_id')?.count).toBe(2_250)
  })

  it.each([0, 1_000])('finds what stands in a long line behind a first one of %i characters', (first) => {
    const long = `${'x '.repeat(WINDOW_BYTES / 4)}${SSN} ${'y '.repeat(WINDOW_BYTES / 4)}`
    const text = `${'a'.repeat(first)}\n${long}\n${'z '.repeat(2 * WINDOW_BYTES)}\n`
    const found = byName(streamed(engine, text))
    expect(found).toEqual(byName(whole(engine, text)))
    expect(found).toMatchObject([{ detector: 'citizen_id', count: 1 }])
  })

  it('decodes a run that is longer than a window from its own beginning', () => {
    const secret = `${filler(WINDOW_BYTES * 2)} ${SSN} ${filler(20_000)}`
    for (const lead of ['', 'a', 'ab', 'abc']) {
      const text = `${lead} ${Buffer.from(secret).toString('base64')}`
      const [found] = byName(streamed(engine, text))
      expect(found, lead).toMatchObject({ detector: 'citizen_id', count: 1 })
      expect(found?.matches[0]?.via).toEqual(['gz', 'base64'])
    }
  })

  it('goes on in pieces of any size', () => {
    const text = `${filler(BORDER - 5)}${SSN}\n${filler(30_000)}`
    const expected = byName(whole(engine, text))
    for (const pieceBytes of [1_000, WINDOW_BYTES, 10 * WINDOW_BYTES])
      expect(byName(streamed(engine, text, pieceBytes))).toEqual(expected)
  })

  it('masks in excerpts what its neighbours are', () => {
    const text = `${filler(BORDER - 20)}card ${CARD} ${SSN}\n${filler(70_000)}`
    const detection = streamed(engine, text)
    const shown = detection.findings.flatMap(({ matches }) => matches.map(({ excerpt }) => excerpt))
    expect(shown.length).toBeGreaterThan(1)
    expect(shown.join()).not.toMatch(/4344|8795|404-|1818/)
  })

  it('tells at its end what all windows had too little of', () => {
    const text = `
rules:
  - id: tickets
    name: Many tickets
    family: contact
    description: Bulk.
    threshold: { unique: 3, below_confidence: null }
    patterns: [{ id: ticket, regex: 'ticket-[0-9]{6}', confidence: medium }]
    examples: ["ticket-100001 ticket-100002 ticket-100003"]
    negative_examples: ["ticket-100001"]
`
    const { rules, diagnostics } = compileRules([{ file: 'bulk.yaml', text }])
    expect(diagnostics).toEqual([])
    const detectors = rules ? [patternDetector(rules)] : []
    const tickets = `é ticket-100001\n${filler(2 * WINDOW_BYTES)}ticket-100002\n${filler(2 * WINDOW_BYTES)}`
    const { findings, nearMisses } = streamed(detectors, tickets)
    expect(findings).toEqual([])
    expect(nearMisses).toMatchObject([{ value: 'ticket-100001', start: 2 }, { value: 'ticket-100002' }])
    expect(nearMisses).toEqual(whole(detectors, tickets).nearMisses)
  })

  it('tells of a limit that it ran into', () => {
    const two = 'to a@partner.example and b@partner.example\n'
    const enough = limits.detectMatchesPerRuleMax / 2
    expect(streamed(engine, two.repeat(enough)).uninspected).toEqual([])
    expect(streamed(engine, two.repeat(enough + 1)).uninspected).toEqual([
      { path: 'a.log', reason: 'too-many', detail: 'pattern candidates' },
    ])
  })
})

describe('shipped rules over windows', () => {
  const folder = join(import.meta.dirname, '../../rules')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }))
  const { rules } = compileRules(files)
  const shipped = rules ? [patternDetector(rules)] : []

  it.each([4, 40_000])('know a column by the header that stood windows before, %i characters long', (characters) => {
    const rows = Array.from(
      { length: 12_000 },
      (_, at) => `${at},A. Nobody,${at % 6_000 === 5_999 ? '536-90-4399' : 'none'},x`,
    )
    const text = `number,name,social security number,${'n'.repeat(characters)}\n${rows.join('\n')}`
    const [found] = streamed(shipped, text).findings.filter(({ detector }) => detector === 'us_ssn')
    const [expected] = whole(shipped, text).findings.filter(({ detector }) => detector === 'us_ssn')
    expect(expected).toMatchObject({ count: 2, unique: 1 })
    expect({ ...found, id: '' }).toEqual({ ...expected, id: '' })
    expect(found?.matches[0]?.evidence).toContainEqual(expect.objectContaining({ kind: 'column-header' }))
  })

  it('count the distinct values of a bulk rule over all of them', () => {
    const addresses = (count: number) =>
      Array.from({ length: count }, (_, at) => `${filler(20_000)}\nhost 52.${at + 10}.7.${at + 3} up\n`).join('')
    for (const count of [8, 30]) {
      const text = addresses(count)
      const ours = byName(streamed(shipped, text))
      expect(ours, `${count}`).toEqual(byName(whole(shipped, text)))
    }
  })
})

describe('registered content over windows', () => {
  const plan = prose(6_000, 'plan')

  it('is one document, with the share of it that all windows have', async () => {
    const detectors = [fingerprintDetector(await indexOf([document('a.txt', plan)]))]
    const half = plan.length / 2
    const text = `${filler(BORDER - 3_000)}${plan.slice(0, half)}\n${filler(5 * WINDOW_BYTES)}${plan.slice(half)}`
    const [found, ...others] = streamed(detectors, text).findings
    expect(others).toEqual([])
    expect(found).toMatchObject({ kind: 'fingerprint', count: 1, unique: 1, confidence: 'high' })
    expect(found?.matches[0]?.containment).toBeGreaterThan(0.98)
    expect(found?.matches[0]?.document).toBe('a.txt')
  })

  it('is a row of a table once, though every window has it', async () => {
    const rows = [['K-100017', 'Anna', 'Müller', 'DE89 3704 0044 0532 0130 00', '1980-03-07', 'Berlin']]
    const detectors = [exactDataDetector([await indexTable(CUSTOMERS, rows)])]
    const text = `${filler(BORDER - 10)}K-100017 Anna Müller\n`.repeat(6)
    const [found] = streamed(detectors, text).findings
    expect(found).toMatchObject({ kind: 'exact-data', count: 1, unique: 1 })
    expect(found?.count).toBe(whole(detectors, text).findings[0]?.count)
  })

  it('is masked beside a value that stands before a border', async () => {
    const rows = [['K-100017', 'Anna', 'Müller', 'DE89 3704 0044 0532 0130 00', '1980-03-07', 'Berlin']]
    const detectors = [...engine, exactDataDetector([await indexTable(CUSTOMERS, rows)])]
    const before = `card ${CARD} `
    const text = `${'x '.repeat((BORDER - before.length) / 2)}${before}K-100017 Anna Müller ${'y '.repeat(WINDOW_BYTES)}`
    const found = byName(streamed(detectors, text))
    expect(found).toEqual(byName(whole(detectors, text)))
    expect(found.map(({ kind }) => kind).sort()).toEqual(['exact-data', 'pattern'])
    expect(JSON.stringify(found.map(({ matches }) => matches.map(({ excerpt }) => excerpt)))).not.toMatch(/K-10|Anna/)
  })

  it('has the markings of its first and last lines', () => {
    const text = `Confidential\n${filler(4 * WINDOW_BYTES)}TLP:RED\n`
    const labels = streamed([labelDetector(null), ...engine], text).labels
    expect(labels).toEqual(whole([labelDetector(null), ...engine], text).labels)
    expect(labels.length).toBeGreaterThan(1)
  })
})

describe('what is remembered of a streamed text', () => {
  it('is bounded: values past the limit are counted, and told apart no more', () => {
    const count = limits.findingValuesMax + 50
    const card: Match = { ...CLAIM, detector: 'card', family: 'financial', kind: 'pattern', confidence: 'high' }
    const tally = new FindingTally(card)
    const seen = { start: 0, end: 1, excerpt: '' }
    for (let at = 0; at < count; at++) tally.add({ ...card, normalized: `${at}` }, 'a.log', () => seen)
    const sums = { count, unique: limits.findingValuesMax }
    expect(tally.totals(FINDING_KEY)).toMatchObject({ ...sums, atLeast: { high: sums }, perPart: { 'a.log': sums } })
    expect(tally.kept()).toHaveLength(limits.findingMatchesKeptMax)
    expect(tally.shows('high')).toBe(false)
    expect(tally.shows('low')).toBe(true)
  })
})

const CLAIM = { part: 0, start: 0, end: 1, value: '', normalized: '', via: [], evidence: [] }
