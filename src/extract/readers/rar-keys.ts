import { createDecipheriv, createHash, createHmac, type Hash, pbkdf2Sync } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * Keys and ciphers of encrypted RAR archives. RAR 5: PBKDF2 with HMAC-SHA256 and AES-256 (RAR 5.0 technical note,
 * "Encryption header" and "File encryption record"). RAR 3 and 4: SHA-1 over password, salt and a counter, again and
 * again, and AES-128 (as unrar 3.x documents in its sources). Both chain blocks (CBC) and pad to whole ones.
 */
export const CIPHER_BLOCK_BYTES = 16
export const RAR5_CHECK_BYTES = 8

/** Doublings of PBKDF2's rounds; WinRAR writes 15. More would take longer than a message is given. */
const RAR5_ROUNDS_LOG_MAX = 20
/** Further rounds in steps of these give the key of checksums, then what the password is checked by. */
const RAR5_STEP_ROUNDS = 16

const RAR4_STAGES = 16
const RAR4_STAGE_ROUNDS = 0x4000
const SHA1_BLOCK_BYTES = 64

/** Deciphers whole blocks; what is left over at the end is cut off. */
export function decipherRar(data: Buffer, key: Buffer, vector: Buffer): Buffer {
  const cipher = createDecipheriv(key.length === 32 ? 'aes-256-cbc' : 'aes-128-cbc', key, vector)
  cipher.setAutoPadding(false)
  const whole = data.subarray(0, data.length - (data.length % CIPHER_BLOCK_BYTES))
  return Buffer.concat([cipher.update(whole), cipher.final()])
}

/** Keys of one password for RAR 5, each made once for a salt and number of rounds. */
export class Rar5Keys {
  readonly #password: Buffer
  readonly #hasTime: () => boolean
  readonly #made = new Map<string, Buffer>()

  /** `hasTime`: no key is made once it says no. */
  constructor(password: string, hasTime: () => boolean) {
    this.#password = Buffer.from(password, 'utf8')
    this.#hasTime = hasTime
  }

  key(salt: Buffer, roundsLog: number): Buffer | null {
    return this.#derive(salt, roundsLog, 0)
  }

  /** Whether `check`, eight bytes, belongs to the password; false for numbers of rounds that nobody writes. */
  fits(salt: Buffer, roundsLog: number, check: Buffer): boolean {
    const long = this.#derive(salt, roundsLog, 2)
    if (long === null) return false
    const folded = Buffer.alloc(RAR5_CHECK_BYTES)
    for (const [i, byte] of long.entries()) folded[i % RAR5_CHECK_BYTES] = (folded[i % RAR5_CHECK_BYTES] ?? 0) ^ byte
    return folded.equals(check.subarray(0, RAR5_CHECK_BYTES))
  }

  /** The CRC-32 that a header states of an encrypted file depends on the password: this is it for `data`. */
  checksum(salt: Buffer, roundsLog: number, data: Buffer): number | null {
    const key = this.#derive(salt, roundsLog, 1)
    if (key === null) return null
    const plain = Buffer.alloc(4)
    plain.writeUInt32LE(crc32(data))
    const digest = createHmac('sha256', key).update(plain).digest()
    let folded = 0
    for (let at = 0; at < digest.length; at += 4) folded ^= digest.readUInt32LE(at)
    return folded >>> 0
  }

  #derive(salt: Buffer, roundsLog: number, step: 0 | 1 | 2): Buffer | null {
    if (roundsLog > RAR5_ROUNDS_LOG_MAX) return null
    const name = `${step}:${roundsLog}:${salt.toString('hex')}`
    const rounds = 2 ** roundsLog + step * RAR5_STEP_ROUNDS
    const known = this.#made.get(name)
    if (known || !this.#hasTime()) return known ?? null
    const key = pbkdf2Sync(this.#password, salt, rounds, 32, 'sha256')
    this.#made.set(name, key)
    return key
  }
}

export interface KeyAndVector {
  readonly key: Buffer
  readonly vector: Buffer
}

/** Keys of one password for RAR 3 and 4, each made once for a salt. */
export class Rar4Keys {
  readonly #password: Buffer
  readonly #hasTime: () => boolean
  readonly #made = new Map<string, KeyAndVector>()

  /** `hasTime`: no key is made once it says no. */
  constructor(password: string, hasTime: () => boolean) {
    this.#password = Buffer.from(password, 'utf16le')
    this.#hasTime = hasTime
  }

  derive(salt: Buffer): KeyAndVector | null {
    const name = salt.toString('hex')
    const known = this.#made.get(name)
    if (known || !this.#hasTime()) return known ?? null
    const made = deriveRar4(Buffer.concat([this.#password, salt]))
    this.#made.set(name, made)
    return made
  }
}

/** 2^18 rounds; the last byte of the digest at the start of each of sixteen stages makes the vector. */
function deriveRar4(seed: Buffer): KeyAndVector {
  const rounds = seed.length > SHA1_BLOCK_BYTES ? spoilingRounds(seed) : plainRounds(seed)
  const digest = createHash('sha1')
  const vector = Buffer.alloc(RAR4_STAGES)
  for (let stage = 0; stage < RAR4_STAGES; stage++) {
    rounds(digest, stage * RAR4_STAGE_ROUNDS, 1)
    vector[stage] = digest.copy().digest()[19] ?? 0
    rounds(digest, stage * RAR4_STAGE_ROUNDS + 1, RAR4_STAGE_ROUNDS - 1)
  }
  // Words of the digest with their bytes turned round.
  return { key: digest.digest().subarray(0, 16).swap32(), vector }
}

/** Hashes the rounds from `first` on: the seed and the number of the round in three bytes. */
type Rounds = (digest: Hash, first: number, count: number) => void

function plainRounds(seed: Buffer): Rounds {
  const round = Buffer.concat([seed, Buffer.alloc(3)])
  const block = Buffer.concat(Array.from({ length: RAR4_STAGE_ROUNDS }, () => round))
  return (digest, first, count) => {
    for (let i = 0; i < count; i++) block.writeUIntLE(first + i, (i + 1) * round.length - 3, 3)
    digest.update(block.subarray(0, count * round.length))
  }
}

/**
 * RAR's SHA-1 works in the memory of what it hashes: of a seed longer than a block, each whole block that doesn't begin
 * in its buffer is left with the last words of the message schedule (FIPS 180-4, 6.1.2) in place of its own.
 */
function spoilingRounds(seed: Buffer): Rounds {
  const spoilt = Buffer.from(seed)
  let hashed = 0
  const words = new Uint32Array(16)
  const spoil = (at: number) => {
    for (let t = 0; t < 16; t++) words[t] = spoilt.readUInt32BE(at + t * 4)
    for (let t = 16; t < 80; t++) {
      const mixed =
        (words[(t - 3) & 15] ?? 0) ^ (words[(t - 8) & 15] ?? 0) ^ (words[(t - 14) & 15] ?? 0) ^ (words[t & 15] ?? 0)
      words[t & 15] = (mixed << 1) | (mixed >>> 31)
    }
    for (let t = 0; t < 16; t++) spoilt.writeUInt32LE(words[t] ?? 0, at + t * 4)
  }
  const number = Buffer.alloc(3)
  return (digest, first, count) => {
    for (let i = 0; i < count; i++) {
      digest.update(spoilt)
      const start = SHA1_BLOCK_BYTES - (hashed % SHA1_BLOCK_BYTES)
      for (let at = start; at + SHA1_BLOCK_BYTES <= spoilt.length; at += SHA1_BLOCK_BYTES) spoil(at)
      number.writeUIntLE(first + i, 0, 3)
      digest.update(number)
      hashed += spoilt.length + number.length
    }
  }
}
