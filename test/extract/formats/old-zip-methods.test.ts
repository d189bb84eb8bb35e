/** What PKZIP wrote before deflate. Packed here by the simplest packers that use everything of a method. */
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { writeZip } from '../../../src/extract/readers/zip-writer.ts'
import { read } from './making.ts'

const TEXT = 'card 4995742143324248 in words that repeat, in words that repeat, and in words that repeat\n'

class Bits {
  readonly #bits: number[] = []

  put(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.#bits.push((value >> i) & 1)
    return this
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8))
    for (const [i, bit] of this.#bits.entries()) bytes[i >> 3] = (bytes[i >> 3] as number) | (bit << (i & 7))
    return bytes
  }
}

function zipped(method: number, packed: Buffer, content: Buffer, flags = 0): Buffer {
  const zip = writeZip([{ name: 'a.txt', data: packed, packed: { method, crc: crc32(content), size: content.length } }])
  zip.writeUInt16LE(flags, 6)
  zip.writeUInt16LE(flags, zip.lastIndexOf('PK\x01\x02') + 8)
  return zip
}

/** LZW whose codes grow to 13 bits and then stay; whether there are codes left makes no difference. */
function shrink(content: Buffer): Buffer {
  const bits = new Bits()
  const codes = new Map<string, number>(Array.from({ length: 256 }, (_, byte) => [String.fromCharCode(byte), byte]))
  let width = 9
  let next = 257
  let string = ''
  const emit = (code: number) => {
    while (code >= 1 << width) {
      bits.put(256, width).put(1, width)
      width++
    }
    bits.put(code, width)
  }
  for (const character of content.toString('latin1')) {
    if (codes.has(string + character)) string += character
    else {
      emit(codes.get(string) as number)
      if (next < 8192) codes.set(string + character, next++)
      string = character
    }
  }
  emit(codes.get(string) as number)
  return bits.bytes()
}

/** Numbers of 6 bits, all codes of one length; the codes are turned over, their first bit first. */
function coded(bits: Bits, symbol: number, length: number): void {
  for (let i = length - 1; i >= 0; i--) bits.put(((symbol >> i) & 1) ^ 1, 1)
}

interface Copy {
  readonly distance: number
  readonly length: number
}

function implode(
  pieces: readonly (string | Copy)[],
  { large, literals }: { large: boolean; literals: boolean },
): Buffer {
  const bits = new Bits()
  const tree = (symbols: number, length: number) => {
    bits.put(symbols / 16 - 1, 8)
    for (let i = 0; i < symbols / 16; i++) bits.put(length - 1, 4).put(15, 4)
  }
  if (literals) tree(256, 8)
  tree(64, 6)
  tree(64, 6)
  const low = large ? 7 : 6
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      for (const byte of Buffer.from(piece)) {
        bits.put(1, 1)
        if (literals) coded(bits, byte, 8)
        else bits.put(byte, 8)
      }
      continue
    }
    bits.put(0, 1).put((piece.distance - 1) & ((1 << low) - 1), low)
    coded(bits, (piece.distance - 1) >> low, 6)
    const over = piece.length - (literals ? 3 : 2)
    coded(bits, Math.min(63, over), 6)
    if (over >= 63) bits.put(over - 63, 8)
  }
  return bits.bytes()
}

/** Bytes are listed where they follow another by one of `followers`; copies are given as they are packed. */
function reduce(bytes: readonly number[], followers: Readonly<Record<number, readonly number[]>>): Buffer {
  const bits = new Bits()
  for (let byte = 255; byte >= 0; byte--) {
    const set = followers[byte] ?? []
    bits.put(set.length, 6)
    for (const follower of set) bits.put(follower, 8)
  }
  let before = 0
  for (const byte of bytes) {
    const set = followers[before] ?? []
    const at = set.indexOf(byte)
    if (set.length > 0) bits.put(at < 0 ? 1 : 0, 1)
    if (at < 0) bits.put(byte, 8)
    else bits.put(at, Math.max(1, Math.ceil(Math.log2(set.length))))
    before = byte
  }
  return bits.bytes()
}

async function textOf(zip: Buffer): Promise<string> {
  const { text, said } = await read(zip, 'a.zip')
  expect(said).toEqual([])
  return text
}

describe('shrink', () => {
  it('is undone, codes of every width', async () => {
    const lines = Array.from({ length: 4_000 }, (_, i) => `line ${i * 7919} of ${i}`).join('\n')
    for (const content of [TEXT, `${'a'.repeat(300)} ${lines}`])
      expect(await textOf(zipped(1, shrink(Buffer.from(content)), Buffer.from(content)))).toContain(content.trim())
  })

  it('is undone where leaves are freed and given away again', async () => {
    // 257 is `ab`, freed, and then `bc`.
    const bits = new Bits().put(0x61, 9).put(0x62, 9).put(256, 9).put(2, 9).put(0x63, 9).put(257, 9)
    expect(await textOf(zipped(1, bits.bytes(), Buffer.from('abcbc')))).toContain('abcbc')
  })
})

describe('implode', () => {
  const pieces = [TEXT, { distance: 44, length: 20 }, ' end ', { distance: 30, length: 200 }]
  const content = (() => {
    let out = TEXT
    const copy = (distance: number, length: number) => {
      for (let i = 0; i < length; i++) out += out[out.length - distance]
    }
    copy(44, 20)
    out += ' end '
    copy(30, 200)
    return out
  })()

  it.each([
    ['a small window', 0, { large: false, literals: false }],
    ['a large window', 2, { large: true, literals: false }],
    ['coded bytes', 6, { large: true, literals: true }],
  ])('is undone: %s', async (_, flags, kind) => {
    expect(await textOf(zipped(6, implode(pieces, kind), Buffer.from(content), flags))).toContain(content.trim())
  })

  it('has zeros in front of the content', async () => {
    const packed = implode([{ distance: 9, length: 4 }, TEXT], { large: false, literals: false })
    const { text, reasons } = await read(zipped(6, packed, Buffer.from(`\0\0\0\0${TEXT}`)), 'a.zip')
    expect(reasons).not.toContain('corrupt')
    expect(text).toContain('4995742143324248')
  })
})

describe('reduce', () => {
  it.each([1, 2, 3, 4])('is undone with factor %d', async (factor) => {
    const lengthBits = 8 - factor
    const most = (1 << lengthBits) - 1
    const start = [...Buffer.from(TEXT)]
    // Copies of 5 bytes, and of more than fit into the first byte, from 20 bytes back; 144 stands for itself by a zero.
    const short = [144, 2, 19]
    const long = [144, most, 7, 19]
    const packed = reduce([...start, ...short, ...long, 144, 0], { 32: [...Buffer.from('wtri')], 119: [0x6f] })
    let content = Buffer.from(TEXT)
    for (const length of [2 + 3, most + 7 + 3])
      for (let i = 0; i < length; i++)
        content = Buffer.concat([content, content.subarray(content.length - 20).subarray(0, 1)])
    content = Buffer.concat([content, Buffer.from([144])])
    const { text, said } = await read(zipped(1 + factor, packed, content), 'a.zip')
    expect(said).toEqual([])
    expect(text).toContain(content.subarray(0, -1).toString('latin1').trim())
  })
})

describe('any of them', () => {
  it.each([0, 4])('has nothing unseen behind a stated size of %d', async (size) => {
    const lines = Array.from({ length: 400 }, (_, i) => `line ${i * 7919} of ${i}`).join('\n')
    const { reasons, traits } = await read(
      zipped(1, shrink(Buffer.from(lines)), Buffer.from(lines.slice(0, size))),
      'a.zip',
    )
    expect([...traits]).toContain('trailing-data')
    expect(reasons).toContain('unsupported')
  })

  it('may be empty', async () => {
    expect((await read(zipped(6, Buffer.alloc(0), Buffer.alloc(0)), 'a.zip')).said).toEqual([])
  })

  it.each([1, 2, 3, 4, 5, 6])('method %d: nonsense, and input that ends too early, are corrupt', async (method) => {
    for (const packed of [Buffer.alloc(0), Buffer.alloc(700, 0xff), Buffer.alloc(2, 0x41)]) {
      const { reasons } = await read(zipped(method, packed, Buffer.alloc(100_000, 'x')), 'a.zip')
      expect(reasons).toContain('corrupt')
    }
  })
})
