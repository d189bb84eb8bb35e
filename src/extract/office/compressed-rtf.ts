/** Compressed RTF of mail stores ([MS-OXRTFCP]): LZ77 over a window that starts with a known dictionary. Never throws. */
const DICTIONARY =
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx'
const HEADER_BYTES = 16
const COMPRESSED = 0x75465a4c
const STORED = 0x414c454d

/** The RTF, cut at `ceiling` bytes; null where it is none. */
export function decompressRtf(input: Buffer, ceiling: number): Buffer | null {
  if (input.length < HEADER_BYTES) return null
  const mark = input.readUInt32LE(8)
  if (mark === STORED) return input.subarray(HEADER_BYTES)
  if (mark !== COMPRESSED) return null
  const window = Buffer.alloc(4096)
  let write = window.write(DICTIONARY, 'latin1')
  const stated = Math.min(input.readUInt32LE(4), ceiling, input.length * 20)
  const out = Buffer.alloc(stated)
  let length = 0
  const push = (byte: number) => {
    if (length < out.length) out[length++] = byte
    window[write] = byte
    write = (write + 1) & 0xfff
  }
  let at = HEADER_BYTES
  while (at < input.length && length < out.length) {
    const flags = input[at++] ?? 0
    for (let bit = 0; bit < 8 && at < input.length; bit++) {
      if (((flags >> bit) & 1) === 0) {
        push(input[at++] ?? 0)
        continue
      }
      if (at + 2 > input.length) return out.subarray(0, length)
      const token = input.readUInt16BE(at)
      at += 2
      const offset = token >> 4
      if (offset === write) return out.subarray(0, length)
      for (let i = 0; i < (token & 0xf) + 2; i++) push(window[(offset + i) & 0xfff] ?? 0)
    }
  }
  return out.subarray(0, length)
}
