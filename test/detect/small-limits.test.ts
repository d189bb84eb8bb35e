import { describe, expect, it, vi } from 'vitest'
import type { Extraction } from '../../src/core/extraction.ts'
import { limits } from '../../src/core/limits.ts'
import { exactDataDetector } from '../../src/detect/exact-data/exact-data-detector.ts'
import { MessageDetection } from '../../src/detect/message-detection.ts'
import { changeable } from '../support/changeable-limits.ts'
import { detectIn, engineRules, FINDING_KEY } from './engine-rules.ts'
import { CUSTOMERS, detectRows, indexTable, schemaOf } from './exact-data/tables.ts'

/** Limits that only large texts reach, made small: at each all is found, one past it the text says that it is not. */
vi.mock('../../src/core/limits.ts', async (original) => {
  const { copyOf } = await import('../support/changeable-limits.ts')
  return copyOf(await original<typeof import('../../src/core/limits.ts')>())
})

const change = changeable(limits)

const rules = engineRules()

describe('candidates of one rule in one text', () => {
  const wrong = (count: number) => '4344661616878796 '.repeat(count)

  it('detectCandidatesPerRuleMax', () => {
    change({ detectCandidatesPerRuleMax: 5, detectBytesPerCandidateMin: 1_000_000 })
    expect(detectIn(rules, wrong(5))).toMatchObject({ matches: [], overflow: false })
    expect(detectIn(rules, wrong(6))).toMatchObject({ matches: [], overflow: true })
  })

  it('detectBytesPerCandidateMin: a large text may have more', () => {
    change({ detectCandidatesPerRuleMax: 5, detectBytesPerCandidateMin: 17 })
    expect(detectIn(rules, wrong(100)).overflow).toBe(false)
    change({ detectBytesPerCandidateMin: 18 })
    expect(detectIn(rules, wrong(100)).overflow).toBe(true)
  })
})

it('places of views: detectPlacesMax', () => {
  // Each is a place for two views.
  change({ detectPlacesMax: 8 })
  const text = (count: number) => `card ${'%34344661616878795 '.repeat(count)}`
  expect(detectIn(rules, text(4))).toMatchObject({ matches: { length: 4 }, overflow: false })
  expect(detectIn(rules, text(5))).toMatchObject({ matches: { length: 4 }, overflow: true })
})

it.each(['detectStepsPerByteMax', 'detectAutomatonBuildsMax'] as const)('what a text costs: %s', (name) => {
  const text = `${'password=4 4 4 a@b.c '.repeat(50)}`
  change({ detectStepsMin: 1 })
  expect(detectIn(rules, text).overflow).toBe(false)
  change({ [name]: 0.000_1 })
  expect(detectIn(engineRules(), text).overflow).toBe(true)
})

describe('rows that a text leads to: detectRowsMax', () => {
  const rows = Array.from({ length: 4 }, (_, i) => [`K-10001${i}`, 'Anna', 'Müller', '', '', ''])
  const numbers = (count: number) => rows.slice(0, count).map(([number]) => number)

  it('in one text', async () => {
    change({ detectRowsMax: 3 })
    const index = await indexTable(CUSTOMERS, rows)
    expect(detectRows(index, numbers(3).join(' '))).toMatchObject({ matches: { length: 3 }, overflow: false })
    expect(detectRows(index, numbers(4).join(' '))).toMatchObject({ matches: { length: 3 }, overflow: true })
  })

  it('in all windows of a long one', async () => {
    change({ detectRowsMax: 3 })
    const detector = exactDataDetector([await indexTable(CUSTOMERS, rows)])
    const windowBytes = 1_000
    const streamed = (count: number) => {
      const detection = new MessageDetection([detector], { findingKey: FINDING_KEY, windowBytes })
      for (const number of numbers(count)) detection.write('a.log', Buffer.from(`${number}\n`.padEnd(3_000, ' x')))
      return detection.finish(PARTS)
    }
    expect(streamed(3)).toMatchObject({ findings: [{ count: 3 }], uninspected: [] })
    const uninspected = [{ path: 'a.log', reason: 'too-many', detail: 'exact-data candidates' }]
    expect(streamed(4)).toMatchObject({ findings: [{ count: 3 }], uninspected })
  })
})

it('text about a window: detectWindowContextBytes', async () => {
  change({ detectWindowContextBytes: 400 })
  const schema = schemaOf(
    'name: t\ncolumns: [{ name: a, kind: code }, { name: b, kind: code }]\nmatch: { columns: 2, within: part }\n',
  )
  const detector = exactDataDetector([await indexTable(schema, [['AB-777001', 'CD-888002']])])
  const windowBytes = 1_000
  /** The first value stands right before a border, the second ends so many bytes behind it. */
  const found = (bytes: number) => {
    const detection = new MessageDetection([detector], { findingKey: FINDING_KEY, windowBytes })
    const first = 'AB-777001'.padStart(windowBytes - 1, 'x ')
    detection.write('a.log', Buffer.from(`${first} ${'CD-888002'.padStart(bytes)} ${'y '.repeat(2_000)}`))
    return detection.finish(PARTS).findings.length
  }
  expect(found(limits.detectWindowContextBytes)).toBe(1)
  expect(found(limits.detectWindowContextBytes + 1)).toBe(0)
})

const PARTS: Extraction = {
  parts: [
    {
      id: 0,
      parent: null,
      path: 'a.log',
      filename: 'a.log',
      declaredType: null,
      sniffedType: 'text/plain',
      size: 0,
      sha256: '',
      depth: 0,
      via: [],
      traits: [],
    },
  ],
  texts: [],
  uninspected: [],
  labels: [],
}
