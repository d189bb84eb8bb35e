/**
 * Characters that show nothing or only decorate their neighbour, inside of words and numbers: zero-width and
 * bidirectional controls, soft hyphens, variation selectors, tags, enclosing and overlaid marks.
 */
import { characterLength, codePointAt, nextNonAscii } from './unicode-view.ts'
import type { Edit, View } from './view.ts'

const INVISIBLE: readonly (readonly [from: number, to: number])[] = [
  [0xad, 0xad],
  [0x300, 0x338],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x20d0, 0x20f0],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffc],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
]

export const invisibleView: View = {
  name: 'invisible',
  triggers: [],
  edit: () => null,
  editsOf(text) {
    const edits: Edit[] = []
    for (let at = nextNonAscii(text, 0); at < text.length; at = nextNonAscii(text, at)) {
      const start = at
      while (at < text.length && (text[at] as number) >= 0x80) {
        const length = characterLength(text[at] as number)
        if (!isInvisible(codePointAt(text, at, length))) break
        at += length
      }
      if (at === start) at += characterLength(text[at] as number)
      else if (insideWord(text, start, at)) edits.push({ start, end: at, replacement: NOTHING })
    }
    return edits
  },
}

const NOTHING = new Uint8Array(0)

function isInvisible(code: number): boolean {
  return INVISIBLE.some(([from, to]) => code >= from && code <= to)
}

/** Emoji and scripts that join letters need these characters; hiding ASCII does not. */
function insideWord(text: Buffer, start: number, end: number): boolean {
  const before = text[start - 1] ?? 0x20
  const after = text[end] ?? 0x20
  return (before > 0x20 && before < 0x7f) || (after > 0x20 && after < 0x7f)
}
