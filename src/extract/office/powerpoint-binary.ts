import { limits } from '../../core/limits.ts'
import { type ExtractContext, ExtractLimitError } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { childNamed, type OleNode } from '../readers/compound-file.ts'
import { inflateBounded } from '../readers/inflate.ts'
import { openPresentation } from './legacy-decryption.ts'
import { extractPictures, propertyWords } from './office-art.ts'

/**
 * PowerPoint 97 to 2003 ([MS-PPT]): every text atom of the document stream in its order, that is slides, notes, masters,
 * comments, headers and earlier edits; words of shapes; embedded objects and pictures as children.
 */
const TEXT_CHARS = 4000
const TEXT_BYTES = 4008
const C_STRING = 4026
const OLE_OBJECT = 4113
const BINARY_TAG = 5003
const CRYPT_SESSION = 0x2f14
const SHAPE_PROPERTIES = new Set([0xf00b, 0xf121, 0xf122])
const ENCRYPTED_TOKEN = 0xf3d1c4df

export async function readPowerPointBinary(root: OleNode, context: ExtractContext): Promise<void> {
  let bytes = childNamed(root, 'PowerPoint Document')?.read()
  if (!bytes) return readPowerPoint95(root, context)
  const user = childNamed(root, 'Current User')?.read()
  const isSealed = user && user.length >= 16 && user.readUInt32LE(12) === ENCRYPTED_TOKEN
  if (isSealed || hasRecord(bytes, CRYPT_SESSION)) {
    const opened = user ? openPresentation(bytes, user, context) : null
    if (opened === null) {
      context.uninspected('encrypted', 'RC4 CryptoAPI')
      return
    }
    context.trait('opened-with-password')
    if (childNamed(root, 'Pictures')) context.uninspected('encrypted', 'pictures of the presentation')
    bytes = opened
  }
  const { objects, lines, isBroken } = readRecords(bytes)
  if (isBroken) context.uninspected('corrupt', 'ppt records')
  if (lines.length > 0) context.text(lines.join('\n'))
  for (const [index, object] of objects.entries()) await extractObject(object, index, context)
  const pictures = isSealed ? null : childNamed(root, 'Pictures')?.read()
  if (pictures) await extractPictures(pictures, context)
}

interface Records {
  readonly objects: Buffer[]
  readonly lines: string[]
  readonly isBroken: boolean
}

/** Every record of a stream, containers opened, in the order of the bytes. `inTag`: tags in it are containers, too. */
function readRecords(bytes: Buffer, inTag = false): Records {
  const objects: Buffer[] = []
  const lines: string[] = []
  let isBroken = false
  let at = 0
  for (let count = 0; at + 8 <= bytes.length; count++) {
    if (count > limits.extractRecordsMax) throw new ExtractLimitError('too-many', 'ppt records')
    const head = bytes.readUInt16LE(at)
    const type = bytes.readUInt16LE(at + 2)
    const length = bytes.readUInt32LE(at + 4)
    at += 8
    if ((head & 0xf) === 0xf || (inTag && type === BINARY_TAG)) continue
    if (at + length > bytes.length) isBroken = true
    const data = bytes.subarray(at, at + length)
    at += length
    if (type === OLE_OBJECT) objects.push(head >> 4 === 1 ? data : Buffer.concat([Buffer.alloc(4), data]))
    else if (SHAPE_PROPERTIES.has(type)) lines.push(...propertyWords(data, head >> 4))
    // Records of later versions, comments among them, in what older ones take for a blob; add-ins put other things there.
    else if (type === BINARY_TAG) for (const line of readRecords(data, true).lines) lines.push(line)
    else {
      const text = textOf(type, data)
      if (text !== '') lines.push(text)
    }
  }
  return { objects, lines, isBroken }
}

function textOf(type: number, data: Buffer): string {
  switch (type) {
    case TEXT_CHARS:
    case C_STRING:
      return asLines(data.toString('utf16le'))
    case TEXT_BYTES:
      return asLines(data.toString('latin1'))
    default:
      return ''
  }
}

/** A carriage return ends a paragraph, a vertical tab a line. */
function asLines(text: string): string {
  return text
    .replace(/[\r\v]/g, '\n')
    .replace(/\0/g, '')
    .trimEnd()
}

/** An embedded object: a compound file, deflated behind its length where the record's instance says so. */
async function extractObject(object: Buffer, index: number, context: ExtractContext): Promise<void> {
  const label = `[object ${index + 1}]`
  if (object.subarray(4, 8).toString('hex') === 'd0cf11e0') {
    return context.child({ bytes: object.subarray(4), filename: null, label })
  }
  const result = await inflateBounded('deflate', object.subarray(4), context)
  if (result.problem !== null) context.uninspected(result.problem, 'embedded object', label)
  if (result.bytes.length > 0) await context.child({ bytes: result.bytes, filename: null, label })
}

function hasRecord(bytes: Buffer, wanted: number): boolean {
  let at = 0
  for (let count = 0; at + 8 <= bytes.length && count < limits.extractRecordsMax; count++) {
    const isContainer = (bytes.readUInt16LE(at) & 0xf) === 0xf
    if (bytes.readUInt16LE(at + 2) === wanted) return true
    at += 8 + (isContainer ? 0 : bytes.readUInt32LE(at + 4))
  }
  return false
}

/** PowerPoint 95 and before have another structure: what can be seen of it, and that it is not all. */
function readPowerPoint95(root: OleNode, context: ExtractContext): void {
  const bytes = childNamed(root, 'PP40')?.read() ?? childNamed(root, 'PP97_DUALSTORAGE')?.read()
  if (!bytes) {
    context.uninspected('corrupt', 'ppt stream')
    return
  }
  context.text([...carveLatin(bytes), ...carveUtf16(bytes)].join('\n'))
  context.uninspected('partial', 'PowerPoint 95')
}
