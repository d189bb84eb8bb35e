/**
 * `wallet-key`: a private key in base58check by its version bytes and length: wallet import format, extended private
 * keys (BIP 32, BIP 49, BIP 84) and passphrase-encrypted keys (BIP 38).
 */
import { base58CheckDecode } from './crypto-address.ts'
import type { Validator } from './validator.ts'

/** Version byte -> lengths of the decoded body: 32 bytes of key, and one more when the public key is compressed. */
const IMPORT_FORMAT: ReadonlyMap<number, readonly number[]> = new Map([
  [0x80, [33, 34]],
  [0xef, [33, 34]],
])
/** xprv, yprv, zprv and their test network siblings tprv, uprv, vprv. */
const EXTENDED: ReadonlySet<number> = new Set([0x0488ade4, 0x049d7878, 0x04b2430c, 0x04358394, 0x044a4e28, 0x045f18bc])
const EXTENDED_LENGTH = 78
const ENCRYPTED: ReadonlySet<number> = new Set([0x0142, 0x0143])
const ENCRYPTED_LENGTH = 39

export const walletKey: Validator = {
  id: 'wallet-key',
  check(value) {
    const body = base58CheckDecode(value)
    if (body === null || body.length < 4) return null
    const bytes = Buffer.from(body)
    const known =
      IMPORT_FORMAT.get(bytes.readUInt8(0))?.includes(bytes.length) ||
      (bytes.length === EXTENDED_LENGTH && EXTENDED.has(bytes.readUInt32BE(0))) ||
      (bytes.length === ENCRYPTED_LENGTH && ENCRYPTED.has(bytes.readUInt16BE(0)))
    return known ? value : null
  },
}
