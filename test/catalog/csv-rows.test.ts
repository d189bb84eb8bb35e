import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvRowBatches } from '../../src/catalog/csv-rows.ts'
import { GatewayError } from '../../src/core/errors.ts'

async function* bytes(text: string, chunk = text.length): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text)
  for (let at = 0; at < all.length; at += Math.max(1, chunk)) yield all.subarray(at, at + Math.max(1, chunk))
}

async function rows(text: string, chunk?: number): Promise<string[][]> {
  const found: string[][] = []
  for await (const batch of csvRowBatches(bytes(text, chunk))) found.push(...batch)
  return found
}

describe('records of separated values', () => {
  it.each<[string, string, string[][]]>([
    [
      'plain',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'no line end at the end',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CRLF',
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CR alone',
      'a,b\r1,2\r',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a byte order mark',
      '\ufeffa,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'semicolons',
      'a;b\n1,5;2\n',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'tabs',
      'a\tb\n1\t2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'bars',
      'a|b\n1|2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['one column', 'a\n1\n2\n', [['a'], ['1'], ['2']]],
    [
      'quotes',
      'a,b\n"1,2","say ""so"""\n',
      [
        ['a', 'b'],
        ['1,2', 'say "so"'],
      ],
    ],
    [
      'line ends inside quotes',
      'a,b\n"x\r\ny",2\n',
      [
        ['a', 'b'],
        ['x\r\ny', '2'],
      ],
    ],
    [
      'a quoted header with the other separator in it',
      '"a;b;c",d\n1,2\n',
      [
        ['a;b;c', 'd'],
        ['1', '2'],
      ],
    ],
    [
      'a quoted header of two lines',
      '"a\nb",c\n1,2\n',
      [
        ['a\nb', 'c'],
        ['1', '2'],
      ],
    ],
    [
      'empty fields',
      'a,b,c\n,,\n',
      [
        ['a', 'b', 'c'],
        ['', '', ''],
      ],
    ],
    ['empty quoted field alone in its record', 'a\n""\nx\n', [['a'], [''], ['x']]],
    [
      'empty lines',
      'a,b\n\n1,2\n\n\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a quote inside a field',
      'a,b\n5" disk,2\n',
      [
        ['a', 'b'],
        ['5" disk', '2'],
      ],
    ],
    ['unequal records', 'a,b\n1\n1,2,3\n', [['a', 'b'], ['1'], ['1', '2', '3']]],
    [
      'characters of several bytes',
      'näme,ört\nÅsa,東京\n',
      [
        ['näme', 'ört'],
        ['Åsa', '東京'],
      ],
    ],
    ['nothing', '', []],
  ])('%s', async (_name, text, expected) => {
    expect(await rows(text)).toEqual(expected)
    expect(await rows(text, 1)).toEqual(expected)
  })

  it('reads back whatever was written by RFC 4180, wherever the chunks end', async () => {
    const field = fc.string({
      unit: fc.constantFrom('a', 'é', '東', ',', ';', '"', '\n', '\r\n', ' ', '1'),
      maxLength: 8,
    })
    const table = fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (records, chunk) => {
        const all = [['x', 'y', 'z'], ...records]
        const text = all.map((r) => r.map((f) => `"${f.replaceAll('"', '""')}"`).join(',')).join('\n')
        expect(await rows(text, chunk)).toEqual(all)
      }),
      { numRuns: 100 },
    )
  })

  it.each([
    ['a quote that is never closed', 'a,b\n1,2\n"x,3\n4,5\n', 'record 3: a quoted field is never closed'],
    ['text after a closing quote', 'a,b\n"x"y,2\n', 'record 2: text follows a closing quote'],
    [
      'a field past the limit',
      `a,b\n1,2\n1,${'x'.repeat(65_537)}\n`,
      'record 3: a field is longer than 65536 characters',
    ],
    [
      'a quoted field past the limit',
      `a,b\n"${'x'.repeat(65_537)}",2\n`,
      'record 2: a field is longer than 65536 characters',
    ],
    ['fields past the limit', `a,b\n${','.repeat(1_000)}\n`, 'record 2: it has more than 1000 fields'],
  ])('refuses %s and says where', async (_name, text, message) => {
    for (const chunk of [text.length, 4_096]) {
      const error: unknown = await rows(text, chunk).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(GatewayError)
      expect(error).toMatchObject({ code: 'csv-malformed', message, temporary: false })
    }
  })

  it('takes fields and records up to the limits', async () => {
    expect(await rows(`a,b\n1,${'x'.repeat(65_536)}\n`)).toHaveLength(2)
    expect((await rows(`a,b\n${','.repeat(999)}\n`))[1]).toHaveLength(1_000)
  })
})
