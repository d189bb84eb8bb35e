import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { extractPackage } from '../office/ole-package.ts'
import { isBookkeeping, labelProperties } from '../office/property-labels.ts'
import { readRtf } from '../office/rtf-reader.ts'
import type { RtfObject } from '../office/rtf-reading.ts'

/**
 * Rich Text Format: the text, then what is hidden, deleted, in fields, properties and unknown destinations; embedded
 * objects, packages and pictures as children, as well as the HTML that mail programs wrap in RTF.
 */
export const rtf: Format = {
  id: 'rtf',
  types: ['text/rtf', 'application/rtf', 'text/richtext'],
  extract: (input, context) => extractRtf(input, context),
}

async function extractRtf(input: FormatInput, context: ExtractContext): Promise<void> {
  const reading = readRtf(Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength))
  if (reading.tooDeep) context.uninspected('too-deep', 'rtf groups')
  if (reading.hasHidden) context.trait('hidden-content')
  context.text(reading.text.replace(/\t+\n/g, '\n'))
  const lines = [...new Set(reading.asides)]
  for (const [name, value] of reading.properties) if (!isBookkeeping(name)) lines.push(`${name}: ${value}`)
  if (lines.length > 0) context.text(lines.join('\n'))
  labelProperties(reading.properties, context)
  if (reading.html !== '') {
    await context.child({
      bytes: Buffer.from(reading.html, 'utf8'),
      filename: null,
      label: '[html]',
      declaredType: 'text/html',
      parameters: { charset: 'utf-8' },
    })
  }
  for (const object of reading.objects.slice(0, limits.extractPartsMax)) await extractObject(object, context)
  for (const [index, picture] of reading.pictures.slice(0, limits.extractPartsMax).entries()) {
    await context.child({ bytes: picture.bytes, filename: `picture${index + 1}.${picture.extension}` })
  }
}

/** OLE 1 embedding ([MS-OLEDS] 2.2.5): version, kind, three strings, length, data. */
async function extractObject(object: RtfObject, context: ExtractContext): Promise<void> {
  const { bytes } = object
  let at = 8
  const string = (): string => {
    if (at + 4 > bytes.length) return ''
    const length = bytes.readUInt32LE(at)
    const text = bytes.toString('latin1', at + 4, at + 4 + length).replace(/\0.*$/s, '')
    at += 4 + length
    return text
  }
  const kind = bytes.length >= 8 ? bytes.readUInt32LE(4) : 0
  const className = string()
  const topic = string()
  const item = string()
  const isEmbedded = kind === 2 && at + 4 <= bytes.length
  if (topic || item) context.text([topic, item].filter(Boolean).join('\n'))
  if (!isEmbedded) {
    if (bytes.length > 0) await context.child({ bytes, filename: null, label: '[object]' })
    return
  }
  const size = bytes.readUInt32LE(at)
  const data = bytes.subarray(at + 4, at + 4 + size)
  if (/^package$/i.test(className)) await extractPackage(Buffer.concat([Buffer.alloc(4), data]), context)
  else await context.child({ bytes: data, filename: null, label: '[object]' })
}
