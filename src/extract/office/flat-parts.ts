import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'
import { decodeEntities } from '../readers/xml-attributes.ts'

/** Parts of a "flat OPC" file, and its text without them. Linear; broken markup ends the part it stands in. */
export interface FlatPart {
  readonly name: string
  readonly type: string
  readonly data: Buffer
}

const PART = /<(?:[\w.-]+:)?part\b([^<>]*)>/g
const CONTENT = /\s*<((?:[\w.-]+:)?(xmlData|binaryData))\b[^<>]*>/y

export function flatParts(text: string): { readonly parts: readonly FlatPart[]; readonly rest: string } {
  const parts: FlatPart[] = []
  const rest: string[] = []
  let done = 0
  PART.lastIndex = 0
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    CONTENT.lastIndex = PART.lastIndex
    const content = CONTENT.exec(text)
    if (!content) continue
    if (parts.length >= limits.extractArchiveEntriesMax) throw new ExtractLimitError('too-many', 'parts')
    const found = text.indexOf(`</${content[1]}`, CONTENT.lastIndex)
    const end = found < 0 ? text.length : found
    const inner = text.slice(CONTENT.lastIndex, end)
    const data = content[2] === 'xmlData' ? Buffer.from(inner, 'utf8') : Buffer.from(inner, 'base64')
    parts.push({ name: attributeOf(part[1], 'name'), type: attributeOf(part[1], 'contentType'), data })
    rest.push(text.slice(done, CONTENT.lastIndex))
    done = end
    PART.lastIndex = end
  }
  return { parts, rest: [...rest, text.slice(done)].join('') }
}

/** As written, without quotation marks, so that it can be an attribute again. */
function attributeOf(attributes: string | undefined, name: string): string {
  const value = new RegExp(`(?:^|[\\s:])${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes ?? '')
  return decodeEntities(value?.[1] ?? value?.[2] ?? '').replace(/["<>&]/g, '')
}
