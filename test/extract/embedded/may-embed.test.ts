import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultExtractLimits, MessageBudget } from '../../../src/extract/budget.ts'
import { decodeText, isPlainUtf8 } from '../../../src/extract/charset.ts'
import { mayEmbed, readEmbedded } from '../../../src/extract/embedded/read-embedded.ts'
import type { ExtractContext } from '../../../src/extract/format.ts'
import { zipOf } from '../formats/making.ts'

const archive = zipOf([{ name: 'a.txt', data: 'some words '.repeat(20) }]).toString('base64')
const marks: readonly string[] = [
  'begin 644 a.txt\n#86)C\n`\nend\n',
  'begin-base64 644 a.txt\nYWJjZGVm\n====\n',
  '=ybegin line=128 size=3 name=a.bin\nabc\n=yend size=3\n',
  `(This file must be converted with BinHex 4.0)\n:${'#'.repeat(120)}:`,
  '-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----',
  '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----',
  '-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----',
  '$ANSIBLE_VAULT;1.1;AES256\n6162',
  'U2FsdGVkX18abcdefghijk',
  archive,
  `data:application/zip;base64,${archive}`,
  Buffer.from(archive, 'base64').toString('hex'),
]

/** What `readEmbedded` finds in a text: children and what it says. */
async function found(text: string): Promise<number> {
  let count = 0
  const context = {
    budget: new MessageBudget(text.length, defaultExtractLimits),
    child: async () => {
      count += 1
    },
    uninspected: () => {
      count += 1
    },
    text: () => undefined,
    trait: () => undefined,
    passwords: [],
  } as unknown as ExtractContext
  await readEmbedded(text, context, Buffer.from(text))
  return count
}

describe('mayEmbed', () => {
  it.each(marks)('sees from the bytes that there may be something in %j', async (mark) => {
    for (const before of ['', 'words\n', 'words\r', 'words\u2028', 'grün\n']) {
      const text = `${before}${mark}\nmore words`
      // yEnc lines are lines of bytes.
      if (before !== 'words\u2028') expect(await found(text)).toBeGreaterThan(0)
      expect(mayEmbed(Buffer.from(text))).toBe(true)
    }
  })

  it('never passes over what is found', async () => {
    const piece = fc.oneof(
      fc.constantFrom(...marks, 'begin ', '\n', ' ', '\u2028', 'prose about it ', 'ü', '-----BEGIN', 'x'.repeat(39)),
      fc.tuple(fc.constantFrom(...marks), fc.nat({ max: 80 })).map(([mark, at]) => mark.slice(at)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
        const text = pieces.join('')
        if (!mayEmbed(Buffer.from(text))) expect(await found(text)).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })

  it('tells prose from its bytes', () => {
    expect(mayEmbed(Buffer.from('The meeting will begin at nine. Please begin - on time - with the plan.\n'))).toBe(
      false,
    )
  })
})

describe('isPlainUtf8', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'plain words',
      'grün',
      '漢字',
      '\0',
      '\x1b$B',
      '\x1b(B',
      '+AGEAYgBj-',
      '+49 151',
      '1+1',
      '\ufeff',
      '+/v8-',
    ),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
  )
  const bytes = fc.oneof(
    fc.array(piece, { maxLength: 5 }).map((pieces) => Buffer.from(pieces.join(''))),
    fc.uint8Array({ maxLength: 24 }).map((array) => Buffer.from(array)),
  )
  const charsets = [
    ...[null, '', 'utf-8', 'UTF8', '"us-ascii"', 'iso-8859-1', 'windows-1252', 'latin1', 'utf-7', 'utf-16', 'utf-16le'],
    ...['ibm037', 'iso-2022-jp', 'hz-gb-2312', 'shift_jis', 'gb18030', 'x-unknown', 'unicode-1-1-utf-7', 'ucs-4'],
  ]

  it('says yes only where decoding changes nothing and sees nothing else', () => {
    let yes = 0
    fc.assert(
      fc.property(bytes, fc.constantFrom(...charsets), (buffer, charset) => {
        if (!isPlainUtf8(buffer, charset)) return
        yes += 1
        const decoded = decodeText(buffer, charset)
        expect(Buffer.from(decoded.text)).toEqual(buffer)
        expect(decoded.others).toEqual([])
      }),
      { numRuns: 5000 },
    )
    expect(yes).toBeGreaterThan(500)
  })

  it.each([
    ['a byte order mark', Buffer.from('\ufeffwords'), null],
    ['a zero', Buffer.from('wo\0rds'), null],
    ['UTF-7 that nobody declared', Buffer.from('+AGEAYgBjAGQ-'), null],
    ['UTF-7 that somebody declared', Buffer.from('words'), 'utf-7'],
    ['an escape of ISO-2022', Buffer.from('\x1b$B$"\x1b(B'), null],
    ['a wide charset', Buffer.from('words'), 'utf-16'],
    ['EBCDIC', Buffer.from('words'), 'ibm037'],
    ['Latin-1', Buffer.from('gr\xfcn', 'latin1'), 'iso-8859-1'],
  ])('says no to %s', (_, buffer, charset) => expect(isPlainUtf8(buffer, charset)).toBe(false))
})
