import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Extraction, Part } from '../../src/core/extraction.ts'
import type { Finding, Match } from '../../src/core/finding.ts'
import { limits } from '../../src/core/limits.ts'
import { type CompiledDetectors, detectAll, patternDetector } from '../../src/detect/detect-all.ts'
import { groupFindings } from '../../src/detect/group-findings.ts'
import { engineRules, FINDING_KEY } from './engine-rules.ts'

const rules = engineRules()
const compiled: CompiledDetectors = { rules, catalogRevision: '', detectors: [patternDetector(rules)] }
const CARD = '4344661616878795'

function extraction(...texts: string[]): Extraction {
  const parts = texts.map(
    (text, id): Part => ({
      id,
      parent: id === 0 ? null : 0,
      path: id === 0 ? 'mail' : `mail/part${id}.txt`,
      filename: null,
      declaredType: null,
      sniffedType: 'text/plain',
      size: text.length,
      sha256: '',
      depth: id === 0 ? 0 : 1,
      via: id === 0 ? [] : ['zip'],
      traits: [],
    }),
  )
  return { parts, texts: texts.map((text, part) => ({ part, utf8: Buffer.from(text) })), uninspected: [], labels: [] }
}

const detect = (texts: readonly string[], reveal = false, key: Uint8Array = FINDING_KEY) =>
  detectAll(compiled, extraction(...texts), { findingKey: key, reveal })

describe('findings', () => {
  it('count matches, distinct values and what is sure enough, per part', () => {
    const { findings } = detect(['SSN 404-91-1818 and 404-91-1818', `${'.'.repeat(200)} 404-91-1819`])
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatchObject({
      id: 'f1',
      detector: 'citizen_id',
      confidence: 'high',
      count: 3,
      unique: 2,
      atLeast: { low: { count: 3, unique: 2 }, medium: { count: 2, unique: 1 }, high: { count: 2, unique: 1 } },
      perPart: { mail: { count: 2, unique: 1 }, 'mail/part1.txt': { count: 1, unique: 1 } },
    })
    expect(findings[0]?.keys).toHaveLength(2)
  })

  it('mask every character of every match in an excerpt, the neighbours’ too', () => {
    const { findings } = detect([`é card ${CARD} SSN 404-91-1818, bye`])
    const text = JSON.stringify(findings)
    expect(text).not.toMatch(/4344|8795|404-|1818/)
    expect(findings.find((f) => f.detector === 'card')?.matches[0]).toMatchObject({
      part: 'mail',
      start: 7,
      end: 23,
      excerpt: 'é card **************** SSN ***********, bye',
      via: [],
    })
  })

  it.each<[string, string, string, string]>([
    ['as printed', '4344 6616 1687 8795', '4344661616878795', '**** **** **** 8795'],
    ['as plain digits', '4344661616878795', '4344661616878795', '************8795'],
    ['in other groups', '3782-822463-10005', '378282246310005', '*************0005'],
    ['not where a view shows others', '4344 6616 1687 879&#53;', '4344661616878795', '**** **** **** ********'],
    ['not of what is short', '1234 5678', '12345678', '**** ****'],
  ])('show the last four digits where a rule says so: %s', (_, written, normalized, expected) => {
    const text = `card ${written}.`
    const span = { part: 0, start: 5, end: 5 + written.length }
    const match: Match = {
      ...span,
      detector: 'card',
      family: 'financial',
      kind: 'pattern',
      confidence: 'high',
      value: written,
      normalized,
      via: [],
      evidence: [],
      shownDigits: 4,
    }
    const excerpt = (...matches: Match[]) =>
      groupFindings(matches, extraction(text), { findingKey: FINDING_KEY })[0]?.matches[0]?.excerpt
    expect(excerpt(match)).toBe(`card ${expected}.`)
    const { shownDigits: _shown, ...other } = match
    expect(excerpt(match, { ...other, detector: 'other' })).not.toMatch(/\d/)
  })

  it('give values only when asked, and the way through parts and views', () => {
    const hidden = Buffer.from(`card ${CARD}`).toString('base64')
    const [match] = detect(['x', `look: ${hidden}`], true).findings[0]?.matches ?? []
    expect(match).toMatchObject({ part: 'mail/part1.txt', via: ['zip', 'base64'], value: CARD, normalized: CARD })
    expect(JSON.stringify(detect([CARD]).findings)).not.toContain('normalized')
  })

  it('have keys that depend on the installation’s key and on the detector', () => {
    const keysOf = (key: Uint8Array) => detect([CARD], false, key).findings[0]?.keys
    expect(keysOf(FINDING_KEY)).toEqual(keysOf(FINDING_KEY))
    expect(keysOf(FINDING_KEY)).not.toEqual(keysOf(new Uint8Array(32)))
    const mac = createHmac('sha256', FINDING_KEY).update(`card\0${CARD}`).digest('hex')
    expect(keysOf(FINDING_KEY)).toEqual([mac.slice(0, 32)])
  })

  it('keep a bounded number of matches and keys, the surest first, and count the rest', () => {
    const weak = Array.from({ length: limits.findingKeysKeptMax + 5 }, (_, i) => `404-91-${String(1000 + i)}`)
    const { findings } = detect([`${weak.join('\n')}${'.'.repeat(100)} SSN 651-97-4067`])
    expect(findings[0]?.count).toBe(weak.length + 1)
    expect(findings[0]?.matches).toHaveLength(limits.findingMatchesKeptMax)
    expect(findings[0]?.matches[0]?.evidence.at(-1)?.effect).toBe('raised to high')
    expect(findings[0]?.keys).toHaveLength(limits.findingKeysKeptMax)
  })

  it('tell of so many parts, and of those with the most in them whatever stands before', () => {
    const few = Array.from({ length: limits.findingMatchesKeptMax + 5 }, () => 'SSN 404-91-1818 and SSN 404-91-1819')
    const often = 'SSN 404-91-1818 '.repeat(9)
    const various = Array.from({ length: 5 }, (_, at) => `SSN 404-91-182${at}`).join(' ')
    const { perPart } = detect([...few, often, various]).findings[0] as Finding
    expect(Object.keys(perPart)).toHaveLength(limits.findingMatchesKeptMax)
    expect(Object.values(perPart).slice(-2)).toEqual([
      { count: 9, unique: 1 },
      { count: 5, unique: 5 },
    ])
    const all = detect(few.slice(0, limits.findingMatchesKeptMax)).findings[0] as Finding
    expect(Object.values(all.perPart)).toEqual(few.slice(5).map(() => ({ count: 2, unique: 2 })))
  })

  it('say a text that ran into a limit', () => {
    const { uninspected } = detect([
      Array.from({ length: limits.detectMatchesPerRuleMax + 1 }, () => '404-91-1818').join('\n'),
    ])
    expect(uninspected).toEqual([{ path: 'mail', reason: 'too-many', detail: 'pattern candidates' }])
  })

  it('place near misses in code points of their part', () => {
    const { nearMisses } = detect([`é order number ${CARD}`])
    expect(nearMisses).toEqual([
      {
        detector: 'card',
        part: 'mail',
        start: 15,
        end: 31,
        silencedBy: { kind: 'anti-evidence', name: 'order', keyword: 'order number', distance: 1, effect: 'silenced' },
      },
    ])
  })
})
