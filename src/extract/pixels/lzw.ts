const CLEAR = 256
const END = 257
const CODES_MAX = 4096
const FIRST_BYTES = 64 * 1024

/**
 * LZW as TIFF (TIFF 6.0, section 13) and PDF (ISO 32000-2, 7.4.4.2) write it: 9 to 12 bits, highest first. `isEarly`:
 * codes grow one entry before they have to. Never more than `sizeMax` bytes come out; broken data ends the output.
 */
export function unpackLzw(bytes: Uint8Array, sizeMax: number, isEarly = true): Uint8Array {
  let out = new Uint8Array(Math.min(sizeMax, FIRST_BYTES))
  // Every entry is a piece of what came out before, one byte longer than the entry it was made of.
  const starts = new Uint32Array(CODES_MAX)
  const lengths = new Uint32Array(CODES_MAX)
  let next = END + 1
  let width = 9
  let previous = -1
  let [at, held, bits, end] = [0, 0, 0, 0]
  while (end < sizeMax) {
    while (bits < width && at < bytes.length) {
      held = ((held << 8) | (bytes[at++] ?? 0)) & 0xffffff
      bits += 8
    }
    if (bits < width) break
    const code = (held >> (bits - width)) & ((1 << width) - 1)
    bits -= width
    if (code === END) break
    if (code === CLEAR) {
      next = END + 1
      width = 9
      previous = -1
      continue
    }
    const start = end
    if (code > CLEAR && (code > next || previous < 0)) break
    // The code that is just being made: the piece before and its first byte.
    const [from, length] = code === next ? [previous, start - previous + 1] : [starts[code] ?? 0, lengths[code] ?? 0]
    const needed = Math.min(sizeMax, end + Math.max(1, length))
    if (needed > out.length) out = grown(out, Math.min(sizeMax, Math.max(needed, out.length * 2)))
    if (code < CLEAR) out[end++] = code
    else for (let i = 0; i < length && end < sizeMax; i++) out[end++] = out[from + i] ?? 0
    if (previous >= 0 && next < CODES_MAX) {
      starts[next] = previous
      lengths[next] = start - previous + 1
      next += 1
    }
    previous = start
    if (next + (isEarly ? 1 : 0) >= 1 << width && width < 12) width += 1
  }
  return out.subarray(0, end)
}

function grown(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size)
  out.set(bytes)
  return out
}
