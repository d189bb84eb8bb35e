import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'
import { inflateBounded } from '../readers/inflate.ts'

/** Office drawings ([MS-ODRAW]): words in the properties of shapes, and the pictures of a picture store. */
const TEXT_PROPERTIES = new Set([0x00c0, 0x0380, 0x0381, 0x0382, 0x038d])
const PROPERTY_RECORDS = new Set([0xf00b, 0xf121, 0xf122])
/** What programs name a shape when nobody does. */
const AUTOMATIC = /^(?:Picture|Text Box|TextBox|Rectangle|Group|Line|AutoShape|Object|Chart|Oval|Freeform)\s*\d*$/i

/** Names, descriptions, WordArt and tooltips of the shapes in a run of drawing records. */
export function drawingWords(bytes: Buffer): string[] {
  const words: string[] = []
  let at = 0
  for (let count = 0; at + 8 <= bytes.length; count++) {
    if (count >= limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'drawing records')
    const version = bytes.readUInt16LE(at)
    const type = bytes.readUInt16LE(at + 2)
    const length = bytes.readUInt32LE(at + 4)
    at += 8
    if ((version & 0xf) === 0xf) continue
    if (PROPERTY_RECORDS.has(type)) words.push(...propertyWords(bytes.subarray(at, at + length), version >> 4))
    at += length
  }
  return words
}

/** A property table: `count` fixed entries, then the complex data in their order. */
export function propertyWords(table: Buffer, count: number): string[] {
  const words: string[] = []
  let data = count * 6
  for (let i = 0; i < count && i * 6 + 6 <= table.length; i++) {
    const id = table.readUInt16LE(i * 6)
    if ((id & 0x8000) === 0) continue
    const length = table.readUInt32LE(i * 6 + 2)
    if (TEXT_PROPERTIES.has(id & 0x3fff)) {
      const text = table
        .subarray(data, data + length)
        .toString('utf16le')
        .replace(/\0+$/, '')
        .trim()
      if (text !== '' && !AUTOMATIC.test(text)) words.push(text)
    }
    data += length
  }
  return words
}

const EXTENSIONS: Readonly<Record<number, string>> = {
  61466: 'emf',
  61467: 'wmf',
  61468: 'pict',
  61469: 'jpg',
  61470: 'png',
  61471: 'dib',
  61481: 'tif',
  61482: 'jpg',
}

/** The pictures in a store of blips, each a child. */
export async function extractPictures(bytes: Buffer, context: ExtractContext): Promise<void> {
  let at = 0
  for (let count = 0; at + 8 <= bytes.length && count < limits.extractPartsMax; count++) {
    const instance = bytes.readUInt16LE(at) >> 4
    const type = bytes.readUInt16LE(at + 2)
    const length = bytes.readUInt32LE(at + 4)
    const extension = EXTENSIONS[type]
    if (extension === undefined) return
    const blip = bytes.subarray(at + 8, at + 8 + length)
    at += 8 + length
    await extractBlip(blip, type, instance, `picture${count + 1}.${extension}`, context)
  }
}

async function extractBlip(
  blip: Buffer,
  type: number,
  instance: number,
  filename: string,
  context: ExtractContext,
): Promise<void> {
  // An odd instance says that a second checksum stands in front ([MS-ODRAW] 2.2.23 and on).
  const checksums = (instance & 1) === 1 ? 32 : 16
  const isMetafile = type <= 0xf01c
  if (!isMetafile) return context.child({ bytes: blip.subarray(checksums + 1), filename })
  const data = blip.subarray(checksums + 34)
  if (blip[checksums + 32] !== 0) return context.child({ bytes: data, filename })
  const result = await inflateBounded('deflate', data, context)
  if (result.problem !== null) context.uninspected(result.problem, 'picture', filename)
  if (result.bytes.length > 0) await context.child({ bytes: result.bytes, filename })
}
