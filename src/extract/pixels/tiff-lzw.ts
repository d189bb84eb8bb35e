const CLEAR = 256
const END = 257
const CODES_MAX = 4096

/** LZW as TIFF writes it (TIFF 6.0, section 13): 9 to 12 bits, highest first. Never more than `size` bytes come out. */
export function unpackLzw(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size)
  // Every entry is a piece of what came out before, one byte longer than the entry it was made of.
  const starts = new Uint32Array(CODES_MAX)
  const lengths = new Uint32Array(CODES_MAX)
  let next = END + 1
  let width = 9
  let previous = -1
  let [at, held, bits, end] = [0, 0, 0, 0]
  while (end < size) {
    while (bits < width) {
      if (at >= bytes.length) return out
      held = ((held << 8) | (bytes[at++] ?? 0)) & 0xffffff
      bits += 8
    }
    const code = (held >> (bits - width)) & ((1 << width) - 1)
    bits -= width
    if (code === END) return out
    if (code === CLEAR) {
      next = END + 1
      width = 9
      previous = -1
      continue
    }
    const start = end
    if (code < CLEAR) out[end++] = code
    else {
      if (code > next || previous < 0) return out
      // The code that is just being made: the piece before and its first byte.
      const [from, length] = code === next ? [previous, start - previous + 1] : [starts[code] ?? 0, lengths[code] ?? 0]
      for (let i = 0; i < length && end < size; i++) out[end++] = out[from + i] ?? 0
    }
    if (previous >= 0 && next < CODES_MAX) {
      starts[next] = previous
      lengths[next] = start - previous + 1
      next += 1
    }
    previous = start
    if (next >= (1 << width) - 1 && width < 12) width += 1
  }
  return out
}
