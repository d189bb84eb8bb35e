/**
 * `crypto(bitcoin)` …: cryptocurrency addresses by their own checksums: base58check (double SHA-256), Bech32 and Bech32m
 * (BIP 173, BIP 350), mixed-case hexadecimal (ERC-55), Monero's block-wise base58 with Keccak.
 */
import { createHash } from 'node:crypto'
import { keccak256 } from './keccak.ts'
import type { Validator } from './validator.ts'

const BITCOIN = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'
const TEXT_MAX = 128

/** Base58 text -> bytes; null outside the alphabet or past 128 characters. */
export function base58Decode(text: string, alphabet = BITCOIN): Uint8Array | null {
  if (text.length > TEXT_MAX) return null
  const bytes: number[] = []
  for (const c of text) {
    let carry = alphabet.indexOf(c)
    if (carry < 0) return null
    for (let i = 0; i < bytes.length; i++) {
      carry += (bytes[i] ?? 0) * 58
      bytes[i] = carry & 255
      carry >>= 8
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 255)
  }
  for (let i = 0; i < text.length && text[i] === alphabet[0]; i++) bytes.push(0)
  return Uint8Array.from(bytes.reverse())
}

/** Version bytes and payload of base58check text; null when the checksum is wrong. */
export function base58CheckDecode(text: string, alphabet = BITCOIN): Uint8Array | null {
  const bytes = base58Decode(text, alphabet)
  if (bytes === null || bytes.length < 5) return null
  const body = bytes.subarray(0, -4)
  const hash = createHash('sha256').update(createHash('sha256').update(body).digest()).digest()
  return hash.subarray(0, 4).equals(bytes.subarray(-4)) ? body : null
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** Whether text is Bech32 or Bech32m with one of these human-readable parts. */
export function isBech32(text: string, prefixes: readonly string[]): boolean {
  if (text.length > TEXT_MAX || (text !== text.toLowerCase() && text !== text.toUpperCase())) return false
  const lower = text.toLowerCase()
  const at = lower.lastIndexOf('1')
  const prefix = lower.slice(0, at)
  if (at < 1 || !prefixes.includes(prefix) || lower.length - at < 8) return false
  const values = [
    ...Array.from(prefix, (c) => c.charCodeAt(0) >> 5),
    0,
    ...Array.from(prefix, (c) => c.charCodeAt(0) & 31),
  ]
  for (const c of lower.slice(at + 1)) {
    const value = BECH32.indexOf(c)
    if (value < 0) return false
    values.push(value)
  }
  const rest = polymod(values)
  return rest === 1 || rest === 0x2bc830a3
}

const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

function polymod(values: readonly number[]): number {
  let check = 1
  for (const value of values) {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    for (let i = 0; i < 5; i++) if ((top >>> i) & 1) check ^= GENERATOR[i] ?? 0
  }
  return check >>> 0
}

/** Mixed case must be the ERC-55 checksum; one case alone carries none. */
function ethereum(text: string): boolean {
  const hex = /^0x([0-9a-fA-F]{40})$/.exec(text)?.[1]
  if (hex === undefined || /^0+$/.test(hex)) return false
  const lower = hex.toLowerCase()
  if (hex === lower || hex === hex.toUpperCase()) return true
  const hash = keccak256(Buffer.from(lower))
  return Array.from(hex).every(
    (c, i) => !/[a-f]/i.test(c) || Number.parseInt(hash[i] ?? '0', 16) > 7 === (c === c.toUpperCase()),
  )
}

function base58(text: string, versions: readonly number[], alphabet = BITCOIN): boolean {
  const body = base58CheckDecode(text, alphabet)
  return body !== null && body.length === 21 && versions.includes(body[0] ?? -1)
}

/** Monero: blocks of eight bytes become eleven characters; the last four bytes are Keccak-256 of the rest. */
function monero(text: string): boolean {
  if (!/^[48][1-9A-HJ-NP-Za-km-z]{94}(?:[1-9A-HJ-NP-Za-km-z]{11})?$/.test(text)) return false
  const bytes: number[] = []
  for (let at = 0; at < text.length; at += 11) {
    const block = text.slice(at, at + 11)
    const size = [0, 0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8][block.length] ?? 0
    let value = 0n
    for (const c of block) value = value * 58n + BigInt(BITCOIN.indexOf(c))
    if (value >> BigInt(size * 8) !== 0n) return false
    for (let i = size - 1; i >= 0; i--) bytes.push(Number((value >> BigInt(i * 8)) & 255n))
  }
  return keccak256(Uint8Array.from(bytes.slice(0, -4))).slice(0, 8) === Buffer.from(bytes.slice(-4)).toString('hex')
}

const SOLANA_KEY_BYTES = 32

const kinds: Readonly<Record<string, (text: string) => boolean>> = {
  bitcoin: (text) => base58(text, [0, 5, 111, 196]) || isBech32(text, ['bc', 'tb', 'bcrt']),
  litecoin: (text) => base58(text, [48, 50, 5]) || isBech32(text, ['ltc', 'tltc']),
  dogecoin: (text) => base58(text, [30, 22]),
  dash: (text) => base58(text, [76, 16]),
  tron: (text) => base58(text, [65]),
  ripple: (text) => base58(text, [0], RIPPLE),
  ethereum,
  'ethereum-mixed': (text) => /[a-f]/.test(text.slice(2)) && /[A-F]/.test(text) && ethereum(text),
  monero,
  // A public key of 32 bytes without a checksum, so words nearby must say what it is.
  solana: (text) =>
    /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(text) && base58Decode(text, BITCOIN)?.length === SOLANA_KEY_BYTES,
  cardano: (text) => isBech32(text, ['addr', 'addr_test', 'stake']),
  cosmos: (text) => isBech32(text, ['cosmos', 'osmo', 'terra', 'inj', 'celestia']),
}

export const cryptoAddress: Validator = {
  id: 'crypto',
  check(value, argument = '') {
    return kinds[argument]?.(value) ? value : null
  },
  argumentProblem(argument) {
    return argument !== undefined && Object.hasOwn(kinds, argument)
      ? null
      : `needs one of: ${Object.keys(kinds).join(', ')}`
  },
}
