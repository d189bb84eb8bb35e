import { describe, expect, it } from 'vitest'
import { read } from './making.ts'

function u32(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => {
    out.writeUInt32LE(value, i * 4)
  })
  return out
}

const padded = (data: Buffer) => Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)])
const utf16 = (text: string) => Buffer.from(`${text}\0`, 'utf16le')

/** One value behind its tag; properties from 8000 up carry a set and a number or a name ([MS-OXTNEF] 2.1.3.4). */
function property(id: number, text: string, name?: string | number): Buffer {
  const named =
    name === undefined
      ? []
      : typeof name === 'number'
        ? [Buffer.alloc(16, 7), u32(0, name)]
        : [Buffer.alloc(16, 7), u32(1, utf16(name).length), padded(utf16(name))]
  const value = utf16(text)
  return Buffer.concat([u32(((id << 16) | 0x1f) >>> 0), ...named, u32(1, value.length), padded(value)])
}

function tnefOf(...properties: Buffer[]): Buffer {
  const data = Buffer.concat([u32(properties.length), ...properties])
  return Buffer.concat([u32(0x223e9f78), Buffer.from([1, 0, 1]), u32(0x69003, data.length), data, Buffer.alloc(2)])
}

describe('TNEF', () => {
  it('reads on behind properties that are named by words or by numbers', async () => {
    const file = tnefOf(
      property(0x37, 'the subject'),
      property(0x8105, 'first value', 'InTransitMessageCorrelator'),
      property(0x8106, 'second value', 0x8554),
      property(0x8107, 'third value', 'Odd'),
      property(0x1000, 'the body says 4111 1111 1111 1111'),
    )
    const result = await read(file, 'winmail.dat')
    expect(result.said).toEqual([])
    for (const text of ['the subject', 'the body says 4111 1111 1111 1111']) expect(result.text).toContain(text)
  })

  it('tells properties that are cut off or of no known type', async () => {
    const file = tnefOf(property(0x37, 'the subject'), property(0x1000, 'the body of it'))
    expect((await read(file.subarray(0, file.length - 12), 'winmail.dat')).reasons).toContain('corrupt')
    const odd = tnefOf(property(0x37, 'the subject'), u32(0x1000_0999), property(0x1000, 'the body of it'))
    const result = await read(odd, 'winmail.dat')
    expect(result.said).toEqual(['corrupt tnef properties'])
    expect(result.text).toContain('the subject')
  })
})
