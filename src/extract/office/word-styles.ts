import type { ExtractContext } from '../format.ts'
import { attribute } from '../readers/xml-attributes.ts'
import { walkXml } from '../readers/xml-walker.ts'
import type { NumberingReference } from './list-numbering.ts'

/** What the styles of a Word document mean for its text: which hide it, and which number their paragraphs. */
export interface WordStyles {
  readonly hidden: ReadonlySet<string>
  /** The numbering of a paragraph style, inherited included. */
  numberingOf(style: string): NumberingReference | null
}

const OFF = /^(?:0|false|off)$/i
/** Styles based on styles: Word's own limit is ten or so. */
const INHERITANCE_MAX = 16

interface Style {
  basedOn: string
  numId: number | null
  level: number
}

export function readWordStyles(bytes: Buffer | null, context: ExtractContext): WordStyles {
  const hidden = new Set<string>()
  const styles = new Map<string, Style>()
  let id = ''
  let style: Style = { basedOn: '', numId: null, level: 0 }
  if (bytes) {
    walkXml(
      bytes,
      {
        open(name, attributes) {
          const value = attribute(attributes, 'val') ?? ''
          if (name === 'style') {
            id = attribute(attributes, 'styleId') ?? ''
            style = { basedOn: '', numId: null, level: 0 }
            styles.set(id, style)
          } else if (name === 'vanish' && id !== '' && !OFF.test(value)) hidden.add(id)
          else if (name === 'basedOn') style.basedOn = value
          else if (name === 'numId') style.numId = Number(value)
          else if (name === 'ilvl') style.level = Number(value)
        },
        close(name) {
          if (name === 'style') id = ''
        },
      },
      context,
    )
  }
  return {
    hidden,
    numberingOf(name) {
      let next = name
      for (let i = 0; i < INHERITANCE_MAX; i++) {
        const found = styles.get(next)
        if (!found) return null
        if (found.numId !== null) return { numId: found.numId, level: found.level, style: next }
        next = found.basedOn
      }
      return null
    },
  }
}
