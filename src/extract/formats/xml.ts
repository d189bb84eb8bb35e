import { readEmbedded } from '../embedded/read-embedded.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { walkXml } from '../readers/xml-walker.ts'

/**
 * Any XML that is no document format of its own: text, attributes, CDATA, comments, processing instructions. Elements
 * stand on lines of their own, but text that runs on through an inline element stays together. No DTD is read.
 */
export const xml: Format = {
  id: 'xml',
  types: [
    'application/xml',
    'text/xml',
    'application/rss+xml',
    'application/atom+xml',
    'application/mathml+xml',
    'application/soap+xml',
  ],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const pieces: string[] = []
    const asides: string[] = []
    let glued = ''
    let broken = true
    try {
      walkXml(
        input.bytes,
        {
          open(_name, attributes) {
            broken = !/\S$/.test(glued)
            for (const [, value] of attributes.entries()) if (value.trim() !== '') asides.push(value)
          },
          text(piece) {
            if (piece === '') return
            if (broken && pieces.length > 0 && piece.trim() !== '') pieces.push('\n')
            if (piece.trim() !== '' || !broken) pieces.push(piece)
            glued = piece
            broken = broken && piece.trim() === ''
          },
          close() {
            // Text right behind a closing tag goes on; an element right behind it does not.
            broken = false
            glued = ''
          },
          aside(piece) {
            asides.push(piece)
          },
        },
        context,
      )
    } finally {
      context.text(pieces.join(''))
      context.text(asides.join('\n'))
    }
    const text = pieces.join('')
    await readEmbedded(text, context)
    if (asides.length > 0) await readEmbedded(asides.join('\n'), context)
  },
}
