import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { childNamed, type OleNode } from '../readers/compound-file.ts'
import { writeCompoundFile } from '../readers/compound-file-writer.ts'
import {
  extractBodies,
  MAPI,
  type MapiProperty,
  mapiString,
  mapiWords,
  TYPE_BINARY,
  TYPE_OBJECT,
  TYPE_STRING8,
  TYPE_UNICODE,
} from './mapi-message.ts'

/**
 * Outlook messages and templates ([MS-OXMSG]): header words, bodies, recipients; attachments, embedded messages and
 * embedded objects as children. Properties that can't be read are left out; a storage too deep is told by its reader.
 */
const SUBSTREAM = /^__substg1\.0_([0-9A-F]{4})([0-9A-F]{4})$/i

export async function readOutlookMessage(root: OleNode, context: ExtractContext): Promise<void> {
  const properties = propertiesOf(root)
  const page = codePageOf(root)
  const words = mapiWords(properties, page)
  if (words !== '') context.text(words)
  await extractBodies(properties, page, context)
  const recipients: string[] = []
  let attachments = 0
  for (const child of root.children) {
    if (!child.isStorage) continue
    if (/^__recip_version1\.0_/i.test(child.name)) recipients.push(mapiWords(propertiesOf(child), page))
    if (!/^__attach_version1\.0_/i.test(child.name)) continue
    if (++attachments > limits.extractPartsMax) break
    await extractAttachment(child, page, context)
  }
  if (recipients.length > 0) context.text(recipients.join('\n'))
  if (recipients.length < stated(root, 16) || attachments < stated(root, 20))
    context.uninspected('corrupt', 'msg storages')
}

/** How many recipients (16) or attachments (20) there should be ([MS-OXMSG] 2.4.1.1). */
function stated(root: OleNode, at: number): number {
  const table = childNamed(root, '__properties_version1.0')?.read()
  return table && table.length >= 32 ? table.readUInt32LE(at) : 0
}

function propertiesOf(storage: OleNode): MapiProperty[] {
  const properties: MapiProperty[] = []
  for (const child of storage.children) {
    const match = SUBSTREAM.exec(child.name)
    if (!match || child.isStorage) continue
    const type = Number.parseInt(match[2] ?? '', 16)
    if (type !== TYPE_STRING8 && type !== TYPE_UNICODE && type !== TYPE_BINARY) continue
    properties.push({ id: Number.parseInt(match[1] ?? '', 16), type, data: child.read() })
  }
  return properties.sort((a, b) => rank(a) - rank(b) || a.id - b.id)
}

/** The subject comes first, whatever its number. */
function rank(property: MapiProperty): number {
  return property.id === MAPI.subject ? 0 : 1
}

/** Fixed-length properties stand in a table of 16-byte rows: tag, flags, value ([MS-OXMSG] 2.4.2.1). */
function codePageOf(storage: OleNode): number {
  const table = childNamed(storage, '__properties_version1.0')?.read() ?? Buffer.alloc(0)
  let found = 0
  for (const start of [32, 24, 8]) {
    for (let at = start; at + 16 <= table.length; at += 16) {
      const id = table.readUInt16LE(at + 2)
      if (table.readUInt16LE(at) !== 3) continue
      if (id === MAPI.messageCodePage && found === 0) found = table.readUInt32LE(at + 8)
      if (id === MAPI.internetCodePage) found = table.readUInt32LE(at + 8)
    }
    if (found !== 0) return found
  }
  return 1252
}

async function extractAttachment(storage: OleNode, page: number, context: ExtractContext): Promise<void> {
  const properties = propertiesOf(storage)
  const byId = (id: number) => properties.find((property) => property.id === id)
  const nameOf = (id: number) => {
    const property = byId(id)
    return property ? mapiString(property, page).trim() : ''
  }
  const filename = nameOf(MAPI.attachLongName) || nameOf(MAPI.attachName) || nameOf(MAPI.displayName) || null
  const declaredType = nameOf(MAPI.attachMime).toLowerCase() || null
  const data = byId(MAPI.attachData)
  if (data && data.type === TYPE_BINARY) {
    await context.child({ bytes: data.data, filename, declaredType, traits: ['attachment'] })
  }
  const object = storage.children.find((child) => child.isStorage && isObject(child.name))
  if (!object) return
  const bytes = writeCompoundFile(object)
  if (bytes === null || !context.budget.inflate(bytes.length)) {
    context.uninspected('too-large', 'embedded message', filename ?? undefined)
    return
  }
  await context.child({ bytes, filename, declaredType, traits: ['attachment'] })
}

function isObject(name: string): boolean {
  const match = SUBSTREAM.exec(name)
  return (
    Number.parseInt(match?.[1] ?? '', 16) === MAPI.attachData && Number.parseInt(match?.[2] ?? '', 16) === TYPE_OBJECT
  )
}
