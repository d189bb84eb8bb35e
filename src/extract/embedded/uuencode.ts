import type { EmbeddedFile } from './embedded-file.ts'

/** Uuencoded files and their base64 dialect (POSIX uuencode, `begin-base64`). A file without an end line is taken as far as it goes. */
const BEGIN = /^begin(-base64)? [0-7]{3,4} (.{1,255}?)\r?$/gm

export function findUuencoded(text: string): EmbeddedFile[] {
  const files: EmbeddedFile[] = []
  BEGIN.lastIndex = 0
  for (let m = BEGIN.exec(text); m; m = BEGIN.exec(text)) {
    const read = m[1] ? readBase64(text, BEGIN.lastIndex) : readLines(text, BEGIN.lastIndex)
    if (!read) continue
    files.push({ bytes: read.bytes, filename: (m[2] ?? '').trim(), via: 'uuencode' })
    BEGIN.lastIndex = read.end
  }
  return files
}

function readLines(text: string, from: number): { bytes: Buffer; end: number } | null {
  const pieces: Buffer[] = []
  let at = text.indexOf('\n', from) + 1
  while (at > 0 && at < text.length) {
    const lf = text.indexOf('\n', at)
    const end = lf < 0 ? text.length : lf
    const line = text.slice(at, text.charCodeAt(end - 1) === 0x0d ? end - 1 : end)
    if (/^(?:end|`)?\s*$/.test(line)) {
      if (line !== '`' && line !== '') return pieces.length > 0 ? { bytes: Buffer.concat(pieces), end } : null
    } else {
      const piece = decodeLine(line)
      if (!piece) break
      pieces.push(piece)
    }
    at = lf < 0 ? text.length : lf + 1
  }
  return pieces.length > 0 ? { bytes: Buffer.concat(pieces), end: at } : null
}

/** One line: a length character, then four characters for three bytes. Blanks at its end may have been stripped. */
function decodeLine(line: string): Buffer | null {
  const length = (line.charCodeAt(0) - 0x20) & 0x3f
  const needed = Math.ceil(length / 3) * 4
  if (length === 0 || line.length > needed + 3 || line.length < needed - 8) return null
  const out = Buffer.alloc(Math.ceil(length / 3) * 3)
  for (let i = 0, o = 0; i < needed; i += 4, o += 3) {
    const bits = (six(line, i + 1) << 18) | (six(line, i + 2) << 12) | (six(line, i + 3) << 6) | six(line, i + 4)
    out[o] = bits >> 16
    out[o + 1] = (bits >> 8) & 0xff
    out[o + 2] = bits & 0xff
  }
  return out.subarray(0, length)
}

function six(line: string, at: number): number {
  return at < line.length ? (line.charCodeAt(at) - 0x20) & 0x3f : 0
}

function readBase64(text: string, from: number): { bytes: Buffer; end: number } | null {
  const stop = text.indexOf('\n====', from)
  const end = stop < 0 ? text.length : stop
  const bytes = Buffer.from(text.slice(from, end), 'base64')
  return bytes.length > 0 ? { bytes, end } : null
}
