import { createCipheriv, createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import zlib from 'node:zlib'

/** RAR archives of stored files, plain or encrypted, written by hand from the technical notes: nobody else writes RAR. */
export interface RarOptions {
  readonly password?: string
  /** Files that are encrypted; left out: all, where there is a password. */
  readonly sealed?: readonly string[]
  readonly sealedHeaders?: boolean
  readonly comment?: string
  /** RAR 5 without what a password is checked by. */
  readonly withoutCheck?: boolean
  /** RAR 5: doublings of the rounds. */
  readonly roundsLog?: number
}

type Files = Readonly<Record<string, string | Buffer>>

const bytesOf = (content: string | Buffer) => (typeof content === 'string' ? Buffer.from(content) : content)

const SALT5 = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const VECTOR = Buffer.from('f0e0d0c0b0a090807060504030201000', 'hex')
const SALT4 = Buffer.from('0011223344556677', 'hex')

function encipher(data: Buffer, key: Buffer, vector: Buffer): Buffer {
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-cbc' : 'aes-128-cbc', key, vector).setAutoPadding(false)
  const padding = Buffer.alloc((16 - (data.length % 16)) % 16)
  return Buffer.concat([cipher.update(Buffer.concat([data, padding])), cipher.final()])
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value >>> 0)
  return out
}

function u16(value: number): Buffer {
  const out = Buffer.alloc(2)
  out.writeUInt16LE(value)
  return out
}

function number(value: number): Buffer {
  const out: number[] = []
  for (let left = value; ; left >>>= 7) {
    out.push(left > 127 ? (left & 127) | 128 : left)
    if (left <= 127) return Buffer.from(out)
  }
}

export function rar5Of(files: Files, options: RarOptions = {}): Buffer {
  const { password = null, roundsLog = 10 } = options
  const derive = (more: number) => pbkdf2Sync(password ?? '', SALT5, 2 ** roundsLog + more, 32, 'sha256')
  const key = derive(0)
  const pieces: Buffer[] = [Buffer.from('526172211a070100', 'hex')]
  let sealHeaders = false
  const put = (type: number, fields: Buffer, extra = Buffer.alloc(0), data: Buffer | null = null) => {
    const flags = (extra.length > 0 ? 1 : 0) | (data ? 2 : 0)
    const sizes = [...(extra.length > 0 ? [number(extra.length)] : []), ...(data ? [number(data.length)] : [])]
    const body = Buffer.concat([number(type), number(flags), ...sizes, fields, extra])
    const sized = Buffer.concat([number(body.length), body])
    const header = Buffer.concat([u32(zlib.crc32(sized)), sized])
    pieces.push(...(sealHeaders ? [VECTOR, encipher(header, key, VECTOR)] : [header]), data ?? Buffer.alloc(0))
  }
  const folded = Buffer.alloc(8)
  for (const [i, byte] of derive(32).entries()) folded[i % 8] = (folded[i % 8] ?? 0) ^ byte
  const check = options.withoutCheck
    ? Buffer.alloc(0)
    : Buffer.concat([folded, createHash('sha256').update(folded).digest().subarray(0, 4)])
  const hasCheck = options.withoutCheck ? 0 : 1
  if (options.sealedHeaders) {
    put(4, Buffer.concat([number(0), number(hasCheck), Buffer.from([roundsLog]), SALT5, check]))
    sealHeaders = true
  }
  put(1, number(0))
  const file = (type: number, name: string, content: Buffer, isSealed: boolean) => {
    const crc = isSealed ? tweaked(derive(16), content) : zlib.crc32(content)
    const fields = [number(4), number(content.length), number(0o100644), u32(crc), number(0), number(1)]
    const lock = Buffer.concat([
      number(1),
      number(0),
      number(hasCheck | 2),
      Buffer.from([roundsLog]),
      SALT5,
      VECTOR,
      check,
    ])
    // The time of the file, as seconds.
    const time = Buffer.concat([number(3), number(3), u32(1_700_000_000)])
    const records = isSealed ? [lock, time] : [time]
    const extra = Buffer.concat(records.flatMap((record) => [number(record.length), record]))
    const data = isSealed ? encipher(content, key, VECTOR) : content
    put(type, Buffer.concat([...fields, number(name.length), Buffer.from(name)]), extra, data)
  }
  if (options.comment) file(3, 'CMT', Buffer.from(options.comment), false)
  for (const [name, content] of Object.entries(files))
    file(2, name, bytesOf(content), password !== null && (options.sealed?.includes(name) ?? true))
  put(5, number(0))
  return Buffer.concat(pieces)
}

function tweaked(key: Buffer, content: Buffer): number {
  const digest = createHmac('sha256', key)
    .update(u32(zlib.crc32(content)))
    .digest()
  return [0, 4, 8, 12, 16, 20, 24, 28].reduce((sum, at) => sum ^ digest.readUInt32LE(at), 0) >>> 0
}

export function rar4Of(files: Files, options: RarOptions = {}): Buffer {
  const { password = null } = options
  const keys = password === null ? null : rar4Keys(password)
  const pieces: Buffer[] = [Buffer.from('526172211a0700', 'hex')]
  let sealHeaders = false
  const put = (type: number, flags: number, fields: Buffer, data: Buffer = Buffer.alloc(0)) => {
    const rest = Buffer.concat([Buffer.from([type]), u16(flags), u16(fields.length + 7), fields])
    const header = Buffer.concat([u16(zlib.crc32(rest) & 0xffff), rest])
    const sealed = sealHeaders && keys ? [SALT4, encipher(header, keys.key, keys.vector)] : [header]
    pieces.push(...sealed, data)
  }
  put(0x73, options.sealedHeaders ? 0x80 : 0, Buffer.alloc(6))
  sealHeaders = options.sealedHeaders ?? false
  const file = (type: number, name: string, content: Buffer, isSealed: boolean) => {
    const data = isSealed && keys ? encipher(content, keys.key, keys.vector) : content
    const fields = Buffer.concat([
      u32(data.length),
      u32(content.length),
      Buffer.from([3]),
      u32(zlib.crc32(content)),
      u32(0),
      Buffer.from([29, 0x30]),
      u16(name.length),
      u32(type === 0x7a ? 0 : 0o100644),
      Buffer.from(name),
      isSealed ? SALT4 : Buffer.alloc(0),
    ])
    put(type, 0x8000 | (isSealed ? 0x404 : 0), fields, data)
  }
  if (options.comment) file(0x7a, 'CMT', Buffer.from(options.comment), false)
  for (const [name, content] of Object.entries(files))
    file(0x74, name, bytesOf(content), password !== null && (options.sealed?.includes(name) ?? true))
  put(0x7b, 0x4000, Buffer.alloc(0))
  return Buffer.concat(pieces)
}

const made4 = new Map<string, { key: Buffer; vector: Buffer }>()

/** One hash over seed and counter, 2^18 times. Right for passwords of up to 28 characters. */
function rar4Keys(password: string): { key: Buffer; vector: Buffer } {
  const known = made4.get(password)
  if (known) return known
  const seed = Buffer.concat([Buffer.from(password, 'utf16le'), SALT4])
  const digest = createHash('sha1')
  const vector: number[] = []
  for (let round = 0; round < 2 ** 18; round++) {
    digest.update(Buffer.concat([seed, Buffer.from([round & 255, (round >> 8) & 255, round >> 16])]))
    if (round % 2 ** 14 === 0) vector.push(digest.copy().digest()[19] ?? 0)
  }
  const words = digest.digest()
  const key = Buffer.concat([0, 4, 8, 12].map((at) => u32(words.readUInt32BE(at))))
  const made = { key, vector: Buffer.from(vector) }
  made4.set(password, made)
  return made
}
