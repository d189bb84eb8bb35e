import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { lines, sha256, streamed } from './streamed.ts'

const BIG = lines(300_000)

/** Every line has characters of one, two, three and four bytes in UTF-8. */
const colourful = (bytes: number): string => lines(bytes).replaceAll('thank you', 'größer, 東京, 𝒜')

describe('a large text', () => {
  it('is handed on in pieces, as it is', async () => {
    const result = await streamed(Buffer.from(BIG), 'a.log')
    expect(result.passed.get('a.log') === `${BIG}\na.log`).toBe(true)
    expect(result.ended).toEqual(['a.log'])
    expect(result.said).toEqual([])
    expect(result.extraction.parts).toMatchObject([{ size: BIG.length, sha256: sha256(Buffer.from(BIG)), via: [] }])
    expect(result.mostAtOnce).toBeLessThanOrEqual(2 * 1024 * 1024)
  })

  it.each([
    ['utf-8', (text: string) => Buffer.from(text)],
    ['utf-8 with a mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['utf-16le with a mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['utf-16be with a mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['utf-32le with a mark', (text: string) => iconv.encode(text, 'utf-32le', { addBOM: true })],
    ['gb18030 with a mark', (text: string) => iconv.encode(`\ufeff${text}`, 'gb18030')],
  ])('is decoded over the borders of its pieces: %s', async (_name, encode) => {
    for (const text of [colourful(200_000), colourful(200_000).replaceAll('\n', ' ').replaceAll(' ', '')]) {
      const { passed } = await streamed(encode(text), 'a.txt')
      expect(passed.get('a.txt')?.slice(0, -'\na.txt'.length) === text).toBe(true)
    }
  })

  it.each([
    ['windows-1251', 'оплачено картой'],
    ['shift_jis', '東京ソ表示'],
    ['big5', '台北功能'],
    ['euc-kr', '서울'],
  ])('is decoded by the charset that it was sent with: %s', async (charset, word) => {
    const text = lines(150_000).replaceAll('thank you', word)
    const result = await streamed(iconv.encode(text, charset), 'a.txt', { type: `text/plain; charset=${charset}` })
    expect(result.passed.get('a.txt') === `${text}\na.txt`).toBe(true)
  })

  it('of separated values has its cells apart, also where quotes go over a border', async () => {
    const rows = Array.from({ length: 6_000 }, (_, at) => `${at},"two\nlines, ""quoted""",card ${at}`)
    const result = await streamed(Buffer.from(`id,note,card\n${rows.join('\n')}\n`), 'a.csv')
    const text = result.passed.get('a.csv') ?? ''
    const expected = rows.map((row) => row.replace('\n', ' ').replace(/,(?=card|")/g, ',\t'))
    expect(text.startsWith(`id,\tnote,\tcard\n${expected.join('\n')}\n`)).toBe(true)
  })

  it('of JSON has its escapes undone', async () => {
    const rows = Array.from(
      { length: 5_000 },
      (_, at) => `{"no":${at},"name":"M\\u00fcller \\"${at}\\"","path":"a\\/b"}`,
    )
    const one = await streamed(Buffer.from(rows.join('\n')), 'a.jsonl')
    expect(one.passed.get('a.jsonl')).toContain('{"no":4999,"name":"Müller "4999"","path":"a/b"}')
    const long = await streamed(Buffer.from(`[${rows.join(',')}]`), 'a.json')
    for (let at = 0; at < 5_000; at += 7) expect(long.passed.get('a.json')).toContain(`"name":"Müller "${at}""`)
  })

  it('has files read that stand encoded in it, and says where one is cut in two', async () => {
    const file = Buffer.from(`%PDF-1.4\n${'x'.repeat(3_000)}`)
      .toString('base64')
      .replace(/.{76}/g, '$&\n')
    const inside = await streamed(Buffer.from(`${BIG.slice(0, 30_000)}\n${file}\n${BIG}`), 'a.log')
    expect(inside.extraction.parts.map(({ path }) => path)).toContain('a.log/[base64 1]')
    expect(inside.said.filter((one) => /partial/.test(one))).toEqual([])
    const long = Buffer.alloc(100_000, 'QUJD')
    const torn = await streamed(Buffer.concat([Buffer.from(BIG.slice(0, 50_000)), long]), 'a.log')
    expect(torn.said).toEqual(['a.log: partial embedded file'])
  })

  it('of markup is read with its tags, which is said', async () => {
    const html = `<html><body>${'<p>card <b>4111 1111 1111 1111</b></p>\n'.repeat(5_000)}</body></html>`
    const result = await streamed(Buffer.from(html), 'a.html', { limits: { textMaxBytes: 100_000 } })
    expect(result.said).toEqual(['a.html: too-large markup'])
    expect(result.passed.get('a.html')).toContain('<b>4111 1111 1111 1111</b>')
  })

  it('of no known kind is told as such, with the strings of its beginning', async () => {
    const noise = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * at * 7) % 251))
    const result = await streamed(Buffer.concat([noise, Buffer.from('some words to be found\0')]), 'a.bin')
    expect(result.said).toEqual([`a.bin: unsupported ${result.extraction.parts[0]?.sniffedType}`])
    expect(result.extraction.parts[0]?.sha256).toHaveLength(64)
  })

  it('is cut at the limit where nobody takes it', async () => {
    const { extract } = await import('../../../src/extract/extract.ts')
    const bytes = Buffer.from(BIG)
    const source = { size: bytes.length, read: (at: number, length: number) => bytes.subarray(at, at + length) }
    const result = await extract(
      { bytes: new Uint8Array(0), source, filename: 'a.log', declaredType: null, as: 'upload' },
      { limits: { streamFromBytes: 64 * 1024, streamPieceBytes: 16 * 1024, textMaxBytes: 100_000 } },
    )
    expect(result.texts[0]?.utf8.length).toBe(100_000)
    expect(result.uninspected).toEqual([{ path: 'a.log', reason: 'too-large', detail: 'text' }])
  })
})
