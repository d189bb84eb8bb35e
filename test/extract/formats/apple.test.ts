import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { has, made, read, zipOf } from './making.ts'

/** AppleDouble (RFC 1740): entries by their ids. */
function appleDouble(entries: readonly (readonly [number, Buffer])[], magic = 0x00051607): Buffer {
  const head = Buffer.alloc(26 + entries.length * 12)
  head.writeUInt32BE(magic, 0)
  head.writeUInt32BE(0x00020000, 4)
  head.write('Mac OS X        ', 8, 'latin1')
  head.writeUInt16BE(entries.length, 24)
  let at = head.length
  entries.forEach(([id, data], i) => {
    head.writeUInt32BE(id, 26 + i * 12)
    head.writeUInt32BE(at, 30 + i * 12)
    head.writeUInt32BE(data.length, 34 + i * 12)
    at += data.length
  })
  return Buffer.concat([head, ...entries.map(([, data]) => data)])
}

const attribute = Buffer.concat([
  Buffer.alloc(32),
  Buffer.from('ATTR com.apple.metadata:kMDItemWhereFroms'),
  Buffer.from([0, 1]),
  Buffer.from('origin of it', 'utf16le').swap16(),
])

describe('files that macOS puts beside files', () => {
  it('lets an archive packed on a Mac be read in full', async () => {
    const folder = Buffer.concat([
      Buffer.from('\0\0\0\x01Bud1\0\0\x10\0', 'latin1'),
      Buffer.from('a folder', 'utf16le').swap16(),
      Buffer.alloc(9),
    ])
    const bytes = zipOf([
      { name: 'notes.txt', data: 'the notes' },
      { name: '.DS_Store', data: folder },
      { name: '__MACOSX/._notes.txt', data: appleDouble([[9, attribute]]) },
    ])
    const result = await read(bytes, 'x.zip')
    expect(result.said).toEqual([])
    for (const text of ['the notes', 'a folder', 'kMDItemWhereFroms', 'origin of it'])
      expect(result.text).toContain(text)
  })

  it('takes a data fork for a file, and names and comments for text', async () => {
    const bytes = appleDouble(
      [
        [3, Buffer.from('named.txt')],
        [4, Buffer.from('a comment on it')],
        [1, Buffer.from('the data fork')],
      ],
      0x00051600,
    )
    const result = await read(bytes, 'x')
    expect(result.said).toEqual([])
    for (const text of ['named.txt', 'a comment on it']) expect(result.text).toContain(text)
    expect(result.textOf('[data]')).toBe('the data fork')
  })

  it('tells what it can not read: a large fork, entries that lie', async () => {
    const noise = Buffer.concat(Array.from({ length: 2100 }, (_, i) => hash('sha256', `${i}`, 'buffer')))
    const large = appleDouble([[2, noise]])
    expect((await read(large, 'x')).reasons).toContain('unsupported')
    const lying = appleDouble([[9, attribute]])
    lying.writeUInt32BE(0xffffffff, 34)
    expect((await read(lying, 'x')).reasons).toContain('corrupt')
    expect((await read(lying.subarray(0, 30), 'x')).reasons).toContain('corrupt')
  })
})

describe('binary property lists', () => {
  const script = `
import plistlib, datetime
plistlib.dump({'card': '4111 1111 1111 1111', 'wide': 'z\\u0142oty \\u4e2d', 'n': 123456789, 'd': datetime.datetime(2024, 5, 6),
  'inner': plistlib.dumps({'deep': 'a nested word'}, fmt=plistlib.FMT_BINARY), 'list': ['one thing', True, 2.5]},
  open('out.plist', 'wb'), fmt=plistlib.FMT_BINARY)`
  const list = has('python3') ? made('python3', ['-c', script], {}, 'out.plist') : null

  it.skipIf(list === null)('reads strings, numbers, dates and nested data', async () => {
    const result = await read(list ?? Buffer.alloc(0), 'x.plist')
    expect(result.said).toEqual([])
    for (const text of ['4111 1111 1111 1111', 'złoty 中', '123456789', '2024-05-06', 'a nested word', 'one thing'])
      expect(result.text).toContain(text)
  })

  it.skipIf(list === null)('tells a list that is cut off or lies about its objects', async () => {
    const bytes = list ?? Buffer.alloc(0)
    expect((await read(bytes.subarray(0, bytes.length - 40), 'x.plist')).reasons).toContain('corrupt')
    const lying = Buffer.from(bytes)
    lying.fill(0xff, bytes.length - 48, bytes.length - 32)
    expect((await read(lying, 'x.plist')).reasons).toContain('corrupt')
  })
})
