/**
 * Text of Publisher and Works 2000 documents: a stream in chunks, listed by tables whose `TEXT` entries give place and
 * length of UTF-16 text. Null where it is no such stream. Never throws.
 */
const MARK = Buffer.from('TEXT', 'latin1')
const ENTRIES_MAX = 10_000

export function readQuillText(bytes: Buffer): string | null {
  const head = bytes.toString('latin1', 0, 8)
  if (!head.startsWith('CHNK')) return null
  const pieces: { at: number; text: string }[] = []
  let at = bytes.indexOf(MARK)
  let left = bytes.length
  for (let count = 0; at >= 0 && count < ENTRIES_MAX; count++) {
    const entry = entryAt(bytes, at)
    if (entry && entry.length <= left) {
      left -= entry.length
      pieces.push({ at: entry.start, text: bytes.toString('utf16le', entry.start, entry.start + entry.length) })
    }
    at = bytes.indexOf(MARK, at + 4)
  }
  pieces.sort((a, b) => a.at - b.at)
  return pieces
    .map((piece) =>
      piece.text
        .replace(/[\r\v\f]/g, '\n')
        .replace(/\x07/g, '\t')
        .replace(/\0/g, ''),
    )
    .join('\n')
}

/** Behind the mark: a number, the kind of the data (again four letters), its place and its length. */
function entryAt(bytes: Buffer, at: number): { start: number; length: number } | null {
  if (at + 22 > bytes.length || !bytes.subarray(at + 10, at + 14).equals(MARK)) return null
  const start = bytes.readUInt32LE(at + 14)
  const length = bytes.readUInt32LE(at + 18)
  return length > 0 && start + length <= bytes.length ? { start, length } : null
}
