/**
 * Fonts that documents embed: drawing instructions, nothing a reader sees as text. Known by content, since a name alone
 * could hide anything.
 */
const MARKS = ['\x00\x01\x00\x00', 'OTTO', 'ttcf', 'true', 'wOFF', 'wOF2']

export function isFont(bytes: Uint8Array, name: string): boolean {
  const head = Buffer.from(bytes.subarray(0, 76))
  if (MARKS.includes(head.toString('latin1', 0, 4))) return true
  // Embedded OpenType: its magic number stands after the sizes and flags (W3C EOT section 4.1).
  if (head.length >= 36 && head.readUInt16LE(34) === 0x504c) return true
  return /\.odttf$/i.test(name) && hasTableDirectory(head)
}

/** ISO 29500-4 section 9.2 hides the first 32 bytes of a font; its table directory goes on behind them. */
function hasTableDirectory(head: Buffer): boolean {
  const tag = /^[A-Za-z0-9/ ]{4}$/
  return head.length === 76 && tag.test(head.toString('latin1', 44, 48)) && tag.test(head.toString('latin1', 60, 64))
}
