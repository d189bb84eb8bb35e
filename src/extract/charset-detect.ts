import jschardet from 'jschardet'

/** A guess costs milliseconds, and a page of text is as telling as a book. */
const SAMPLE_BYTES = 16 * 1024

/** Name of the legacy charset the bytes are most likely in; null when the guess is a poor one. */
export function detectLegacy(buffer: Buffer): string | null {
  const guess = jschardet.detect(sampleAroundHighBytes(buffer), { minimumThreshold: 0.5 })
  return guess.encoding === null ? null : guess.encoding.toLowerCase()
}

/** Starts shortly before the first byte past ASCII, where what tells charsets apart begins. */
function sampleAroundHighBytes(buffer: Buffer): Buffer {
  let at = 0
  while (at < buffer.length && (buffer[at] ?? 0) < 0x80) at++
  const start = Math.max(0, at - 64)
  return buffer.subarray(start, start + SAMPLE_BYTES)
}
