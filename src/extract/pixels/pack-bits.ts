/**
 * Apple's PackBits (TIFF 6.0, section 9): a count and bytes as they are, or a count and one byte to repeat. Fills `out`,
 * from `bytes[from, to)`; what the input doesn't reach stays zero.
 */
export function unpackBits(bytes: Uint8Array, from: number, to: number, out: Uint8Array): void {
  let at = from
  let end = 0
  while (at < to && end < out.length) {
    const mark = bytes[at++] ?? 0
    if (mark < 128) {
      const piece = bytes.subarray(at, Math.min(to, at + mark + 1, at + out.length - end))
      out.set(piece, end)
      end += mark + 1
      at += mark + 1
    } else if (mark > 128) {
      out.fill(bytes[at++] ?? 0, end, Math.min(out.length, end + 257 - mark))
      end += 257 - mark
    }
  }
}
