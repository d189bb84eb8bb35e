import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
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
} from '../office/mapi-message.ts'
import { decodeCodePage } from '../readers/code-page.ts'

/**
 * TNEF, the `winmail.dat` of Outlook ([MS-OXTNEF]): the words and bodies of the message, attachments and embedded
 * messages as children. What was read before a fault is kept and the rest told as `corrupt`.
 */
export const tnef: Format = {
  id: 'tnef',
  types: ['application/vnd.ms-tnef', 'application/ms-tnef'],
  extract: (input, context) => extractTnef(input, context),
}

const SIGNATURE = 0x223e9f78
const ATTRIBUTE = {
  subject: 0x18004,
  body: 0x2800c,
  messageProperties: 0x69003,
  recipients: 0x69004,
  attachRendering: 0x69002,
  attachData: 0x6800f,
  attachTitle: 0x18010,
  attachProperties: 0x69005,
  codePage: 0x69007,
} as const

interface Attachment {
  title: string
  data: Buffer | null
  properties: MapiProperty[]
}

async function extractTnef(input: FormatInput, context: ExtractContext): Promise<void> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== SIGNATURE) {
    context.uninspected('corrupt', 'tnef header')
    return
  }
  const attachments: Attachment[] = []
  let page = 1252
  let at = 6
  while (at + 9 <= bytes.length) {
    const id = bytes.readUInt32LE(at + 1)
    const length = bytes.readUInt32LE(at + 5)
    const end = at + 9 + length
    if (end > bytes.length) context.uninspected('corrupt', 'tnef attribute')
    const data = bytes.subarray(at + 9, Math.min(end, bytes.length))
    at = end + 2
    if (attachments.length > limits.extractPartsMax) break
    const current = attachments.at(-1)
    switch (id) {
      case ATTRIBUTE.codePage:
        page = data.length >= 4 ? data.readUInt32LE(0) : page
        break
      case ATTRIBUTE.subject:
        context.text(decodeCodePage(data, page).replace(/\0+$/, ''))
        break
      case ATTRIBUTE.body:
        context.text(decodeCodePage(data, page).replace(/\0+$/, ''))
        break
      case ATTRIBUTE.messageProperties:
        await extractProperties(readProperties(data, context), page, context)
        break
      case ATTRIBUTE.recipients:
        context.text(mapiWords(readRecipients(data), page))
        break
      case ATTRIBUTE.attachRendering:
        attachments.push({ title: '', data: null, properties: [] })
        break
      case ATTRIBUTE.attachTitle:
        if (current) current.title = decodeCodePage(data, page).replace(/\0.*$/s, '')
        break
      case ATTRIBUTE.attachData:
        if (current) current.data = data
        break
      case ATTRIBUTE.attachProperties:
        if (current) current.properties = readProperties(data, context)
        break
      default:
    }
  }
  for (const attachment of attachments) await extractAttachment(attachment, page, context)
}

async function extractProperties(properties: MapiProperty[], page: number, context: ExtractContext): Promise<void> {
  const words = mapiWords(properties, page)
  if (words !== '') context.text(words)
  await extractBodies(properties, page, context)
}

async function extractAttachment(attachment: Attachment, page: number, context: ExtractContext): Promise<void> {
  const string = (id: number) => {
    const property = attachment.properties.find((p) => p.id === id && p.type !== TYPE_BINARY && p.type !== TYPE_OBJECT)
    return property ? mapiString(property, page).trim() : ''
  }
  const filename = string(MAPI.attachLongName) || attachment.title || string(MAPI.attachName) || null
  const declaredType = string(MAPI.attachMime).toLowerCase() || null
  const object = attachment.properties.find((p) => p.id === MAPI.attachData)
  // An object starts with the identifier of its interface; a message in it is TNEF again.
  const bytes = object?.type === TYPE_OBJECT ? object.data.subarray(16) : (attachment.data ?? object?.data)
  if (bytes) await context.child({ bytes, filename, declaredType, traits: ['attachment'] })
}

/** Rows of recipients: a count, then a property list each. */
function readRecipients(data: Buffer): MapiProperty[] {
  if (data.length < 4) return []
  const reader = new PropertyReader(data, 4)
  const rows = Math.min(data.readUInt32LE(0), limits.extractPartsMax)
  const all: MapiProperty[] = []
  for (let row = 0; row < rows && !reader.done; row++) all.push(...reader.list())
  return all
}

function readProperties(data: Buffer, context: ExtractContext): MapiProperty[] {
  const reader = new PropertyReader(data, 0)
  const properties = reader.list()
  if (reader.broken) context.uninspected('corrupt', 'tnef properties')
  return properties
}

class PropertyReader {
  /** A count or a length did not hold. */
  broken = false
  #at: number
  readonly #data: Buffer

  constructor(data: Buffer, at: number) {
    this.#data = data
    this.#at = at
  }

  get done(): boolean {
    return this.#at + 4 > this.#data.length
  }

  list(): MapiProperty[] {
    const found: MapiProperty[] = []
    const count = Math.min(this.#u32(), limits.extractRecordsMax)
    if (count * 4 > this.#data.length) this.broken = true
    for (let i = 0; i < count && !this.done; i++) {
      const tag = this.#u32()
      const type = tag & 0xfff
      const isMany = (tag & 0x1000) !== 0
      const id = tag >>> 16
      if (id >= 0x8000) this.#skipName()
      if (!this.#values(found, id, type, isMany)) {
        this.broken = true
        break
      }
    }
    return found
  }

  /** False where the type is unknown: the next property can't be found then. */
  #values(found: MapiProperty[], id: number, type: number, isMany: boolean): boolean {
    const isVariable = [TYPE_STRING8, TYPE_UNICODE, TYPE_BINARY, TYPE_OBJECT].includes(type)
    const fixed = FIXED[type]
    if (!isVariable && fixed === undefined) return false
    const count = isMany || isVariable ? Math.min(this.#u32(), limits.extractRecordsMax) : 1
    if (count > this.#data.length) this.broken = true
    for (let i = 0; i < count && !this.done; i++) {
      if (!isVariable) {
        this.#at += fixed ?? 4
        continue
      }
      const length = this.#u32()
      if (this.#at + length > this.#data.length) this.broken = true
      found.push({ id, type, data: this.#data.subarray(this.#at, this.#at + length) })
      this.#at += Math.ceil(length / 4) * 4
    }
    return true
  }

  /** A named property: its set, then a number, or a name in UTF-16. */
  #skipName(): void {
    this.#at += 16
    const isNumber = this.#u32() === 0
    const length = this.#u32()
    if (!isNumber) this.#at += Math.ceil(length / 4) * 4
  }

  #u32(): number {
    const value = this.#at + 4 <= this.#data.length ? this.#data.readUInt32LE(this.#at) : 0
    this.#at += 4
    return value
  }
}

/** Bytes of one value, padded to four. */
const FIXED: Readonly<Record<number, number>> = {
  1: 4,
  2: 4,
  3: 4,
  4: 4,
  5: 8,
  6: 8,
  7: 8,
  10: 4,
  11: 4,
  20: 8,
  64: 8,
  72: 16,
}
