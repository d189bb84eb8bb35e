/**
 * iWork's archives (.iwa): chunks of snappy without its stream header or checksums, objects of protocol buffers inside.
 * Null where nothing could be decompressed. Never throws; linear in the decompressed size.
 */
export interface IwaObject {
  readonly id: number
  /** Number of the message type, of which only those of tables matter here. */
  readonly type: number
  readonly data: Buffer
}

export interface IwaArchive {
  readonly objects: readonly IwaObject[]
  /** Whether the chunks and objects end where the file does. */
  readonly isWhole: boolean
}

export function readIwa(bytes: Buffer, ceiling: number): IwaArchive | null {
  const { data, isWhole } = decompress(bytes, ceiling)
  if (data === null) return null
  const objects: IwaObject[] = []
  let at = 0
  while (at < data.length) {
    const header = varint(data, at)
    if (!header || header.value === 0 || header.next + header.value > data.length) break
    const info = [...fields(data.subarray(header.next, header.next + header.value))]
    const id = info.find(({ number }) => number === 1)?.value ?? 0
    at = header.next + header.value
    // Field 2 announces a message each: its type and its length.
    for (const { number, data: message } of info) {
      if (number !== 2 || message === null) continue
      const facts = [...fields(message)]
      const length = facts.find((fact) => fact.number === 3)?.value ?? 0
      objects.push({
        id,
        type: facts.find((fact) => fact.number === 1)?.value ?? 0,
        data: data.subarray(at, at + length),
      })
      at += length
    }
  }
  return { objects, isWhole: isWhole && at === data.length }
}

export interface Field {
  readonly number: number
  readonly value: number | null
  readonly data: Buffer | null
  /** Eight bytes as a floating point number; null for other kinds. */
  readonly double: number | null
}

/** Fields of a message, in order; ends where the bytes make no sense. */
export function* fields(data: Buffer): Generator<Field> {
  let at = 0
  while (at < data.length) {
    const key = varint(data, at)
    if (!key) return
    at = key.next
    const number = Math.floor(key.value / 8)
    switch (key.value & 7) {
      case 0: {
        const value = varint(data, at)
        if (!value) return
        at = value.next
        yield { number, value: value.value, data: null, double: null }
        break
      }
      case 1:
        if (at + 8 > data.length) return
        yield { number, value: null, data: null, double: data.readDoubleLE(at) }
        at += 8
        break
      case 2: {
        const length = varint(data, at)
        if (!length || length.next + length.value > data.length) return
        yield {
          number,
          value: null,
          data: data.subarray(length.next, length.next + length.value),
          double: null,
        }
        at = length.next + length.value
        break
      }
      case 5:
        at += 4
        break
      default:
        return
    }
  }
}

function varint(data: Buffer, from: number): { value: number; next: number } | null {
  let value = 0
  let scale = 1
  for (let at = from; at < data.length && at < from + 8; at++) {
    const byte = data[at] ?? 0
    value += (byte & 0x7f) * scale
    if ((byte & 0x80) === 0) return { value, next: at + 1 }
    scale *= 128
  }
  return null
}

/** Chunks: a zero byte, three bytes of length, snappy data. */
function decompress(bytes: Buffer, ceiling: number): { data: Buffer | null; isWhole: boolean } {
  const pieces: Buffer[] = []
  let at = 0
  let total = 0
  while (at + 4 <= bytes.length && bytes[at] === 0) {
    const length = bytes.readUIntLE(at + 1, 3)
    const piece = unsnappy(bytes.subarray(at + 4, at + 4 + length), ceiling - total)
    if (piece === null) break
    total += piece.length
    pieces.push(piece)
    at += 4 + length
  }
  return { data: pieces.length === 0 ? null : Buffer.concat(pieces), isWhole: at === bytes.length }
}

/** Snappy's raw format: length, then literals and copies. Null past the ceiling or where it is broken. */
export function unsnappy(input: Buffer, ceiling: number): Buffer | null {
  const size = varint(input, 0)
  if (!size || size.value > ceiling || size.value > input.length * 64) return null
  const out = Buffer.alloc(size.value)
  let length = 0
  let at = size.next
  while (at < input.length && length < out.length) {
    const tag = input[at++] ?? 0
    let count = (tag >> 2) + 1
    if ((tag & 3) === 0) {
      if (count > 60) {
        const extra = count - 60
        if (at + extra > input.length) return null
        count = input.readUIntLE(at, extra) + 1
        at += extra
      }
      if (at + count > input.length || length + count > out.length) return null
      input.copy(out, length, at, at + count)
      at += count
      length += count
      continue
    }
    let distance: number
    if ((tag & 3) === 1) {
      count = ((tag >> 2) & 7) + 4
      distance = ((tag >> 5) << 8) | (input[at++] ?? 0)
    } else {
      const width = (tag & 3) === 2 ? 2 : 4
      if (at + width > input.length) return null
      distance = input.readUIntLE(at, width)
      at += width
    }
    if (distance === 0 || distance > length || length + count > out.length) return null
    for (let i = 0; i < count; i++, length++) out[length] = out[length - distance] ?? 0
  }
  return out.subarray(0, length)
}
