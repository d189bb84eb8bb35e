import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { pngOf } from '../ocr/draw-text.ts'
import { read } from './making.ts'

const SECTION = Buffer.from('e4525c7b8cd8a74daeb15378d02996d3', 'hex')
const FILE = Buffer.from('e716e3bd65261145a4c48d4d0b7a9eac', 'hex')

function prefixed(data: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(data.length)
  return Buffer.concat([head, data])
}

const wide = (text: string) => prefixed(Buffer.from(text, 'utf16le'))
/** What stands between values: identifiers, lengths, zeros. */
const between = Buffer.from('0000221c001c0300000000ff817fd1c3a0f2000000000001', 'hex')
const storeOf = (...values: Buffer[]) =>
  Buffer.concat([SECTION, Buffer.alloc(64), ...values.flatMap((value) => [between, value]), between])

function file(data: Buffer): Buffer {
  const head = Buffer.alloc(20)
  head.writeBigUInt64LE(BigInt(data.length))
  return Buffer.concat([FILE, head, data])
}

describe('OneNote', () => {
  it('reads texts of every script, wide and narrow, and files', async () => {
    const result = await read(
      storeOf(
        wide('card 4111 1111 1111 1111'),
        wide('Привет 你好 😀'),
        prefixed(Buffer.from('plain narrow text')),
        prefixed(Buffer.from('even')),
        file(Buffer.from('an attached text')),
      ),
      'x.one',
    )
    for (const text of ['card 4111 1111 1111 1111', 'Привет 你好 😀', 'plain narrow text', 'even'])
      expect(result.text.split('\n')).toContain(text)
    expect(result.textOf('[file 1]')).toBe('an attached text')
    expect(result.said).toEqual([])
  })

  it('reads pictures that the service packs behind a compact length', async () => {
    const picture = pngOf({ width: 4, height: 4, channels: 1, data: new Uint8Array(16) })
    const length = Buffer.alloc(2)
    length.writeUInt16LE((picture.length << 2) | 2)
    const result = await read(storeOf(wide('a page'), Buffer.concat([length, picture])), 'x.one')
    expect(result.paths).toEqual(['', '[file 1]'])
    expect(result.said).toEqual([])
  })

  it('takes numbers and identifiers for no text', async () => {
    const noise = Buffer.from(Array.from({ length: 4000 }, (_, i) => (Math.imul(i, 2654435761) >>> 11) & 0xff))
    const result = await read(storeOf(noise, wide('the one line')), 'x.one')
    expect(result.text.split('\n').filter((line) => line !== '' && line !== 'x.one').length).toBeLessThan(4)
    expect(result.text).toContain('the one line')
  })

  it('tells sections with a password, those without text, and files that are cut off', async () => {
    const key = Buffer.from('67a0d1da85a36bfb', 'hex')
    expect((await read(storeOf(key, wide('title')), 'x.one')).said).toEqual(['encrypted OneNote password'])
    expect((await read(storeOf(), 'x.one')).said).toEqual(['partial OneNote'])
    const cut = storeOf(wide('title'), file(Buffer.from('an attached text')))
    expect((await read(cut.subarray(0, cut.length - 30), 'x.one')).said).toEqual(['corrupt OneNote files'])
  })

  it('stops at the number of files, and where looking costs too much', async () => {
    const many = storeOf(
      wide('title'),
      ...Array.from({ length: limits.extractOneNoteFilesMax + 1 }, () => file(Buffer.from('a'))),
    )
    expect((await read(many, 'x.one')).said).toContain('too-many OneNote files')
    // Each place claims a long text that nearly is one.
    const costly = Buffer.alloc(400_000, Buffer.from([0x41, 0x41, 0x01, 0x00]))
    expect((await read(storeOf(wide('title'), costly), 'x.one')).text).toContain('title')
  })
})
