import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { readZipDirectory } from '../readers/zip-directory.ts'
import { propertyWords } from './office-art.ts'

/**
 * Records of a PowerPoint document stream ([MS-PPT] 2.3): texts in the order of the bytes, whatever object they belong
 * to, embedded objects, and packages that later versions keep for themselves. A record that doesn't fit into its
 * container is told, and reading goes on behind that container; then what looks like text anywhere is taken, too.
 */
export interface PresentationRecords {
  readonly objects: readonly Buffer[]
  /** Layouts and masters of PowerPoint 2007 and later, as ZIP archives, and whatever other ones there are. */
  readonly packages: readonly Buffer[]
  readonly lines: readonly string[]
  readonly isBroken: boolean
}

const TEXT_CHARS = 4000
const TEXT_BYTES = 4008
const C_STRING = 4026
const OLE_OBJECT = 4113
const BINARY_TAG = 5003
const SHAPE_PROPERTIES = new Set([0xf00b, 0xf121, 0xf122])
const HEADER_BYTES = 8
const ZIP_SIGNATURE = 0x04034b50
/** Of a package that is about the look of slides: what it is made of. */
const STYLE_PART = /^(?:\[Content_Types\]\.xml|tableStyles\.xml|(?:drs\/)?(?:_rels|theme)\/.*|drs\/(?:downrev\.xml)?)$/

/** @throws ExtractLimitError where there are more records than `limits.extractRecordsMax` */
export function readPresentationRecords(bytes: Buffer): PresentationRecords {
  const reader = new RecordReader(bytes, false)
  reader.read()
  if (reader.isBroken) for (const line of [...carveUtf16(bytes), ...carveLatin(bytes)]) reader.lines.push(line)
  return reader
}

class RecordReader implements PresentationRecords {
  readonly objects: Buffer[] = []
  readonly packages: Buffer[] = []
  readonly lines: string[] = []
  isBroken = false
  readonly #bytes: Buffer
  /** Tags in a tag are containers, too. */
  readonly #inTag: boolean

  constructor(bytes: Buffer, inTag: boolean) {
    this.#bytes = bytes
    this.#inTag = inTag
  }

  read(): void {
    const bytes = this.#bytes
    const ends = [bytes.length]
    let at = 0
    for (let count = 0; ; count++) {
      if (count > limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'ppt records')
      const within = ends[ends.length - 1] ?? 0
      if (at + HEADER_BYTES > within) {
        if (ends.pop() === undefined || ends.length === 0) return
        at = within
        continue
      }
      const head = bytes.readUInt16LE(at)
      const type = bytes.readUInt16LE(at + 2)
      const length = bytes.readUInt32LE(at + 4)
      if (ends.length === 1 && head === 0 && type === 0 && length === 0) {
        // Saving starts anew at a boundary and leaves zeros before it.
        at = endOfZeros(bytes, at)
        continue
      }
      const start = at + HEADER_BYTES
      const end = Math.min(start + length, within)
      if (start + length > within) this.isBroken = true
      const isPackage = end - start > 4 && bytes.readUInt32LE(start) === ZIP_SIGNATURE
      if (!isPackage && ((head & 0xf) === 0xf || (this.#inTag && type === BINARY_TAG))) {
        ends.push(end)
        at = start
        continue
      }
      this.#take(head >> 4, type, bytes.subarray(start, end), isPackage)
      at = end
    }
  }

  #take(instance: number, type: number, data: Buffer, isPackage: boolean): void {
    if (isPackage) {
      if (!isStyle(data)) this.packages.push(data)
    } else if (type === OLE_OBJECT) this.objects.push(instance === 1 ? data : Buffer.concat([Buffer.alloc(4), data]))
    else if (SHAPE_PROPERTIES.has(type)) this.lines.push(...propertyWords(data, instance))
    else if (type === BINARY_TAG) {
      // Records of later versions, comments among them, in what older ones take for a blob; add-ins put other things there.
      const inner = new RecordReader(data, true)
      inner.read()
      for (const line of inner.lines) this.lines.push(line)
      this.objects.push(...inner.objects)
      this.packages.push(...inner.packages)
    } else {
      const text = textOf(type, data)
      if (text !== '') this.lines.push(text)
    }
  }
}

/** Whether a package holds nothing but themes and table styles, so that no words are lost with it. */
function isStyle(data: Buffer): boolean {
  const { entries, gaps, problems } = readZipDirectory(data)
  const names = entries.map(({ name }) => name)
  return names.length > 0 && gaps.length === 0 && problems.length === 0 && names.every((name) => STYLE_PART.test(name))
}

function endOfZeros(bytes: Buffer, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] === 0) at += 1
  return at
}

function textOf(type: number, data: Buffer): string {
  switch (type) {
    case TEXT_CHARS:
    case C_STRING:
      return presentationLines(data.toString('utf16le'))
    case TEXT_BYTES:
      return presentationLines(data.toString('latin1'))
    default:
      return ''
  }
}

/** A carriage return ends a paragraph, a vertical tab a line. */
export function presentationLines(text: string): string {
  return text
    .replace(/[\r\v]/g, '\n')
    .replace(/\0/g, '')
    .trimEnd()
}
