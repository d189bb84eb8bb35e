import jschardet from 'jschardet'

/** A guess costs milliseconds, and a page of text is as telling as a book. */
const SAMPLE_BYTES = 16 * 1024

/** Name of the legacy charset the bytes are most likely in; null when the guess is a poor one. */
export function detectLegacy(buffer: Buffer): string | null {
  const sample = sampleAroundHighBytes(buffer)
  // Legacy charsets have no zeros, and the wide ones are told by theirs before anyone guesses.
  if (sample.includes(0)) return null
  const { encoding } = jschardet.detect(sample, { minimumThreshold: 0.5 })
  return encoding === null || /^(?:utf|ucs|ascii)/i.test(encoding) ? null : encoding.toLowerCase()
}

/** Starts shortly before the first byte past ASCII, where what tells charsets apart begins. */
function sampleAroundHighBytes(buffer: Buffer): Buffer {
  let at = 0
  while (at < buffer.length && (buffer[at] ?? 0) < 0x80) at++
  const start = Math.max(0, at - 64)
  return buffer.subarray(start, start + SAMPLE_BYTES)
}
