/** What `xxd`, `hexdump -C` and `od -t x1` print: an offset, up to sixteen bytes in hexadecimal, their characters. */
import { decodedText } from './decoded-text.ts'
import type { View } from './view.ts'

const HEX = '[0-9A-Fa-f]'
const LINE_BYTES = 16
/** A dump goes on as another behind so many bytes. */
const DUMP_MAX_BYTES = 64 * 1024
/** Longer than any line of a dump. */
const LINE_MAX_CHARACTERS = 160
const LINE = new RegExp(`^(${HEX}{6,8})(:?) {1,2}((?:${HEX}{2}| (?=${HEX}{2})|(?<= ${HEX}{2})  (?=${HEX}{2} ))+)`)

export const hexDumpView: View = {
  name: 'hex',
  triggers: [{ regex: `${HEX}{6,8}:? {1,2}${HEX}{2}(?: ?${HEX}{2}){7}`, boundary: 'word' }],
  edit(text, start, triggerEnd) {
    const bytes: Buffer[] = []
    let end = triggerEnd
    let length = 0
    for (let at = start; at < text.length && length < DUMP_MAX_BYTES; ) {
      const shown = text.toString('latin1', at, at + LINE_MAX_CHARACTERS).split(/[\r\n]/, 1)[0] ?? ''
      const line = lineOf(shown)
      // The next line's offset says whether it goes on.
      if (!line || (bytes.length > 0 && line.offset !== firstOffset(text, start) + length)) break
      bytes.push(line.bytes)
      length += line.bytes.length
      end = at + shown.length
      at = end
      while (text[at] === 0x0d || text[at] === 0x0a) at++
    }
    const decoded = decodedText(Buffer.concat(bytes))
    if (!decoded) return null
    const { text: replacement, via, cut = false } = decoded
    return { start, end: Math.max(end, triggerEnd), replacement, via, cut }
  },
}

function firstOffset(text: Buffer, start: number): number {
  return Number.parseInt(text.toString('latin1', start, start + 8), 16)
}

interface DumpLine {
  readonly offset: number
  readonly bytes: Buffer
}

function lineOf(shown: string): DumpLine | null {
  const [, offset, , digits] = LINE.exec(shown) ?? []
  if (offset === undefined || digits === undefined) return null
  const bytes = Buffer.from(digits.replaceAll(' ', ''), 'hex').subarray(0, LINE_BYTES)
  return { offset: Number.parseInt(offset, 16), bytes }
}
