import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { compileRules } from '../../src/detect/compile-rules.ts'
import { compileDetectors, detectAll } from '../../src/detect/detect-all.ts'
import type { RawNearMiss } from '../../src/detect/detector.ts'
import { MessageDetection } from '../../src/detect/message-detection.ts'
import { textExtraction } from '../support/text-extraction.ts'
import { detectIn, FINDING_KEY } from './engine-rules.ts'

const OWN = {
  file: 'own.yaml',
  text: JSON.stringify({
    rules: [
      {
        id: 'member',
        name: 'Member number',
        family: 'custom',
        description: 'd',
        patterns: [
          { id: 'near', regex: '\\d{7}', validators: ['luhn'], confidence: 'medium', requires: ['words'] },
          { id: 'alone', regex: 'M-\\d{7}', boundary: 'none', validators: ['luhn'], confidence: 'high' },
          { id: 'plain', regex: 'Q\\d{5}', confidence: 'low', requires: ['words'] },
        ],
        evidence: { words: { keywords: ['member'], within: 20 } },
        examples: ['x'],
        negative_examples: ['y'],
      },
      {
        id: 'long',
        name: 'Long number',
        family: 'custom',
        description: 'd',
        patterns: [{ id: 'p', regex: '\\d{7} \\d{7}', validators: ['luhn'], confidence: 'medium' }],
        examples: ['x'],
        negative_examples: ['y'],
      },
    ],
  }),
}
const { rules, diagnostics } = compileRules([OWN])
if (!rules) throw new Error(JSON.stringify(diagnostics))
/** By Luhn's check digit. */
const VALID = '7992738'
const INVALID = '7992739'

const told = (text: string): string[] =>
  (detectIn(rules, text, { explain: true }).explained ?? []).map(
    ({ detector, start, end, silencedBy: { kind, name, effect } }: RawNearMiss) =>
      `${detector} ${text.slice(start, end)} ${effect} ${kind} ${name}`,
  )

describe('near misses of an explanation', () => {
  it('name the keyword that a pattern is looked for near', () => {
    expect(told(`a number ${VALID} and Q12345`)).toEqual([
      `member ${VALID} missing keyword words`,
      'member Q12345 missing keyword words',
    ])
  })

  it('name the validator that rejected a value', () => {
    expect(told(`member ${INVALID}`)).toEqual([`member ${INVALID} rejected validator luhn`])
    expect(told(`M-${INVALID}`)).toEqual([`member M-${INVALID} rejected validator luhn`])
  })

  it('lack one thing, not two', () => {
    expect(told(`a number ${INVALID}`)).toEqual([])
  })

  it('are not what was found', () => {
    expect(detectIn(rules, `member ${VALID}`, { explain: true }).matches).toHaveLength(1)
    expect(told(`member ${VALID}`)).toEqual([])
  })

  it('are no parts of what was found or rejected as a whole', () => {
    const whole = `1234567 ${VALID}`
    expect(told(`see ${whole} there`)).toEqual([`long ${whole} rejected validator luhn`])
    const found = `1000004 ${VALID}`
    expect(detectIn(rules, found).matches.map(({ detector }) => detector)).toEqual(['long'])
    expect(told(found)).toEqual([])
  })

  it('are told when asked for only', () => {
    const quiet = detectIn(rules, `a number ${VALID}`)
    expect(quiet).not.toHaveProperty('explained')
    expect(quiet.nearMisses).toEqual([])
  })

  it('are as many as the limit at most, the first of the text, and no overflow', () => {
    const { detectNearMissesMax } = limits
    const at = detectIn(rules, `Q12345 `.repeat(detectNearMissesMax), { explain: true })
    expect(at.explained).toHaveLength(detectNearMissesMax)
    const past = detectIn(rules, `Q12345 `.repeat(limits.detectMissesSeenMax + 1), { explain: true })
    expect(past.explained).toEqual(at.explained)
    expect(past.overflow).toBe(false)
  })

  it('show the value with reveal alone, and the same of a text that comes in pieces', () => {
    const detectors = compileDetectors({ rules: [OWN], catalogRevision: '' })
    const text = `é number ${VALID}`
    const placed = {
      detector: 'member',
      part: 'note.txt',
      start: 9,
      end: 16,
      silencedBy: { kind: 'keyword', name: 'words', effect: 'missing' },
    }
    for (const reveal of [false, true]) {
      const options = { findingKey: FINDING_KEY, explain: true, reveal }
      const wanted = [{ ...placed, ...(reveal && { value: VALID }) }]
      expect(detectAll(detectors, textExtraction(text, 'note.txt'), options).explained).toEqual(wanted)
      const streamed = new MessageDetection(detectors.detectors, options)
      streamed.write('note.txt', Buffer.from(text))
      expect(streamed.finish({ ...textExtraction(text, 'note.txt'), texts: [] }).explained).toEqual(wanted)
    }
  })

  it('change nothing that the shipped rules find', () => {
    const folder = join(import.meta.dirname, '../../rules')
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'))
    const files = names.map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }))
    const detectors = compileDetectors({ rules: files, catalogRevision: '' })
    const examples = detectors.rules.rules.flatMap(({ rule }) => rule.examples.slice(0, 1))
    const extraction = textExtraction(examples.slice(0, 300).join('\n'), 'note.txt')
    const [plain, explained] = [false, true].map((explain) =>
      detectAll(detectors, extraction, { findingKey: FINDING_KEY, explain }),
    )
    expect({ ...explained, explained: [] }).toEqual(plain)
    expect(explained?.explained.length).toBeGreaterThan(0)
  }, 60_000)
})
