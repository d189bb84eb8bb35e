import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GuardOptions, MessageGuard } from '../../../src/ingress/smtp/message-guard.ts'

const limits = {
  messageSizeMaxBytes: 1000,
  dataLineMaxBytes: 100,
  headerMaxBytes: 500,
  hopsMax: 3,
  ownTracesMax: 1,
  traceHeadersMax: 5,
}
const trace = { header: 'x-trace', isOwnTrace: (value: string) => value === 'ours' }
const strict: GuardOptions = { limits, lineEndings: 'reject', trace }
const lenient: GuardOptions = { limits, lineEndings: 'canonicalise', trace }

interface Outcome {
  readonly content: string
  readonly problem: string | null
  readonly ended: boolean
  readonly rest: string
}

/** Feeds `wire` cut at `cuts`; what follows the end of data is `rest`. */
function run(options: GuardOptions, wire: string, cuts: readonly number[] = []): Outcome {
  const guard = new MessageGuard(options)
  const octets = Buffer.from(wire, 'latin1')
  const out: Buffer[] = []
  const edges = [...new Set([...cuts.filter((c) => c > 0 && c < octets.length), octets.length])].sort((a, b) => a - b)
  let from = 0
  let rest = ''
  for (const edge of edges) {
    const chunk = Buffer.from(octets.subarray(from, edge))
    from = edge
    if (guard.ended) {
      rest += chunk.toString('latin1')
      continue
    }
    const consumed = guard.push(chunk)
    out.push(Buffer.from(guard.output))
    rest += chunk.subarray(consumed).toString('latin1')
  }
  return { content: Buffer.concat(out).toString('latin1'), problem: guard.problem, ended: guard.ended, rest }
}

describe('end of data and dot-stuffing', () => {
  it.each([
    ['plain', 'a: b\r\n\r\nx\r\n.\r\nQUIT\r\n', 'a: b\r\n\r\nx\r\n', 'QUIT\r\n'],
    ['empty', '.\r\nQUIT', '', 'QUIT'],
    ['stuffed dot', '..\r\n.\r\n', '.\r\n', ''],
    ['stuffed end of data', '..\r\n..\r\n.\r\n', '.\r\n.\r\n', ''],
    ['dot in front of text goes too', '.a\r\n.\r\n', 'a\r\n', ''],
    ['only one dot goes', '...\r\n.\r\n', '..\r\n', ''],
    ['dots inside a line stay', 'a.b..\r\n.\r\n', 'a.b..\r\n', ''],
    ['eight bits pass', '\xff\xfe\r\n.\r\n', '\xff\xfe\r\n', ''],
  ])('%s', (_, wire, content, rest) => {
    expect(run(strict, wire)).toEqual({ content, problem: null, ended: true, rest })
    expect(run(lenient, wire)).toEqual({ content, problem: null, ended: true, rest })
  })
})

it('a body of nothing but stuffed dots comes out as one piece for each chunk, as plain lines do', () => {
  const guard = new MessageGuard({ ...strict, limits: { ...limits, messageSizeMaxBytes: 1_000_000 } })
  guard.push(Buffer.from('\r\n'))
  const chunk = Buffer.from('..\r\n'.repeat(16_384))
  for (let i = 0; i < 16; i++) {
    expect(guard.push(chunk)).toBe(chunk.length)
    expect(guard.output.length).toBe(3 * 16_384)
  }
  expect(guard.size).toBe(2 + 16 * 3 * 16_384)
})

describe('line ends that are none', () => {
  it.each([
    ['LF', 'a\nb\r\n.\r\n', 'a\r\nb\r\n'],
    ['CR', 'a\rb\r\n.\r\n', 'a\r\nb\r\n'],
    ['NUL', 'a\0b\r\n.\r\n', 'ab\r\n'],
    ['LF.LF', 'a\n.\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
    ['LF.CRLF', 'a\n.\r\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
    ['CRLF.LF', 'a\r\n.\nb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
    ['CR.LF', 'a\r.\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
    ['CRLF.CR', 'a\r\n.\rb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
    ['CR.CR', 'a\r.\rb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
    ['CRLF.CRCRLF', 'a\r\n.\r\r\nb\r\n.\r\n', 'a\r\n\r\n\r\nb\r\n'],
    ['CRCRLF.CRCRLF', 'a\r\r\n.\r\r\nb\r\n.\r\n', 'a\r\n\r\n\r\n\r\nb\r\n'],
    ['CRLF NUL.CRLF', 'a\r\n\0.\r\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
    ['CRLF.NUL CRLF', 'a\r\n.\0\r\nb\r\n.\r\n', 'a\r\n\r\nb\r\n'],
  ])('%s is refused to the end, or mended', (_, wire, mended) => {
    const refused = run(strict, wire)
    expect(refused).toMatchObject({ problem: 'bad-line-ends', ended: true, rest: '' })
    expect(run(lenient, wire)).toEqual({ content: mended, problem: null, ended: true, rest: '' })
  })
})

describe('any cut into chunks', () => {
  const wire = fc
    .string({ unit: fc.constantFrom('\r', '\n', '.', 'a', '\0', '\r\n', '\r\n.', '..'), maxLength: 40 })
    .map((text) => `${text}\r\n.\r\nNOOP\r\n`)
  const cuts = fc.array(fc.nat(100), { maxLength: 20 })

  it.each([
    ['reject', strict],
    ['canonicalise', lenient],
  ] as const)('reads the same: %s', (_, options) => {
    fc.assert(
      fc.property(wire, cuts, (text, at) => {
        const whole = run(options, text)
        const cut = run(options, text, at)
        expect(cut.ended).toBe(whole.ended)
        expect(cut.rest).toBe(whole.rest)
        expect(cut.problem).toBe(whole.problem)
        if (whole.problem === null) expect(cut.content).toBe(whole.content)
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['reject', strict],
    ['canonicalise', lenient],
  ] as const)('reads long chunks, which it skims, as it reads short ones: %s', (_, { lineEndings }) => {
    const options = {
      ...strict,
      lineEndings,
      limits: { ...limits, dataLineMaxBytes: 600, messageSizeMaxBytes: 20_000 },
    }
    const plain = ['x'.repeat(90), `${'x'.repeat(70)}\r\n`, 'y', '\r\n', `${'z'.repeat(300)}\r\n`]
    const special = ['\r', '\n', '.', '\0', '\r\n.', '..', '\r\n..', '.\r']
    const piece = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...plain) },
      { weight: 1, arbitrary: fc.constantFrom(...special) },
    )
    const long = fc.array(piece, { maxLength: 20 }).map((of) => `a: b\r\n\r\n${of.join('')}\r\n.\r\nNOOP\r\n`)
    const cutEvery = (text: string, octets: number) =>
      Array.from({ length: Math.floor(text.length / octets) }, (_, i) => (i + 1) * octets)
    fc.assert(
      fc.property(long, fc.integer({ min: 256, max: 600 }), (text, octets) => {
        const short = run(options, text, cutEvery(text, 100))
        const skimmed = run(options, text, cutEvery(text, octets))
        // Of two problems the one that is told may differ, since a line is measured at the end of a chunk too.
        expect(skimmed.problem === null).toBe(short.problem === null)
        expect(skimmed.rest).toBe(short.rest)
        if (short.problem === null) expect(skimmed.content).toBe(short.content)
      }),
      { numRuns: 3000 },
    )
  })

  it('leaves no bare CR, bare LF or NUL in what it emits', () => {
    fc.assert(
      fc.property(wire, cuts, (text, at) => {
        for (const options of [strict, lenient]) {
          const { content, problem } = run(options, text, at)
          if (problem === null) expect(content.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('gives back what a sender stuffed', () => {
    const lines = fc.array(fc.string({ unit: fc.constantFrom('.', 'a', ' '), maxLength: 5 }), { maxLength: 10 })
    fc.assert(
      fc.property(lines, cuts, (text, at) => {
        const content = text.map((line) => `${line}\r\n`).join('')
        const stuffed = content.replace(/^\./gm, '..')
        expect(run(strict, `${stuffed}.\r\n`, at)).toEqual({ content, problem: null, ended: true, rest: '' })
      }),
      { numRuns: 2000 },
    )
  })
})

describe('limits, at the limit and one past it', () => {
  it('of the message', () => {
    const line = `${'x'.repeat(98)}\r\n`
    expect(run(strict, `${line.repeat(10)}.\r\n`).problem).toBeNull()
    expect(run(strict, `${line.repeat(10)}x\r\n.\r\n`)).toMatchObject({ problem: 'too-large', ended: true })
  })

  it('of a line, ended or not', () => {
    expect(run(strict, `${'x'.repeat(98)}\r\n.\r\n`).problem).toBeNull()
    expect(run(strict, `${'x'.repeat(99)}\r\n.\r\n`).problem).toBe('line-too-long')
    expect(run(strict, 'x'.repeat(101)).problem).toBe('line-too-long')
    expect(run(strict, `${'x'.repeat(99)}\r\n.\r\n`, [50, 70]).problem).toBe('line-too-long')
  })

  it('of the header', () => {
    const field = `a: ${'x'.repeat(95)}\r\n`
    expect(run(strict, `${field.repeat(4)}a: ${'x'.repeat(93)}\r\n\r\nbody\r\n.\r\n`).problem).toBeNull()
    expect(run(strict, `${field.repeat(4)}a: ${'x'.repeat(94)}\r\n\r\nbody\r\n.\r\n`).problem).toBe('header-too-large')
    expect(run(strict, `${field}\r\n${field.repeat(5)}.\r\n`).problem).toBeNull()
  })

  it('of hops, counted in the header only', () => {
    const hop = 'Received: from a\r\n by b\r\n'
    expect(run(strict, `${hop.repeat(3)}\r\nx\r\n.\r\n`).problem).toBeNull()
    expect(run(strict, `${hop.repeat(4)}\r\nx\r\n.\r\n`).problem).toBe('too-many-hops')
    expect(run(strict, `${hop.repeat(4)}.\r\n`).problem).toBe('too-many-hops')
    expect(run(strict, `RECEIVED : x\r\n${hop.repeat(3)}\r\n.\r\n`).problem).toBe('too-many-hops')
    expect(run(strict, `a: b\r\n\r\n${hop.repeat(4)}.\r\n`).problem).toBeNull()
    expect(run(strict, `Received-SPF: x\r\n${hop.repeat(3)}\r\n.\r\n`).problem).toBeNull()
  })

  it('of own traces; a forged one means nothing', () => {
    const body = '\r\nx\r\n.\r\n'
    expect(run(strict, `X-Trace: ours\r\n${body}`).problem).toBeNull()
    expect(run(strict, `X-Trace: ours\r\nx-trace:\r\n ours\r\n${body}`).problem).toBe('own-loop')
    expect(run(strict, `X-Trace: forged\r\n${'X-Trace: other\r\n'.repeat(3)}${body}`).problem).toBeNull()
    expect(run(strict, `a: b\r\n\r\nX-Trace: ours\r\nX-Trace: ours\r\n${body}`).problem).toBeNull()
  })

  it('of traces that are looked at', () => {
    const forged = 'X-Trace: forged\r\n'
    expect(run(strict, `${forged.repeat(3)}X-Trace: ours\r\nX-Trace: ours\r\n\r\n.\r\n`).problem).toBe('own-loop')
    expect(run(strict, `${forged.repeat(4)}X-Trace: ours\r\nX-Trace: ours\r\n\r\n.\r\n`).problem).toBeNull()
  })
})

it('emits a chunk without anything to change as it is', () => {
  const guard = new MessageGuard(strict)
  const chunk = Buffer.from('a: b\r\n\r\nbody\r\n.\r\n')
  guard.push(chunk)
  expect(guard.output.buffer).toBe(chunk.buffer)
})
