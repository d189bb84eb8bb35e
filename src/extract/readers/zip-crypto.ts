import { createCipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import zlib from 'node:zlib'
import type { ZipEntry } from './zip-directory.ts'

/**
 * Opening encrypted zip entries with a password a policy gave: traditional encryption (APPNOTE 6.1) and WinZip AES
 * (AE-1, AE-2). Returns null for a wrong password; never throws for its input.
 */
export function decryptZip(entry: ZipEntry, data: Buffer, password: string): Buffer | null {
  switch (entry.encryption) {
    case 'ZipCrypto':
      return decryptTraditional(entry, data, Buffer.from(password, 'utf8'))
    case 'AES-128':
      return decryptAes(data, password, 16)
    case 'AES-192':
      return decryptAes(data, password, 24)
    case 'AES-256':
      return decryptAes(data, password, 32)
    case 'PKWARE strong encryption':
    case null:
      return null
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let bit = 0; bit < 8; bit++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c >>> 0
})

function decryptTraditional(entry: ZipEntry, data: Buffer, password: Buffer): Buffer | null {
  if (data.length < 12) return null
  let k0 = 0x12345678
  let k1 = 0x23456789
  let k2 = 0x34567890
  const update = (byte: number) => {
    k0 = (CRC_TABLE[(k0 ^ byte) & 0xff] ?? 0) ^ (k0 >>> 8)
    k1 = (Math.imul((k1 + (k0 & 0xff)) | 0, 134775813) + 1) | 0
    k2 = (CRC_TABLE[(k2 ^ (k1 >>> 24)) & 0xff] ?? 0) ^ (k2 >>> 8)
  }
  for (const byte of password) update(byte)
  const plain = Buffer.allocUnsafe(data.length)
  for (let i = 0; i < data.length; i++) {
    const mask = (k2 | 2) & 0xffff
    const byte = (data[i] ?? 0) ^ ((Math.imul(mask, mask ^ 1) >>> 8) & 0xff)
    plain[i] = byte
    update(byte)
    // The header's last byte checks the password: the high byte of the CRC, or of the time where the CRC comes later.
    if (i === 11) {
      const check = (entry.flags & 8) !== 0 ? entry.modifiedTime >>> 8 : entry.crc >>> 24
      if (byte !== check) return null
    }
  }
  return plain.subarray(12)
}

function decryptAes(data: Buffer, password: string, keyBytes: number): Buffer | null {
  const saltBytes = keyBytes / 2
  if (data.length < saltBytes + 12) return null
  const derived = pbkdf2Sync(password, data.subarray(0, saltBytes), 1000, keyBytes * 2 + 2, 'sha1')
  const check = data.subarray(saltBytes, saltBytes + 2)
  if (!timingSafeEqual(check, derived.subarray(keyBytes * 2))) return null
  const body = data.subarray(saltBytes + 2, data.length - 10)
  const mac = createHmac('sha1', derived.subarray(keyBytes, keyBytes * 2))
    .update(body)
    .digest()
    .subarray(0, 10)
  if (!timingSafeEqual(mac, data.subarray(data.length - 10))) return null
  // WinZip counts in little-endian from one, which no cipher mode of OpenSSL does: encrypt the counters, then XOR.
  const blocks = Math.ceil(body.length / 16)
  const counters = Buffer.alloc(blocks * 16)
  for (let i = 0; i < blocks; i++) counters.writeUInt32LE(i + 1, i * 16)
  const cipher = createCipheriv(`aes-${keyBytes * 8}-ecb`, derived.subarray(0, keyBytes), null)
  cipher.setAutoPadding(false)
  const stream = cipher.update(counters)
  const plain = Buffer.allocUnsafe(body.length)
  for (let i = 0; i < body.length; i++) plain[i] = (body[i] ?? 0) ^ (stream[i] ?? 0)
  return plain
}

/** True where the CRC doesn't contradict the bytes; AE-2 entries have none. */
export function crcHolds(entry: ZipEntry, bytes: Buffer): boolean {
  if (entry.encryption?.startsWith('AES')) return true
  return zlib.crc32(bytes) === entry.crc
}
