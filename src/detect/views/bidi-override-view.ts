/** Text behind a right-to-left override (U+202E, UAX 9) as it is shown: its characters in the opposite order. */
import type { Edit, View } from './view.ts'

const OVERRIDE = Buffer.from('\u202e')
/** What ends it: a pop, an isolate's end, or the paragraph. */
const END = /[\u202c\u2069\r\n]/
/** Longer ones are taken as so long. */
const OVERRIDDEN_MAX_BYTES = 1_024

export const bidiOverrideView: View = {
  name: 'reversed',
  triggers: [],
  edit: () => null,
  editsOf(text) {
    const edits: Edit[] = []
    for (let at = text.indexOf(OVERRIDE); at >= 0; at = text.indexOf(OVERRIDE, edits.at(-1)?.end ?? at)) {
      const from = at + OVERRIDE.length
      const [shown = ''] = text.toString('utf8', from, from + OVERRIDDEN_MAX_BYTES).split(END, 1)
      const end = Math.min(text.length, from + Buffer.byteLength(shown))
      edits.push({ start: at, end, replacement: Buffer.from([...shown].reverse().join('')) })
    }
    return edits
  },
}
