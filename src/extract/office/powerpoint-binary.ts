import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { decodeCodePage } from '../readers/code-page.ts'
import { childNamed, type OleNode } from '../readers/compound-file.ts'
import { inflateBounded } from '../readers/inflate.ts'
import { OPENED_BY_DEFAULT } from './default-passwords.ts'
import { openPresentation } from './legacy-decryption.ts'
import { extractPictures } from './office-art.ts'
import { presentationLines, readPresentationRecords } from './powerpoint-records.ts'

/**
 * PowerPoint 97 to 2003 ([MS-PPT]): every text atom of the document stream in its order, that is slides, notes, masters,
 * comments, headers and earlier edits; words of shapes; embedded objects and pictures as children.
 */
const CRYPT_SESSION = 0x2f14
const ENCRYPTED_TOKEN = 0xf3d1c4df
const USER_EDIT = 4085
/** A user edit of this length names the session that its objects are encrypted with ([MS-PPT] 2.3.3). */
const SEALED_EDIT_BYTES = 32
const LONG_RUN_CHARS = 12

export async function readPowerPointBinary(root: OleNode, context: ExtractContext): Promise<void> {
  // A file for PowerPoint 95 and 97 at once has the newer one in a storage of its own.
  const dual = childNamed(root, 'PP97_DUALSTORAGE')
  if (dual?.isStorage) await readPowerPointBinary(dual, context)
  let bytes = childNamed(root, 'PowerPoint Document')?.read()
  if (!bytes || isPowerPoint95(root)) return readPowerPoint95(root, bytes, context)
  const user = childNamed(root, 'Current User')?.read()
  const isSealed = saysSealed(bytes, user)
  if (isSealed || hasRecord(bytes, CRYPT_SESSION)) {
    const opened = user ? openPresentation(bytes, user, context) : null
    if (opened === null) {
      context.uninspected('encrypted', 'RC4 CryptoAPI')
      return
    }
    context.trait('opened-with-password')
    if (opened.byDefault) context.uninspected('encrypted', OPENED_BY_DEFAULT)
    if (childNamed(root, 'Pictures')) context.uninspected('encrypted', 'pictures of the presentation')
    bytes = opened.bytes
  }
  const { objects, packages, lines, isBroken } = readPresentationRecords(bytes)
  if (isBroken) context.uninspected('corrupt', 'ppt records')
  if (lines.length > 0) context.text(lines.join('\n'))
  for (const [index, object] of objects.entries()) await extractObject(object, index, context)
  for (const [index, kept] of packages.entries())
    await context.child({ bytes: kept, filename: null, label: `[package ${index + 1}]` })
  const pictures = isSealed ? null : childNamed(root, 'Pictures')?.read()
  if (pictures) await extractPictures(pictures, context)
}

/** An embedded object: a compound file, deflated behind its length where the record's instance says so. */
async function extractObject(object: Buffer, index: number, context: ExtractContext): Promise<void> {
  const label = `[object ${index + 1}]`
  if (object.subarray(4, 8).toString('hex') === 'd0cf11e0') {
    return context.child({ bytes: object.subarray(4), filename: null, label })
  }
  const result = await inflateBounded('deflate', object.subarray(4), context)
  // Some writers leave the end of the deflated data out: all of it is there once the stated length is.
  const isWhole =
    result.problem === 'corrupt' && result.bytes.length > 0 && result.bytes.length === object.readUInt32LE(0)
  if (result.problem !== null && !isWhole) context.uninspected(result.problem, 'embedded object', label)
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

/** Whether the objects of the stream are encrypted: a mark in `Current User`, or what its last edit says. */
function saysSealed(bytes: Buffer, user: Buffer | undefined): boolean {
  if (!user || user.length < 20) return false
  if (user.readUInt32LE(12) === ENCRYPTED_TOKEN) return true
  const edit = user.readUInt32LE(16)
  if (edit + 8 > bytes.length || bytes.readUInt16LE(edit + 2) !== USER_EDIT) return false
  return bytes.readUInt32LE(edit + 4) === SEALED_EDIT_BYTES
}

/** PowerPoint 95 keeps a directory of its objects in a stream, which the later format has inside its document. */
function isPowerPoint95(root: OleNode): boolean {
  return childNamed(root, 'PersistentStorage Directory') !== undefined
}

/**
 * PowerPoint 95 and before have another structure: the text that 95 keeps beside its slides, what can be seen of the
 * rest, and that it is not all.
 */
function readPowerPoint95(root: OleNode, document: Buffer | undefined, context: ExtractContext): void {
  const bytes = document ?? childNamed(root, 'PP40')?.read()
  if (!bytes) {
    if (!childNamed(root, 'PP97_DUALSTORAGE')?.isStorage) context.uninspected('corrupt', 'ppt stream')
    return
  }
  const text = childNamed(root, 'Text_Content')?.read()
  if (text) context.text(presentationLines(decodeCodePage(text, 1252)))
  // Pictures in between give short runs by chance; they are wanted only where there is no better text.
  const minimum = text ? LONG_RUN_CHARS : undefined
  context.text([...carveLatin(bytes, minimum), ...carveUtf16(bytes, minimum)].join('\n'))
  context.uninspected('partial', 'PowerPoint 95')
}
