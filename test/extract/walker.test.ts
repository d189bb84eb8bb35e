import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { docxOf } from './formats/making.ts'
import { readMail, readUpload } from './reading.ts'

const multipart = (parts: number) =>
  `Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${Array.from({ length: parts }, (_, i) => `--b\r\n\r\npart ${i}\r\n`).join('')}--b--\r\n`
const nested = (levels: number) =>
  `${'Subject: x\r\nFrom: a@b\r\nContent-Type: message/rfc822\r\n\r\n'.repeat(levels)}Subject: innermost\r\nFrom: a@b\r\n\r\nx`

describe('limits: at the limit all is read, one past it is said', () => {
  it('depth', async () => {
    expect((await readMail(nested(2), { limits: { depthMax: 3 } })).uninspected).toEqual([])
    const read = await readMail(nested(3), { limits: { depthMax: 3 } })
    expect(read.uninspected).toEqual(['too-deep depth 3'])
  })
  it('parts', async () => {
    expect((await readMail(multipart(3), { limits: { partsMax: 4 } })).uninspected).toEqual([])
    expect((await readMail(multipart(4), { limits: { partsMax: 4 } })).uninspected).toEqual(['too-many 4 parts'])
  })
  it('body parts of one message', async () => {
    expect((await readMail(multipart(3), { limits: { mimePartsMax: 3 } })).uninspected).toEqual([])
    const read = await readMail(multipart(4), { limits: { mimePartsMax: 3 } })
    expect(read.uninspected).toEqual(['too-many 3 body parts'])
    expect(read.text).toContain('part 3')
  })
  it('multiparts in multiparts', async () => {
    const deep = (levels: number) =>
      `Content-Type: multipart/mixed; boundary=b0\r\n\r\n${Array.from({ length: levels - 1 }, (_, i) => `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n\r\n`).join('')}--b${levels - 1}\r\n\r\nbottom`
    expect((await readMail(deep(3), { limits: { mimeDepthMax: 3 } })).uninspected).toEqual([])
    const read = await readMail(deep(4), { limits: { mimeDepthMax: 3 } })
    expect(read.uninspected).toContain('too-deep 3 multiparts')
    expect(read.text).toContain('bottom')
  })
  it('header', async () => {
    const message = `Subject: x\r\nX-Long: ${'a'.repeat(1000)}\r\n\r\nbody`
    expect((await readMail(message, { limits: { headerMaxBytes: 1100 } })).uninspected).toEqual([])
    const read = await readMail(message, { limits: { headerMaxBytes: 500 } })
    expect(read.uninspected).toEqual(['too-large header'])
    expect(read.text).toContain('body')
  })
  it('text', async () => {
    const text = 'x'.repeat(1000)
    expect((await readUpload(text, {}, { limits: { textMaxBytes: 1000 } })).uninspected).toEqual([])
    const read = await readUpload(`${text}y`, {}, { limits: { textMaxBytes: 1000 } })
    expect(read.uninspected).toEqual(['too-large text'])
    expect(read.text.length).toBeGreaterThan(0)
  })
  it('what comes out of decompressors, shared by all parts', async () => {
    const gz = (n: number) => gzipSync(Buffer.alloc(n, 'x'))
    const one = (n: number) => readUpload(gz(n), { filename: 'a.gz' }, { limits: { inflatedMaxBytes: 5000 } })
    expect((await one(5000)).uninspected).toEqual([])
    expect((await one(5001)).uninspected.map((entry) => entry.split(' ')[0])).toEqual(['too-large'])
  })
  it('output for each byte of the message', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000))
    const read = await readUpload(bomb, {}, { limits: { ratioMax: 10, ratioFloorBytes: 1000 } })
    expect(read.uninspected.map((entry) => entry.split(' ')[0])).toEqual(['too-large'])
  })
  it('time', async () => {
    expect((await readMail(multipart(2), { limits: { timeMs: 0 } })).uninspected[0]).toBe('timeout 0 ms')
  })
})

describe('parts', () => {
  it('have paths, hashes, sizes, types and parents', async () => {
    const { extraction } = await readMail('Subject: x\r\nContent-Type: text/plain\r\n\r\nhello')
    expect(
      extraction.parts.map(({ id, parent, path, declaredType, sniffedType, size, depth, via }) => ({
        id,
        parent,
        path,
        declaredType,
        sniffedType,
        size,
        depth,
        via,
      })),
    ).toEqual([
      {
        id: 0,
        parent: null,
        path: 'mail',
        declaredType: 'message/rfc822',
        sniffedType: 'message/rfc822',
        size: 45,
        depth: 0,
        via: [],
      },
      {
        id: 1,
        parent: 0,
        path: 'mail/[1]',
        declaredType: 'text/plain',
        sniffedType: 'text/plain',
        size: 5,
        depth: 1,
        via: [],
      },
    ])
    expect(extraction.parts[1]?.sha256).toBe(createHash('sha256').update('hello').digest('hex'))
  })
  it('never share a path', async () => {
    const attachment = (name: string) => `--b\r\nContent-Disposition: attachment; filename="${name}"\r\n\r\nx\r\n`
    const read = await readMail(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${attachment('a.txt')}${attachment('a.txt')}${attachment('a.txt~2')}${attachment('a.txt')}--b--`,
    )
    expect(new Set(read.paths).size).toBe(5)
    expect(read.paths.slice(0, 3)).toEqual(['mail', 'mail/a.txt', 'mail/a.txt~2'])
  })
  it('have file names as text of what holds them', async () => {
    const read = await readMail("Content-Type: text/plain; name*0*=utf-8''4111%20; name*1*=1111%C3%BC.txt\r\n\r\nx")
    expect(read.paths).toEqual(['mail', 'mail/4111 1111ü.txt'])
    expect(Buffer.from(read.extraction.texts[0]?.utf8 ?? []).toString()).toContain('\n4111 1111ü.txt')
  })
  it('carry no control characters in their paths', async () => {
    const read = await readUpload('x', { filename: 'a\u202egpj.\nexe' })
    expect(read.paths).toEqual(['agpj.exe'])
  })
  it('name the way that led to them', async () => {
    const read = await readUpload(gzipSync('{"a":1}'), { filename: 'a.json.gz' })
    expect(read.extraction.parts.at(-1)?.via).toEqual(['gz', 'json'])
  })
})

describe('what nobody reads', () => {
  it('is unsupported, its strings read', async () => {
    const bytes = Buffer.concat([
      Buffer.from([0, 1, 2, 3, 0xff, 0xfe]),
      Buffer.from('Card 4111 1111 1111 1111'),
      Buffer.from([0, 0x80, 0x81]),
    ])
    const read = await readUpload(bytes, { filename: 'a.bin' })
    expect(read.uninspected).toEqual(['unsupported application/octet-stream'])
    expect(read.text).toContain('4111 1111 1111 1111')
  })
  it('is read at both ends where it is sound', async () => {
    const samples = Buffer.alloc(700_000, 0x80)
    const text = (at: string) => Buffer.from(`${at}: card 4111 1111 1111 1111`)
    const head = Buffer.concat([Buffer.from('RIFF\xff\xff\0\0WAVEfmt ', 'latin1'), Buffer.alloc(8)])
    const read = await readUpload(
      Buffer.concat([head, text('first'), samples, text('middle'), samples, text('last')]),
      { filename: 'a.wav' },
    )
    expect(read.uninspected).toEqual(['unsupported audio/wav'])
    expect(read.text.match(/first|middle|last/g)).toEqual(['first', 'last'])
  })
  it('empty is nothing to report', async () => {
    expect((await readUpload('')).uninspected).toEqual([])
  })
  it('a label may stand in header fields that the configuration names', async () => {
    const { extraction } = await readMail('X-Own: Secret\r\n\r\nx', { labelHeaders: ['x-OWN'] })
    expect(extraction.labels).toEqual([
      { scheme: 'header', id: 'Secret', name: 'Secret', header: 'x-own', part: 'mail' },
    ])
  })
})

describe('true types', () => {
  const mismatch = async (content: string | Buffer, filename: string, type?: string) =>
    (await readUpload(content, { filename, ...(type ? { type } : {}) })).extraction.parts[0]?.traits.includes(
      'type-mismatch',
    )
  it.each([
    ['a zip called picture', Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64'), 'a.jpg', undefined, true],
    ['a zip called workbook', Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64'), 'a.xlsx', undefined, true],
    [
      'a flat document called XML',
      '<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>',
      'content.xml',
      undefined,
      false,
    ],
    ['a document called zip', docxOf('<w:p/>'), 'a.zip', undefined, false],
    ['a text called picture', 'hello there', 'a.txt', 'image/png', true],
    ['a text', 'hello there', 'a.txt', 'text/plain', false],
    ['a text called HTML', 'hello there', 'a.html', undefined, false],
    ['a PDF called octet-stream', '%PDF-1.4\n%%EOF', 'a.pdf', 'application/octet-stream', false],
    ['a PDF called text', '%PDF-1.4\n%%EOF', 'a.txt', undefined, true],
  ] as const)('%s', async (_name, content, filename, type, expected) => {
    expect(await mismatch(content as string | Buffer, filename, type)).toBe(expected)
  })
})
