/**
 * Strings of iWork's archives: chunks of snappy without its stream header or checksums, protocol buffers inside. Without
 * the schema a length-delimited field is a string where it is valid UTF-8 of printable characters, else perhaps a
 * message. Null where nothing could be decompressed. Never throws; linear in the decompressed size times a small depth.
 */
const DEPTH_MAX = 12
const utf8 = new TextDecoder('utf-8', { fatal: true })

export function iwaStrings(bytes: Buffer, ceiling: number): string[] | null {
  const data = decompress(bytes, ceiling)
  if (data === null) return null
  const found: string[] = []
  let at = 0
  while (at < data.length) {
    const header = varint(data, at)
    if (!header || header.value === 0) break
    const info = data.subarray(header.next, header.next + header.value)
    const length = payloadLength(info)
    const start = header.next + header.value
    collect(data.subarray(start, start + length), found, 0)
    at = start + length
    if (length === 0 && header.value === 0) break
  }
  return [...new Set(found)]
}

/** Sum of the lengths of the messages that an archive header announces: field 2, in it field 3. */
function payloadLength(info: Buffer): number {
  let total = 0
  for (const field of fields(info)) {
    if (field.number !== 2 || !field.data) continue
    for (const inner of fields(field.data)) if (inner.number === 3 && inner.value !== null) total += inner.value
  }
  return total
}

interface Field {
  readonly number: number
  readonly value: number | null
  readonly data: Buffer | null
}

function* fields(data: Buffer): Generator<Field> {
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
        yield { number, value: value.value, data: null }
        break
      }
      case 1:
        at += 8
        break
      case 2: {
        const length = varint(data, at)
        if (!length || length.next + length.value > data.length) return
        yield { number, value: null, data: data.subarray(length.next, length.next + length.value) }
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

function collect(data: Buffer, found: string[], depth: number): void {
  for (const field of fields(data)) {
    if (!field.data || field.data.length === 0) continue
    const text = textOf(field.data)
    if (text !== null) {
      if (/[\p{L}\p{N}]/u.test(text)) found.push(text)
    } else if (depth < DEPTH_MAX) collect(field.data, found, depth + 1)
  }
}

/** Null where it is no text: a short message may look like one, text hardly ever like a message. */
function textOf(data: Buffer): string | null {
  for (const byte of data) if (byte < 0x20 && byte !== 0x0a && byte !== 0x09 && byte !== 0x0d) return null
  try {
    return utf8.decode(data)
  } catch {
    return null
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
function decompress(bytes: Buffer, ceiling: number): Buffer | null {
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
  return pieces.length === 0 ? null : Buffer.concat(pieces)
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
