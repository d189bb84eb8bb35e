const LINE_FEED = Buffer.from('\n', 'latin1')

/** The text of one part as UTF-8: its pieces, some of them encoded already, apart by LF. */
export function joinPieces(pieces: readonly (string | Uint8Array)[]): Uint8Array {
  const [first] = pieces
  if (pieces.length === 1 && first instanceof Uint8Array) return first
  if (pieces.every((piece) => typeof piece === 'string')) return Buffer.from(pieces.join('\n'), 'utf8')
  return Buffer.concat(pieces.flatMap((piece, at) => (at === 0 ? [utf8Of(piece)] : [LINE_FEED, utf8Of(piece)])))
}

/** Bytes that do not keep a message alive of which they are a small part, nor travel with it to another thread. */
export function ownBytes(piece: Uint8Array): Uint8Array {
  return piece.length * 2 < piece.buffer.byteLength ? Uint8Array.prototype.slice.call(piece) : piece
}

/** As many whole characters as `bytesMax` bytes hold. */
export function utf8Beginning(piece: string | Uint8Array, bytesMax: number): Uint8Array {
  // A character has at least as many bytes as it has UTF-16 units.
  const bytes = typeof piece === 'string' ? Buffer.from(piece.slice(0, bytesMax), 'utf8') : piece
  let end = Math.min(bytes.length, bytesMax)
  if (end < bytes.length) while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return Uint8Array.prototype.slice.call(bytes, 0, end)
}

function utf8Of(piece: string | Uint8Array): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece
}
