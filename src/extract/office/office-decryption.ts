import { createDecipheriv, createHash, hash } from 'node:crypto'
import { limits } from '../../core/limits.ts'
import type { Budget } from '../format.ts'
import { attribute, type XmlAttributes } from '../readers/xml-attributes.ts'
import { walkXml } from '../readers/xml-walker.ts'
import { EXCEL_DEFAULT_PASSWORD } from './default-passwords.ts'

/**
 * Opens encrypted Office packages with the password that Excel tries itself and those that a policy gave
 * ([MS-OFFCRYPTO] 2.3.4): agile (AES in CBC) and standard (AES in ECB). Null where none fits or the scheme is another
 * one; never throws for its input. The number of hash rounds is the file's choice, so it is bounded, and the time is
 * asked between passwords.
 */
const SPIN_MAX = 1_000_000
const SEGMENT = 4096
const KEY_INPUT = Buffer.from('fea7d2763b4b9e79', 'hex')
const KEY_HASH = Buffer.from('d7aa0f6d3061344e', 'hex')
const KEY_VALUE = Buffer.from('146e0be7abacd0d6', 'hex')

export function decryptPackage(
  info: Buffer,
  sealed: Buffer,
  passwords: readonly string[],
  budget: Budget,
): { readonly bytes: Buffer; readonly byDefault: boolean } | null {
  if (info.length < 8 || sealed.length < 8) return null
  const isAgile = info.readUInt16LE(0) === 4 && info.readUInt16LE(2) === 4
  for (const password of [EXCEL_DEFAULT_PASSWORD, ...passwords.slice(0, limits.extractPasswordsMax)]) {
    if (!budget.hasTime()) return null
    try {
      const secret = Buffer.from(password, 'utf16le')
      const plain = isAgile ? openAgile(info, sealed, secret, budget) : openStandard(info, sealed, secret)
      if (!plain) continue
      const bytes = plain.subarray(0, Number(sealed.readBigUInt64LE(0)))
      return { bytes, byDefault: password === EXCEL_DEFAULT_PASSWORD }
    } catch {
      // A file that lies about its ciphers stays sealed.
    }
  }
  return null
}

interface AgileKey {
  readonly salt: Buffer
  readonly keyBytes: number
  readonly blockBytes: number
  readonly algorithm: string
  readonly spin: number
  readonly verifierInput: Buffer
  readonly verifierHash: Buffer
  readonly value: Buffer
}

function openAgile(info: Buffer, sealed: Buffer, password: Buffer, budget: Budget): Buffer | null {
  const keys: { data?: AgileKey; password?: AgileKey } = {}
  const open = (name: string, attributes: XmlAttributes) => {
    if (name === 'keyData') keys.data = agileKey(attributes)
    if (name === 'encryptedKey') keys.password = agileKey(attributes)
  }
  walkXml(info.subarray(8), { open }, { budget })
  const { data, password: key } = keys
  if (!data || !key || key.spin > SPIN_MAX) return null
  let digest = hash(key.algorithm, Buffer.concat([key.salt, password]), 'buffer')
  const counter = Buffer.alloc(4)
  for (let i = 0; i < key.spin; i++) {
    counter.writeUInt32LE(i)
    digest = hash(key.algorithm, Buffer.concat([counter, digest]), 'buffer')
  }
  const derive = (block: Buffer) => sized(hash(key.algorithm, Buffer.concat([digest, block]), 'buffer'), key.keyBytes)
  const iv = sized(key.salt, key.blockBytes)
  const input = cbc(derive(KEY_INPUT), iv, key.verifierInput)
  const wanted = cbc(derive(KEY_HASH), iv, key.verifierHash)
  const found = hash(key.algorithm, input, 'buffer')
  if (!wanted.subarray(0, found.length).equals(found)) return null
  const secret = cbc(derive(KEY_VALUE), iv, key.value).subarray(0, data.keyBytes)
  const pieces: Buffer[] = []
  for (let at = 8, segment = 0; at < sealed.length; at += SEGMENT, segment++) {
    counter.writeUInt32LE(segment)
    const vector = sized(hash(data.algorithm, Buffer.concat([data.salt, counter]), 'buffer'), data.blockBytes)
    const piece = sealed.subarray(at, at + SEGMENT)
    pieces.push(cbc(secret, vector, piece.subarray(0, piece.length - (piece.length % 16))))
  }
  return Buffer.concat(pieces)
}

function agileKey(attributes: XmlAttributes): AgileKey {
  const bytes = (name: string) => Buffer.from(attribute(attributes, name) ?? '', 'base64')
  return {
    salt: bytes('saltValue'),
    keyBytes: Number(attribute(attributes, 'keyBits')) / 8,
    blockBytes: Number(attribute(attributes, 'blockSize')),
    algorithm: (attribute(attributes, 'hashAlgorithm') ?? '').replace('-', '').toLowerCase(),
    spin: Number(attribute(attributes, 'spinCount') ?? 0),
    verifierInput: bytes('encryptedVerifierHashInput'),
    verifierHash: bytes('encryptedVerifierHashValue'),
    value: bytes('encryptedKeyValue'),
  }
}

/** Cut, or filled with 36 hex, to a length ([MS-OFFCRYPTO] 2.3.4.11). */
function sized(bytes: Buffer, length: number): Buffer {
  const out = Buffer.alloc(length, 0x36)
  bytes.copy(out)
  return out
}

function cbc(key: Buffer, iv: Buffer, data: Buffer): Buffer {
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, iv)
  decipher.setAutoPadding(false)
  return Buffer.concat([decipher.update(data), decipher.final()])
}

function ecb(key: Buffer, data: Buffer): Buffer {
  const decipher = createDecipheriv(`aes-${key.length * 8}-ecb`, key, null)
  decipher.setAutoPadding(false)
  return Buffer.concat([decipher.update(data.subarray(0, data.length - (data.length % 16))), decipher.final()])
}

const STANDARD_SPIN = 50_000

function openStandard(info: Buffer, sealed: Buffer, password: Buffer): Buffer | null {
  if (info.readUInt16LE(2) !== 2) return null
  const headerBytes = info.readUInt32LE(8)
  const keyBytes = info.readUInt32LE(12 + 16) / 8
  const verifier = info.subarray(12 + headerBytes)
  const salt = verifier.subarray(4, 20)
  let digest = hash('sha1', Buffer.concat([salt, password]), 'buffer')
  const counter = Buffer.alloc(4)
  for (let i = 0; i < STANDARD_SPIN; i++) {
    counter.writeUInt32LE(i)
    digest = hash('sha1', Buffer.concat([counter, digest]), 'buffer')
  }
  const last = hash('sha1', Buffer.concat([digest, Buffer.alloc(4)]), 'buffer')
  const half = (fill: number) => {
    const block = Buffer.alloc(64, fill)
    last.forEach((byte, i) => {
      block[i] = byte ^ fill
    })
    return createHash('sha1').update(block).digest()
  }
  const key = Buffer.concat([half(0x36), half(0x5c)]).subarray(0, keyBytes)
  const found = hash('sha1', ecb(key, verifier.subarray(20, 36)), 'buffer')
  if (!ecb(key, verifier.subarray(40, 72)).subarray(0, 20).equals(found)) return null
  return ecb(key, sealed.subarray(8))
}
