import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * Shortcuts of Windows ([MS-SHLLINK]): all strings, that is where they point, arguments, descriptions, names of machines.
 * What stands behind the last block is data of its own.
 */
export const shortcut: Format = {
  id: 'lnk',
  types: ['application/x-ms-shortcut'],
  extract: (input, context) => extractShortcut(input, context),
}

const HEADER_BYTES = 76
const NAME_MIN_CHARS = 3
/** Flags of the header in the order of what follows it. */
const HAS_TARGET_LIST = 1
const HAS_LINK_INFO = 2
const STRING_FLAGS = [4, 8, 16, 32, 64]
const IS_UNICODE = 128
/** A block of four bytes or fewer ends them. */
const LAST_BLOCK_MAX_BYTES = 4

async function extractShortcut(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  const { strings, end } = walk(bytes)
  const link = bytes.subarray(HEADER_BYTES, end)
  const carved = [...carveUtf16(link, NAME_MIN_CHARS), ...carveLatin(link, NAME_MIN_CHARS)]
  context.text([...new Set([...strings, ...carved])].join('\n'))
  await extractTrailing(bytes.subarray(end), context)
}

/** The strings that have a place of their own, and where the link ends. Throws RangeError where it is cut off. */
function walk(bytes: Buffer): { strings: string[]; end: number } {
  const flags = bytes.readUInt32LE(20)
  const strings: string[] = []
  let at = HEADER_BYTES
  if (flags & HAS_TARGET_LIST) at += 2 + bytes.readUInt16LE(at)
  if (flags & HAS_LINK_INFO) at += bytes.readUInt32LE(at)
  for (const flag of STRING_FLAGS) {
    if (!(flags & flag)) continue
    const size = bytes.readUInt16LE(at) * (flags & IS_UNICODE ? 2 : 1)
    strings.push(bytes.subarray(at + 2, at + 2 + size).toString(flags & IS_UNICODE ? 'utf16le' : 'latin1'))
    at += 2 + size
  }
  for (
    let size = LAST_BLOCK_MAX_BYTES + 1;
    size > LAST_BLOCK_MAX_BYTES && at + 4 <= bytes.length;
    at += Math.max(4, size)
  )
    size = bytes.readUInt32LE(at)
  return { strings, end: Math.min(at, bytes.length) }
}
