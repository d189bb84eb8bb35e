import { hash } from 'node:crypto'

/**
 * Ciphers of Office to 2003 ([MS-OFFCRYPTO] 2.3.5 to 2.3.7): RC4 with a key of 40 bits, RC4 by CryptoAPI, XOR
 * obfuscation of workbooks. Each is opened with a password or refused by its verifier. Pure; nothing throws for short
 * headers, which open nothing. RC4 itself is here because OpenSSL 3 no longer has it.
 */
export interface BlockKeys {
  /** RC4 key of one block of a stream (or of one object of a presentation). */
  keyOf(block: number): Buffer
}

/** The keys behind an encryption header (version and what follows) for this password; null where it is another one. */
export function openHeader(header: Buffer, password: string): BlockKeys | null {
  if (header.length < 52) return null
  return header.readUInt16LE(2) === 1 ? openRc4(header, password) : openCryptoApi(header, password)
}

/** [MS-OFFCRYPTO] 2.3.6.1: salt, verifier and its hash, 16 bytes each. */
function openRc4(header: Buffer, password: string): BlockKeys | null {
  const salt = header.subarray(4, 20)
  const short = hash('md5', Buffer.from(password, 'utf16le'), 'buffer').subarray(0, 5)
  const repeated = Buffer.concat(Array.from({ length: 16 }, () => Buffer.concat([short, salt])))
  const base = hash('md5', repeated, 'buffer').subarray(0, 5)
  const keys = { keyOf: (block: number) => hash('md5', Buffer.concat([base, u32(block)]), 'buffer') }
  const plain = rc4(keys.keyOf(0), header.subarray(20, 52))
  return hash('md5', plain.subarray(0, 16), 'buffer').equals(plain.subarray(16)) ? keys : null
}

/** [MS-OFFCRYPTO] 2.3.5.1: flags, size of the inner header, the header, the verifier. */
function openCryptoApi(header: Buffer, password: string): BlockKeys | null {
  const size = header.readUInt32LE(8)
  if (12 + size + 60 > header.length || size < 20) return null
  const keyBits = header.readUInt32LE(12 + 16) || 40
  const verifier = header.subarray(12 + size)
  const salt = verifier.subarray(4, 20)
  const base = hash('sha1', Buffer.concat([salt, Buffer.from(password, 'utf16le')]), 'buffer')
  const keys = {
    keyOf: (block: number) => {
      const key = hash('sha1', Buffer.concat([base, u32(block)]), 'buffer').subarray(0, Math.min(16, keyBits >> 3))
      // Keys of 40 bits are filled with zeros to 128.
      return keyBits === 40 ? Buffer.concat([key, Buffer.alloc(11)]) : key
    },
  }
  const plain = rc4(keys.keyOf(0), Buffer.concat([verifier.subarray(20, 36), verifier.subarray(40, 60)]))
  return hash('sha1', plain.subarray(0, 16), 'buffer').equals(plain.subarray(16)) ? keys : null
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value)
  return out
}

/** The whole of `data`, keys changing every `blockBytes`, counted from its beginning. */
export function decryptBlocks(data: Buffer, keys: BlockKeys, blockBytes: number): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0, block = 0; at < data.length; at += blockBytes, block++)
    pieces.push(rc4(keys.keyOf(block), data.subarray(at, at + blockBytes)))
  return Buffer.concat(pieces)
}

export function rc4(key: Uint8Array, data: Uint8Array): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, i) => i)
  for (let i = 0, j = 0; i < 256; i++) {
    const own = state[i] ?? 0
    j = (j + own + (key[i % key.length] ?? 0)) & 0xff
    state[i] = state[j] ?? 0
    state[j] = own
  }
  const out = Buffer.allocUnsafe(data.length)
  for (let n = 0, i = 0, j = 0; n < data.length; n++) {
    i = (i + 1) & 0xff
    const own = state[i] ?? 0
    j = (j + own) & 0xff
    const other = state[j] ?? 0
    state[i] = other
    state[j] = own
    out[n] = (data[n] ?? 0) ^ (state[(own + other) & 0xff] ?? 0)
  }
  return out
}

const PAD = Buffer.from('bbffffbaffffb98000be0f00bf0f00', 'hex')
const INITIAL = words('e1f01d0fcc9c84c0110c0e10f1ce313e1872e139d40f84f9280ca96a4ec3')
const MATRIX = words(
  'aefc4dd99bb227454e8a9d142a097b61f6c2fda5eb6bc6f79dcf2bbf45638ac605ad0b5a16b42d685ad0037506ea0dd41ba837506ea0dd40' +
    'd849a0b35147a28e553daa7a44d56f45de8aad354a4b9496390d721aeb23c6679cef29ff53fea7fc5fd947d38fa60f6d1eda3db47b68f6d0' +
    'b86160e3c1c693ad377b6ef6ddec45a08b4006a10d421a8435086a10aa5144838906022d045a08b4116876b4ed68caf185c31ba7374e6e9c' +
    '37306e60dcc0a9a1436386c61dad33316662ccc489a9037306e60dcc102120424084810812312462' +
    '48c4',
)

function words(hex: string): number[] {
  return (hex.match(/.{4}/g) ?? []).map((word) => Number.parseInt(word, 16))
}

/** [MS-OFFCRYPTO] 2.3.7.2: the sixteen bytes that a workbook is masked with; null for another password. */
export function openXor(key: number, verifier: number, password: string): Buffer | null {
  const letters = Array.from({ length: Math.min(15, password.length) }, (_, i) => {
    const code = password.charCodeAt(i)
    return (code & 0xff) === 0 ? code >> 8 : code & 0xff
  })
  if (letters.length === 0 || xorVerifier(letters) !== verifier || xorKey(letters) !== key) return null
  const mask = Buffer.alloc(16)
  const put = (at: number, byte: number, isHigh: boolean) => {
    const value = byte ^ (isHigh ? key >> 8 : key & 0xff)
    mask[at] = (value >> 1) | ((value & 1) << 7)
  }
  let at = letters.length
  if (at % 2 === 1) {
    put(at, PAD[0] ?? 0, true)
    at -= 1
    put(at, letters.at(-1) ?? 0, false)
  }
  while (at > 0) {
    at -= 1
    put(at, letters[at] ?? 0, true)
    at -= 1
    put(at, letters[at] ?? 0, false)
  }
  for (let to = 15, pad = 15 - letters.length; pad > 0; ) {
    put(to--, PAD[pad--] ?? 0, true)
    put(to--, PAD[pad--] ?? 0, false)
  }
  return mask
}

function xorVerifier(letters: readonly number[]): number {
  let value = 0
  for (const byte of [letters.length, ...letters].reverse())
    value = (((value >> 14) & 1) | ((value << 1) & 0x7fff)) ^ byte
  return value ^ 0xce4b
}

function xorKey(letters: readonly number[]): number {
  let key = INITIAL[letters.length - 1] ?? 0
  let element = 0x68
  for (const letter of [...letters].reverse()) {
    for (let bit = 0, byte = letter; bit < 7; bit++, byte <<= 1, element--)
      if ((byte & 0x40) !== 0) key ^= MATRIX[element] ?? 0
  }
  return key
}

/** One byte of a masked workbook. */
export function unmask(byte: number, mask: number): number {
  const value = byte ^ mask
  return ((value << 3) | (value >> 5)) & 0xff
}
