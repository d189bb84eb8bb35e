/** Behind the property modifiers of a fast save stands the piece table itself ([MS-DOC] 2.9.38); null without one. */
export function pieceTable(clx: Buffer): Buffer | null {
  let at = 0
  while (at + 3 <= clx.length && clx[at] === 1) at += 3 + clx.readUInt16LE(at + 1)
  if (at + 5 > clx.length || clx[at] !== 2) return null
  return clx.subarray(at + 5, at + 5 + clx.readUInt32LE(at + 1))
}
