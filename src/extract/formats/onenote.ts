import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'

/**
 * OneNote sections ([MS-ONESTORE]): the format keeps text uncompressed, so its strings are carved, and embedded files
 * found by the GUID in front of them are children. Without the object tree nobody can say that this is all: `partial`.
 */
export const oneNote: Format = {
  id: 'one',
  types: ['application/onenote', 'application/msonenote'],
  extract: (input, context) => extractOneNote(input, context),
}

/** FileDataStoreObject's header, {BDE316E7-2665-4511-A4C4-8D4D0B7A9EAC} ([MS-ONESTORE] 2.6.13). */
const FILE_DATA = Buffer.from('e716e3bd65261145a4c48d4d0b7a9eac', 'hex')
const FILES_MAX = 1000

async function extractOneNote(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const words = new Set([...carveUtf16(bytes, 3), ...carveLatin(bytes, 6)])
  if (words.size > 0) context.text([...words].join('\n'))
  let at = bytes.indexOf(FILE_DATA)
  for (let count = 0; at >= 0 && at + 36 <= bytes.length && count < FILES_MAX; count++) {
    const length = Number(bytes.readBigUInt64LE(at + 16))
    const data = bytes.subarray(at + 36, at + 36 + length)
    if (data.length > 0) await context.child({ bytes: data, filename: null, label: `[file ${count + 1}]` })
    at = bytes.indexOf(FILE_DATA, at + 36 + data.length)
  }
  context.uninspected('partial', 'OneNote')
}
