import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'

/**
 * Programs: the archives that self-extractors carry behind their code are parts, and the strings in the clear are read.
 * What the code itself does or holds nobody can tell, so a program is always `unsupported` as well. (A zip behind a
 * program is found when the type is looked at.)
 */
export const program: Format = {
  id: 'program',
  types: [
    'application/vnd.microsoft.portable-executable',
    'application/x-dosexec',
    'application/x-elf',
    'application/x-mach-binary',
  ],
  extract: (input, context) => extractProgram(input, context),
}

const ARCHIVES: readonly Buffer[] = [
  Buffer.from('377abcaf271c', 'hex'),
  Buffer.from('526172211a07', 'hex'),
  // Cabinets: the mark, a reserved field of zeros.
  Buffer.from('4d53434600000000', 'hex'),
]
/** The mark stands in the code of an extractor too: an archive has at least its header behind it. */
const ARCHIVE_MIN_BYTES = 32
const ARCHIVES_MAX = 16

async function extractProgram(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  context.uninspected('unsupported', input.sniffedType)
  const head = bytes.subarray(0, limits.extractCarveMaxBytes)
  context.text([...carveLatin(head), ...carveUtf16(head)].join('\n'))
  for (const start of archiveStarts(bytes)) {
    context.trait('trailing-data')
    await context.child({ bytes: bytes.subarray(start), filename: null, label: '[archive]', traits: ['attachment'] })
  }
}

/** Where archives begin, the first of each kind that looks like one. */
function archiveStarts(bytes: Buffer): number[] {
  const starts: number[] = []
  for (const mark of ARCHIVES) {
    let count = 0
    for (let at = bytes.indexOf(mark, 1); at >= 0 && count < ARCHIVES_MAX; at = bytes.indexOf(mark, at + 1), count++) {
      if (at + ARCHIVE_MIN_BYTES > bytes.length || !looksWhole(bytes, at)) continue
      starts.push(at)
      break
    }
  }
  return starts
}

/** What the header says of its own version, and of places and sizes, fits. */
function looksWhole(bytes: Buffer, at: number): boolean {
  switch (bytes[at]) {
    case 0x37:
      return bytes[at + 6] === 0 && Number(bytes.readBigUInt64LE(at + 12)) <= bytes.length - at
    case 0x52:
      return bytes[at + 6] === 0 || (bytes[at + 6] === 1 && bytes[at + 7] === 0)
    default:
      return bytes.readUInt32LE(at + 8) <= bytes.length - at
  }
}
