import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { decodeText } from '../../src/extract/charset.ts'

const TEXT = 'Card 4111 1111 1111 1111 of Müller'
const ASCII = 'Card 4111 1111 1111 1111'
const utf7 = (text: string) =>
  text.replace(
    /[^A-Za-z .]+/g,
    (run) => `+${Buffer.from(run, 'utf16le').swap16().toString('base64').replace(/=+$/, '')}-`,
  )
const ebcdic = Buffer.from(
  [...ASCII].map((c) =>
    c === ' '
      ? 0x40
      : /\d/.test(c)
        ? 0xf0 + Number(c)
        : c === 'C'
          ? 0xc3
          : 'abcdefghi'.includes(c)
            ? 0x81 + 'abcdefghi'.indexOf(c)
            : 0x91 + 'jklmnopqr'.indexOf(c),
  ),
)

describe('charsets that are declared', () => {
  it.each([
    'utf-8',
    'iso-8859-1',
    'iso-8859-15',
    'windows-1252',
    'utf-16',
    'utf-16le',
    'utf-16be',
    'utf-32le',
    'utf-32be',
    'macintosh',
    'cp437',
    'cp850',
    'gb18030',
  ])('%s', (charset) => {
    expect(decodeText(iconv.encode(TEXT, charset), charset).text.replace(/^\ufeff/, '')).toBe(TEXT)
  })
  it.each(['koi8-r', 'windows-1251', 'iso-8859-5', 'cp866', 'maccyrillic'])('%s', (charset) => {
    expect(decodeText(iconv.encode('Карта 4111', charset), charset).text).toBe('Карта 4111')
  })
  it.each(['shift_jis', 'euc-jp', 'gbk', 'big5', 'euc-kr'])('%s', (charset) => {
    const text = charset === 'euc-kr' ? '카드 ４１１１' : '番号 ４１１１'
    expect(decodeText(iconv.encode(text, charset), charset).text).toBe(text)
  })
  it('iso-2022-jp', () => {
    const bytes = Buffer.from('\x1b$B#4#1#1#1\x1b(B 1111', 'latin1')
    expect(decodeText(bytes, 'iso-2022-jp').text).toBe('４１１１ 1111')
    expect(decodeText(bytes, null).text).toBe('４１１１ 1111')
  })
  it('iso-2022-kr', () => {
    expect(decodeText(Buffer.from('\x1b$)C\x0e#4#1#1#1\x0f 1111', 'latin1'), 'iso-2022-kr').text).toBe('４１１１ 1111')
  })
  it('hz-gb-2312', () => {
    expect(decodeText(Buffer.from('~{#4#1#1#1~} 1111'), 'hz-gb-2312').text).toBe('４１１１ 1111')
  })
  it('utf-7', () => {
    expect(decodeText(Buffer.from(utf7(TEXT)), 'utf-7').text).toBe(TEXT)
    expect(decodeText(Buffer.from('a +- b'), 'utf-7').text).toBe('a + b')
  })
  it.each(['ibm037', 'cp500', 'ibm-1047', 'IBM273', 'cp1140', 'ebcdic-cp-us'])('%s', (charset) => {
    expect(decodeText(ebcdic, charset.toLowerCase()).text).toBe(ASCII)
  })
  it.each(['"UTF-8"', ' utf-8 ', "'utf-8'", 'utf-8*en'])('name written as %s', (charset) => {
    expect(decodeText(Buffer.from(TEXT), charset).text).toBe(TEXT)
  })
})

describe('charsets that are not declared, or declared wrongly', () => {
  it.each([
    ['UTF-8 called latin-1', Buffer.from(TEXT), 'iso-8859-1'],
    ['UTF-8 called nothing', Buffer.from(TEXT), null],
    ['latin-1 called UTF-8', Buffer.from(TEXT, 'latin1'), 'utf-8'],
    ['latin-1 called nonsense', Buffer.from(TEXT, 'latin1'), 'x-nonsense'],
    ['UTF-16LE with a mark, called UTF-8', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), 'utf-8'],
    ['UTF-16LE without a mark', Buffer.from(TEXT, 'utf16le'), null],
    ['UTF-16BE without a mark', Buffer.from(TEXT, 'utf16le').swap16(), 'us-ascii'],
    ['UTF-16LE called UTF-16BE', Buffer.from(TEXT, 'utf16le'), 'utf-16be'],
    ['UTF-32 without a mark', iconv.encode(TEXT, 'utf-32be'), null],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${TEXT}`), 'iso-8859-1'],
  ] as const)('%s', (_name, bytes, declared) => {
    expect(decodeText(bytes, declared).text).toBe(TEXT)
  })
  it('EBCDIC called nothing', () => expect(decodeText(ebcdic, null).text).toBe(ASCII))
  it('UTF-7 called ASCII is a second reading', () => {
    expect(decodeText(Buffer.from(utf7(TEXT)), 'us-ascii').others).toEqual([TEXT])
  })
  it('base64 and sums are no UTF-7', () => {
    expect(decodeText(Buffer.from('1+1=2 and a+bcd+efgh+QUJDREVG+xyz'), null).others).toEqual([])
  })
  it.each(['utf-16', 'ibm037', 'utf-32'])('ASCII called %s is read plainly as well', (charset) => {
    const decoded = decodeText(Buffer.from(ASCII), charset)
    expect([decoded.text, ...decoded.others]).toContain(ASCII)
  })
  it('any byte decodes to something', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    expect(decodeText(all, 'x-unknown').text.length).toBeGreaterThan(200)
    expect(decodeText(Buffer.alloc(0), 'utf-16').text).toBe('')
  })
})
