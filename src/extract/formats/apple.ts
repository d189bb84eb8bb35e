import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { readBinaryPlist } from '../readers/binary-plist.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { decodeName } from '../readers/entry-name.ts'

/**
 * What macOS puts beside files in archives and mail: AppleSingle and AppleDouble (RFC 1740, appendix A and B), whose
 * entries are the data fork, the resource fork, the name, comments and extended attributes; `.DS_Store`, the names of a
 * folder's files and how it is shown; and binary property lists. Strings are read; a data fork is a file of its own, as
 * is a resource fork too large for an icon and settings, and data in a property list.
 */
export const appleDouble: Format = {
  id: 'apple-double',
  types: ['application/applefile', 'application/x-applesingle'],
  extract: (input, context) => extractEntries(input, context),
}

export const dsStore: Format = {
  id: 'ds-store',
  types: ['application/x-apple-ds-store'],
  extract: (input, context) => {
    const bytes = input.bytes.subarray(0, limits.extractCarveMaxBytes)
    context.text([...carveUtf16(bytes, 2, 'be'), ...carveLatin(bytes)].join('\n'))
    if (bytes.length < input.bytes.length) context.uninspected('too-large', 'ds-store')
  },
}

export const propertyList: Format = {
  id: 'plist',
  types: ['application/vnd.apple.binary-plist'],
  extract: async (input, context) => {
    const list = readBinaryPlist(Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength))
    if (list === null) return context.uninspected('corrupt', 'plist')
    if (list.isPartial) context.uninspected('corrupt', 'plist objects')
    context.text(list.texts.join('\n'))
    for (const data of list.data) await context.child({ bytes: data, filename: null })
  },
}

const ENTRY_DATA = 1
const ENTRY_RESOURCES = 2
const ENTRY_NAME = 3
/** Custom icons and the settings of old programs stay under it. */
const FORK_MAX_BYTES = 64 * 1024
const HEADER_BYTES = 26

async function extractEntries(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  if (bytes.length < HEADER_BYTES) return context.uninspected('corrupt', 'apple header')
  const count = bytes.readUInt16BE(24)
  for (let i = 0, at = HEADER_BYTES; i < count; i++, at += 12) {
    if (at + 12 > bytes.length || !context.budget.hasTime()) return context.uninspected('corrupt', 'apple entries')
    const start = bytes.readUInt32BE(at + 4)
    const length = bytes.readUInt32BE(at + 8)
    if (start + length > bytes.length) context.uninspected('corrupt', 'apple entries')
    await takeEntry(bytes.readUInt32BE(at), bytes.subarray(start, start + length), context)
  }
}

async function takeEntry(id: number, data: Buffer, context: ExtractContext): Promise<void> {
  if (data.length === 0) return
  if (id === ENTRY_DATA) return await context.child({ bytes: data, filename: null, label: '[data]' })
  if (id === ENTRY_NAME) return context.text(decodeName(data, 'macintosh'))
  if (data.length > FORK_MAX_BYTES)
    return await context.child({
      bytes: data,
      filename: null,
      label: id === ENTRY_RESOURCES ? '[resources]' : `[entry ${id}]`,
      traits: ['hidden-content'],
    })
  // Extended attributes stand behind the Finder's information: where a file came from, tags, comments.
  context.text([...carveLatin(data), ...carveUtf16(data, 3), ...carveUtf16(data, 3, 'be')].join('\n'))
}
