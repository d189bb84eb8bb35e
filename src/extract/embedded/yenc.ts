import type { EmbeddedFile } from './embedded-file.ts'

/** yEnc files (yEnc 1.3). `text` must be the bytes one by one; multi-part files are reported as partial. */
const BEGIN = /^=ybegin ([^\r\n]*)\r?\n(?:=ypart [^\r\n]*\r?\n)?/gm

export function findYenc(text: string): EmbeddedFile[] {
  const files: EmbeddedFile[] = []
  BEGIN.lastIndex = 0
  for (let m = BEGIN.exec(text); m; m = BEGIN.exec(text)) {
    const stop = text.indexOf('\n=yend', BEGIN.lastIndex)
    const end = stop < 0 ? text.length : stop
    const filename = /\bname=(.*)$/.exec(m[1] ?? '')?.[1]?.trim() ?? null
    files.push({
      bytes: decode(text, BEGIN.lastIndex, end),
      filename,
      via: 'yenc',
      partial: /\btotal=(?!1\b)\d|\bpart=(?!1\b)\d/.test(m[1] ?? ''),
    })
    BEGIN.lastIndex = end
  }
  return files
}

function decode(text: string, from: number, to: number): Buffer {
  const out = Buffer.allocUnsafe(to - from)
  let length = 0
  for (let at = from; at < to; at++) {
    let code = text.charCodeAt(at)
    if (code === 0x0d || code === 0x0a) continue
    if (code === 0x3d) code = text.charCodeAt(++at) - 64
    out[length++] = (code - 42) & 0xff
  }
  return out.subarray(0, length)
}
