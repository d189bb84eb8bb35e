import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { has, made, read, zipOf } from './making.ts'

const CARD = 'card 4111 1111 1111 1111'

describe('zip', () => {
  it('reads entries, folders, comments and the comment of the archive', async () => {
    const file = zipOf(
      [
        { name: 'a/ä.txt', data: CARD, comment: 'note on an entry' },
        { name: 'b.txt', data: 'stored', store: true },
      ],
      'note on the archive',
    )
    const result = await read(file, 'x.zip')
    expect(result.textOf('a/ä.txt')).toBe(CARD)
    expect(result.text).toContain('stored')
    expect(result.text).toContain('note on an entry')
    expect(result.text).toContain('note on the archive')
    expect(result.said).toEqual([])
  })

  it('reads words in extra fields of the directory and of the entry, and no times', async () => {
    const field = (id: number, text: string) => {
      const head = Buffer.alloc(4)
      head.writeUInt16LE(id, 0)
      head.writeUInt16LE(Buffer.byteLength(text), 2)
      return Buffer.concat([head, Buffer.from(text)])
    }
    const time = field(0x5455, '\x03abcdefgh')
    const file = zipOf([
      { name: 'a.txt', data: 'one', extra: Buffer.concat([time, field(0x7777, `in the directory, ${CARD}`)]) },
      { name: 'b.txt', data: 'two', extra: time, localExtra: field(0x7777, `in front of it, ${CARD}`) },
    ])
    const result = await read(file, 'x.zip')
    expect(result.text).toContain(`in the directory, ${CARD}`)
    expect(result.text).toContain(`in front of it, ${CARD}`)
    expect(result.text).not.toContain('abcdefgh')
    expect(result.said).toEqual([])
  })

  it('reads a stub in front, data between entries and data behind as parts', async () => {
    const inner = zipOf([
      { name: 'a.txt', data: 'first' },
      { name: 'b.txt', data: 'second', before: Buffer.from('hidden between entries') },
    ])
    const file = Buffer.concat([Buffer.from('#!/bin/sh\necho hidden stub\n'), inner, Buffer.from('hidden tail of it')])
    const result = await read(file, 'x.zip')
    for (const text of ['first', 'second', 'hidden stub', 'hidden between entries', 'hidden tail of it']) {
      expect(result.text).toContain(text)
    }
    expect(result.traits).toContain('trailing-data')
  })

  it('reads what stands behind the content of an entry and is counted as part of it', async () => {
    const items = ['a', 'b', 'c'].map((name) => ({ name: `${name}.txt`, data: `text of ${name}` }))
    const bytes = zipOf(items.map((item, i) => (i === 1 ? { ...item, slack: Buffer.from('a hidden line') } : item)))
    const result = await read(bytes, 'x.zip')
    expect(result.text).toContain('text of b')
    expect(result.text).toContain('a hidden line')
    expect(result.traits).toContain('trailing-data')
    expect([...(await read(zipOf(items), 'x.zip')).traits]).toEqual([])
  })

  it('takes zeros between aligned entries for nothing, and odd bytes for a trait', async () => {
    const padded = (before: Buffer) =>
      zipOf([
        { name: 'a.txt', data: 'first' },
        { name: 'b.txt', data: 'second', before },
      ])
    const aligned = await read(padded(Buffer.alloc(4096)), 'x.zip')
    expect(aligned.said).toEqual([])
    expect([...aligned.traits]).toEqual([])
    const odd = await read(padded(Buffer.from('80ff03a1b2c3009911d4e5f6', 'hex')), 'x.zip')
    expect(odd.said).toEqual([])
    expect([...odd.traits]).toEqual(['trailing-data'])
  })

  it('reads an entry that only a streaming reader sees, and says that readers disagree', async () => {
    const hidden = zipOf([{ name: 'ghost.txt', data: CARD }])
    const ghost = hidden.subarray(0, hidden.indexOf('PK\x01\x02', 0, 'latin1'))
    const result = await read(
      zipOf([
        { name: 'a.txt', data: 'seen' },
        { name: 'b.txt', data: 'too', before: ghost },
      ]),
      'x.zip',
    )
    expect(result.textOf('ghost.txt')).toBe(CARD)
    expect(result.said).toContain('ambiguous entry outside the directory')
  })

  it('says where local and central header differ', async () => {
    const result = await read(zipOf([{ name: 'harmless.txt', localName: 'secret.docm', data: CARD }]), 'x.zip')
    expect(result.said).toContain('ambiguous local header differs')
    expect(result.text).toContain(CARD)
    expect(result.text).toContain('secret.docm')
  })

  it('finds overlapping entries', async () => {
    const file = zipOf([
      { name: 'a.txt', data: 'aaaa', store: true },
      { name: 'b.txt', data: 'bbbb', store: true },
    ])
    const second = file.lastIndexOf('PK\x01\x02', undefined, 'latin1')
    file.writeUInt32LE(0, second + 42)
    expect((await read(file, 'x.zip')).said).toContain('ambiguous overlapping entries')
  })

  it('reads a file without its directory and says so', async () => {
    const file = zipOf([
      { name: 'a.txt', data: CARD },
      { name: 'b.txt', data: 'x' },
    ])
    const result = await read(file.subarray(0, file.indexOf('PK\x01\x02', 0, 'latin1')), 'x.zip')
    expect(result.textOf('a.txt')).toBe(CARD)
    expect(result.said).toContain('corrupt no central directory')
  })

  it('keeps what comes out of a truncated entry', async () => {
    const noise = Array.from({ length: 4000 }, (_, i) => `line ${(i * 7919) % 10007}`).join('\n')
    const file = zipOf([{ name: 'a.txt', data: `${CARD}\n${noise}` }])
    const result = await read(file.subarray(0, Math.floor(file.length / 2)), 'x.zip')
    expect(result.text).toContain(CARD)
    expect(result.reasons).toContain('corrupt')
  })

  it('tells a broken checksum', async () => {
    const file = zipOf([{ name: 'a.txt', data: 'abcd', store: true }])
    file.write('x', file.indexOf('abcd'))
    expect((await read(file, 'x.zip')).said).toContain('corrupt checksum')
  })

  it('stops a bomb at the budget, entry by entry', async () => {
    const bomb = Buffer.alloc(64 * 1024 * 1024)
    const file = zipOf([
      { name: 'bomb.bin', data: bomb },
      { name: 'a.txt', data: CARD },
    ])
    const result = await read(file, 'x.zip', { limits: { inflatedMaxBytes: 1024 * 1024 } })
    expect(result.said).toContain('too-large zip')
  })

  it('reads deflate64, bzip2, lzma and zstd entries', async () => {
    const text = `${CARD} `.repeat(3000)
    if (has('7z')) {
      for (const method of ['Deflate64', 'BZip2', 'LZMA']) {
        const file = made('7z', ['a', '-tzip', `-mm=${method}`, 'x.zip', 'a.txt'], { 'a.txt': text }, 'x.zip')
        const result = await read(file, 'x.zip')
        expect(result.textOf('a.txt'), method).toBe(text)
        expect(result.said, method).toEqual([])
      }
    }
    const packed = zlib.zstdCompressSync(Buffer.from(text))
    const file = zipOf([{ name: 'a.txt', data: packed, store: true }])
    for (const mark of ['PK\x03\x04', 'PK\x01\x02']) {
      const at = file.indexOf(mark, 0, 'latin1') + (mark === 'PK\x03\x04' ? 8 : 10)
      file.writeUInt16LE(93, at)
      file.writeUInt32LE(zlib.crc32(text), at + 6)
      file.writeUInt32LE(text.length, at + 14)
    }
    expect((await read(file, 'x.zip')).textOf('a.txt')).toBe(text)
  })

  it.skipIf(!has('7z'))('says how entries are encrypted, and opens them with a password of the policy', async () => {
    for (const [method, detail] of [
      ['ZipCrypto', 'ZipCrypto'],
      ['AES128', 'AES-128'],
      ['AES256', 'AES-256'],
    ]) {
      const args = ['a', '-tzip', `-mem=${method}`, '-psesame', 'x.zip', 'a.txt']
      const file = made('7z', args, { 'a.txt': CARD }, 'x.zip')
      const sealed = await read(file, 'x.zip')
      expect(sealed.said).toContain(`encrypted ${detail}`)
      expect(sealed.text).toContain('a.txt')
      expect(sealed.text).not.toContain(CARD)
      const opened = await read(file, 'x.zip', { passwords: ['wrong', 'sesame'] })
      expect(opened.textOf('a.txt')).toBe(CARD)
      expect(opened.traits).toContain('opened-with-password')
      expect(opened.said).toEqual([])
    }
  })
})
