import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Part } from '../../src/core/extraction.ts'
import { limits } from '../../src/core/limits.ts'
import { patternDetector } from '../../src/detect/detect-all.ts'
import { Automaton } from '../../src/detect/match/automaton.ts'
import { Program } from '../../src/detect/match/program.ts'
import { Scanner } from '../../src/detect/match/scanner.ts'
import { MessageDetection } from '../../src/detect/message-detection.ts'
import { parseRegex } from '../../src/detect/regex/parse-regex.ts'
import { decodedText } from '../../src/detect/views/decoded-text.ts'
import { detectIn, engineRules, FINDING_KEY } from './engine-rules.ts'

const rules = engineRules()
const CARD = '4344661616878795'

/** Steps that a text costs the scanner: a measure of time that a busy machine doesn't change. */
function steps(text: Buffer): number {
  const start = Number.MAX_SAFE_INTEGER
  const budget = { steps: start, builds: start }
  rules.scanner.scan(text, () => false, budget)
  return start - budget.steps
}

describe('hostile text costs no more than its length', () => {
  it.each<[string, string]>([
    ['spaced digits', '4 '],
    ['one letter', 'a'],
    ['dots and letters', 'a.'],
    ['at signs', 'a@a.'],
    ['base64 in long lines', 'QUJDREVGRw'],
    ['a prefix again and again', 'ghp_'],
    ['open references', '&#'],
    ['percent signs', '%41'],
    ['assignments', 'password='],
    ['hex pairs', '41 '],
    ['spelt digits', 'one '],
    ['strings put together', '"a" + '],
    ['Ascii85 that never ends', '<~aaaaaaaaaa'],
    ['lines of a dump', '00000000  34 33 34 34 36 36 31 36\n'],
    ['CSS escapes', '\\000041'],
    ['numbers at the ends of lines', 'a 12345678\n'],
    ['words backwards', 'rebmun '],
  ])('%s', (_, unit) => {
    const text = (bytes: number) => Buffer.alloc(bytes, unit)
    const [once, twice] = [steps(text(100_000)), steps(text(200_000))]
    expect(twice).toBeLessThan(once * 2.1 + 10_000)
  })

  it('and detection of half a megabyte of spaced digits ends without a match', () => {
    const { matches, overflow } = detectIn(rules, Buffer.alloc(500_000, '4 '))
    expect([matches, overflow]).toEqual([[], false])
  })
})

describe('what a text may cost is bounded', () => {
  it('by steps: the scan stops and says so, at the limit and not before', () => {
    const text = Buffer.alloc(10_000, 'a1 ')
    const needed = steps(text)
    const scan = (budget: number) => rules.scanner.scan(text, () => false, { steps: budget, builds: 1e9 })
    expect(scan(needed)).toBe(true)
    expect(scan(needed - 1)).toBe(false)
  })

  it('by transitions built', () => {
    const program = new Program()
    program.add(parseRegex('[ab]{3,9}c'), 'none')
    program.add(parseRegex('[bc]{3,9}a'), 'none')
    const scanner = new Scanner(new Automaton(program))
    const text = Buffer.from('abcabcbbcabcbacbabcabcbabcbabcabcabbacb')
    expect(scanner.scan(text, () => false, { steps: 1e9, builds: 5 })).toBe(false)
    expect(scanner.scan(text, () => false, { steps: 1e9, builds: 1e9 })).toBe(true)
  })

  it('by the length of a match', () => {
    const program = new Program()
    program.add(parseRegex('<[^>]*>'), 'none')
    const scanner = new Scanner(new Automaton(program))
    const found = (length: number) => {
      const ends: number[] = []
      scanner.scan(Buffer.from(`<${'x'.repeat(length - 2)}> `), (_, __, end) => ends.push(end) > 0)
      return ends
    }
    expect(found(limits.detectMatchMaxBytes)).toEqual([limits.detectMatchMaxBytes])
    expect(found(limits.detectMatchMaxBytes + 1)).toEqual([])
  })

  it('by the depth of views', () => {
    const nested = (depth: number) => {
      let text = `card ${CARD}`
      for (let i = 0; i < depth; i++) text = Buffer.from(`x ${text} y`).toString('base64')
      const { matches, overflow } = detectIn(rules, text)
      return { found: matches.length, overflow }
    }
    expect(nested(limits.detectViewDepthMax)).toEqual({ found: 1, overflow: false })
    expect(nested(limits.detectViewDepthMax + 1)).toEqual({ found: 0, overflow: true })
  })

  it('by the bytes that views show: a decompression bomb is said, not looked at', () => {
    const packed = (bytes: number) => deflateSync(Buffer.alloc(bytes, 'a '))
    expect(decodedText(packed(limits.detectViewBytesMax))?.text).toHaveLength(limits.detectViewBytesMax)
    expect(decodedText(packed(limits.detectViewBytesMax + 1))).toMatchObject({ cut: true, text: Buffer.alloc(0) })
    const bomb = packed(limits.detectViewBytesMax + 1).toString('base64')
    expect(detectIn(rules, bomb)).toMatchObject({ matches: [], overflow: true })
    const fits = deflateSync(Buffer.concat([Buffer.alloc(100_000, 'a '), Buffer.from(CARD)])).toString('base64')
    expect(detectIn(rules, fits)).toMatchObject({ matches: [{ detector: 'card' }], overflow: false })
  })

  it('and of how often they are packed', () => {
    const nested = (times: number) => {
      let bytes = Buffer.from(`card ${CARD}`)
      for (let i = 0; i < times; i++) bytes = gzipSync(bytes)
      const { matches, overflow } = detectIn(rules, `x ${bytes.toString('hex').replace(/../g, '$& ')}`)
      return { found: matches.length, overflow }
    }
    expect(nested(limits.detectViewDepthMax)).toEqual({ found: 1, overflow: false })
    expect(nested(limits.detectViewDepthMax + 1)).toEqual({ found: 0, overflow: true })
  })

  describe('but a packed file', () => {
    const file = gzipSync(Buffer.alloc(limits.detectViewBytesMax + 1, 'a '))
    const base64 = file.toString('base64')
    const part = { id: 0, parent: null, path: 'a.txt', via: ['docx'] } as unknown as Part
    const child = { id: 1, parent: 0, path: 'a.txt/[base64 1]', via: ['docx', 'base64', 'gz'] } as unknown as Part
    const detection = () => new MessageDetection([patternDetector(rules)], { findingKey: FINDING_KEY })
    const told = [{ path: 'a.txt', reason: 'too-many', detail: 'pattern candidates' }]

    it('that is read as a file is none of it', () => {
      for (const text of [base64, file.toString('hex')])
        expect(detectIn(rules, text)).toMatchObject({ matches: [], overflow: false, packed: true })
      expect(detectIn(rules, Buffer.from(base64).toString('base64')).overflow).toBe(true)
    })

    it.each(['-', '_', 'blob/'])('behind %j, where no file is read, is told', (before) => {
      expect(detectIn(rules, `see ${before}${base64}`)).toMatchObject({ overflow: true, packed: false })
    })

    it('is told where the part has no such child, in a text that is held whole and in one that is streamed', () => {
      for (const [parts, uninspected] of [
        [[part], told],
        [[part, { ...child, via: ['docx', 'gz'] }], told],
        [[part, child], []],
      ] as const) {
        const extraction = { parts, texts: [], uninspected: [], labels: [] }
        const utf8 = Buffer.from(base64)
        expect(detection().finish({ ...extraction, texts: [{ part: 0, utf8 }] }).uninspected).toEqual(uninspected)
        const streamed = detection()
        streamed.write('a.txt', utf8)
        expect(streamed.finish(extraction).uninspected).toEqual(uninspected)
      }
    })
  })
})
