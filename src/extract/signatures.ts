import { startsAsPgpEncrypted } from './pgp/packets.ts'

/**
 * Magic bytes of what travels in mail and uploads, as IANA or customary media types. Container formats that need a look
 * inside (zip, OLE) come out as the container and are refined elsewhere.
 */
interface Signature {
  readonly type: string
  readonly at: number
  readonly bytes: string
}

const s = (type: string, bytes: string, at = 0): Signature => ({ type, at, bytes })

/** `bytes` as a Latin-1 string; a `?` is any byte. */
const table: readonly Signature[] = [
  s('application/zip', 'PK\x03\x04'),
  s('application/zip', 'PK\x05\x06'),
  s('application/zip', 'PK\x07\x08'),
  s('application/x-ole-storage', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'),
  s('application/pdf', '%PDF-'),
  s('application/vnd.ms-excel', '\x09\x00\x04\x00'),
  s('application/vnd.ms-excel', '\x09\x02\x06\x00'),
  s('application/vnd.ms-excel', '\x09\x04\x06\x00'),
  s('application/msword', '\xdb\xa5?\x00'),
  s('application/msword', '\x9b\xa5?\x00'),
  s('application/vnd.lotus-1-2-3', '\x00\x00\x1a\x00?\x10\x04\x00'),
  s('application/vnd.lotus-1-2-3', '\x00\x00\x02\x00\x04\x04'),
  s('application/vnd.lotus-1-2-3', '\x00\x00\x02\x00\x06\x04'),
  s('application/vnd.lotus-1-2-3', '\x00\x00\x02\x00\x20\x51'),
  s('application/vnd.lotus-1-2-3', '\x00\x00\x02\x00\x01\x10'),
  s('application/vnd.lotus-1-2-3', '\x00\x00\x02\x00\x02\x10'),
  s('application/vnd.lotus-1-2-3', '\xff\x00\x02\x00\x04\x04'),
  s('application/gzip', '\x1f\x8b'),
  s('application/x-bzip2', 'BZh'),
  s('application/x-xz', '\xfd7zXZ\x00'),
  s('application/zstd', '\x28\xb5\x2f\xfd'),
  s('application/x-lz4', '\x04\x22\x4d\x18'),
  s('application/x-lzip', 'LZIP'),
  s('application/x-compress', '\x1f\x9d'),
  s('application/x-7z-compressed', '7z\xbc\xaf\x27\x1c'),
  s('application/vnd.rar', 'Rar!\x1a\x07'),
  s('application/vnd.ms-cab-compressed', 'MSCF\x00\x00\x00\x00'),
  s('application/x-installshield', 'ISc('),
  s('application/x-arj', '\x60\xea'),
  s('application/x-lzh-compressed', '-lh?-', 2),
  s('application/x-ace-compressed', '**ACE**', 7),
  s('application/x-archive', '!<arch>\n'),
  s('application/x-cpio', '070701'),
  s('application/x-cpio', '070702'),
  s('application/x-cpio', '070707'),
  s('application/x-cpio', '\xc7\x71'),
  s('application/applefile', '\x00\x05\x16\x07\x00\x02'),
  s('application/x-applesingle', '\x00\x05\x16\x00\x00\x02'),
  s('application/x-apple-ds-store', '\x00\x00\x00\x01Bud1'),
  s('application/x-rpm', '\xed\xab\xee\xdb'),
  s('application/x-tar', 'ustar', 257),
  s('application/x-xar', 'xar!'),
  s('application/x-wim', 'MSWIM\x00\x00\x00'),
  s('application/vnd.ms-tnef', '\x78\x9f\x3e\x22'),
  s('text/rtf', '{\\rt'),
  s('application/onenote', '\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3'),
  s('application/onenote', '\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f'),
  s('application/vnd.wordperfect', '\xffWPC'),
  s('application/vnd.ms-htmlhelp', 'ITSF'),
  s('application/postscript', '%!PS'),
  s('application/postscript', '\xc5\xd0\xd3\xc6'),
  s('image/vnd.djvu', 'AT&TFORM'),
  s('application/x-openssl-encrypted', 'Salted__'),
  s('application/age-encryption', 'age-encryption.org/v1'),
  s('application/x-keepass', '\x03\xd9\xa2\x9a'),
  s('application/x-luks', 'LUKS\xba\xbe'),
  s('application/vnd.sqlite3', 'SQLite format 3\x00'),
  s('application/vnd.ms-access', '\x00\x01\x00\x00Standard ???? DB'),
  s('application/vnd.ms-outlook-pst', '!BDN'),
  s('application/vnd.tcpdump.pcap', '\xd4\xc3\xb2\xa1'),
  s('application/vnd.tcpdump.pcap', '\xa1\xb2\xc3\xd4'),
  s('application/x-ms-shortcut', 'L\x00\x00\x00\x01\x14\x02\x00'),
  s('application/vnd.microsoft.portable-executable', 'MZ'),
  s('application/x-elf', '\x7fELF'),
  s('application/java-vm', '\xca\xfe\xba\xbe'),
  s('application/x-mach-binary', '\xcf\xfa\xed\xfe'),
  s('application/x-mach-binary', '\xce\xfa\xed\xfe'),
  s('application/wasm', '\x00asm'),
  s('application/vnd.apple.binary-plist', 'bplist00'),
  s('application/vnd.apache.parquet', 'PAR1'),
  s('image/png', '\x89PNG\r\n\x1a\n'),
  s('image/jpeg', '\xff\xd8\xff'),
  s('image/gif', 'GIF87a'),
  s('image/gif', 'GIF89a'),
  s('image/tiff', 'II*\x00'),
  s('image/tiff', 'MM\x00*'),
  s('image/webp', 'RIFF????WEBP'),
  s('image/vnd.adobe.photoshop', '8BPS'),
  s('image/jp2', '\x00\x00\x00\x0cjP  '),
  s('image/jp2', '\xff\x4f\xff\x51'),
  s('image/jxl', '\x00\x00\x00\x0cJXL '),
  s('image/jxl', '\xff\x0a'),
  s('image/x-portable-anymap', 'P?'),
  s('image/x-xpixmap', '/* XPM */'),
  s('image/x-xbitmap', '#define '),
  s('image/emf', ' EMF', 40),
  s('image/x-svm', 'VCLMTF'),
  s('image/wmf', '\xd7\xcd\xc6\x9a'),
  s('image/wmf', '\x01\x00\x09\x00\x00\x03'),
  s('image/heic', 'ftypheic', 4),
  s('image/heic', 'ftypheix', 4),
  s('image/heic', 'ftyphevc', 4),
  s('image/heic', 'ftyphevx', 4),
  s('image/heic', 'ftypheim', 4),
  s('image/heic', 'ftypheis', 4),
  s('image/heif', 'ftypmif1', 4),
  s('image/heif', 'ftypmsf1', 4),
  s('image/avif', 'ftypavis', 4),
  s('image/avif', 'ftypavif', 4),
  s('video/quicktime', 'ftypqt', 4),
  s('audio/mp4', 'ftypM4A', 4),
  s('video/mp4', 'ftyp', 4),
  s('video/quicktime', 'moov', 4),
  s('audio/mpeg', 'ID3'),
  s('audio/ogg', 'OggS'),
  s('audio/flac', 'fLaC'),
  s('audio/wav', 'RIFF????WAVE'),
  s('video/x-msvideo', 'RIFF????AVI '),
  s('audio/midi', 'MThd'),
  s('audio/amr', '#!AMR'),
  s('audio/basic', '.snd'),
  s('video/webm', '\x1a\x45\xdf\xa3'),
  s('video/x-flv', 'FLV\x01'),
  s('video/mpeg', '\x00\x00\x01\xba'),
  s('video/mpeg', '\x00\x00\x01\xb3'),
  s('video/x-ms-asf', '\x30\x26\xb2\x75\x8e\x66\xcf\x11'),
  s('application/x-shockwave-flash', 'FWS'),
  s('application/x-shockwave-flash', 'CWS'),
  s('font/otf', 'OTTO'),
  s('font/ttf', '\x00\x01\x00\x00\x00'),
  s('font/collection', 'ttcf'),
  s('font/woff', 'wOFF'),
  s('font/woff2', 'wOF2'),
  s('application/x-iso9660-image', 'CD001', 32769),
  s('application/x-virtualbox-vdi', '<<< '),
  s('application/x-qemu-disk', 'QFI\xfb'),
]

const byFirst = new Map<number, Signature[]>()
const elsewhere: Signature[] = []
for (const signature of table) {
  if (signature.at > 0) elsewhere.push(signature)
  else {
    const first = signature.bytes.charCodeAt(0)
    byFirst.set(first, [...(byFirst.get(first) ?? []), signature])
  }
}

/** PDF readers take the mark anywhere in the first kilobyte (ISO 32000-1 annex H, note 13). */
const PDF_MARK_WITHIN_BYTES = 1024

/** Media type of the first signature that fits, or null. */
export function signatureOf(bytes: Uint8Array): string | null {
  for (const signature of byFirst.get(bytes[0] ?? -1) ?? []) {
    if (fits(bytes, signature) && isPlausible(bytes, signature.type)) return signature.type
  }
  for (const signature of elsewhere) {
    if (fits(bytes, signature) && isPlausible(bytes, signature.type)) return signature.type
  }
  if (isOldTar(bytes)) return 'application/x-tar'
  if (isBitmap(bytes)) return 'image/bmp'
  if (isIcon(bytes)) return 'image/vnd.microsoft.icon'
  if (isCms(bytes)) return 'application/pkcs7-mime'
  if (isPfx(bytes)) return 'application/x-pkcs12'
  if (isWholeDer(bytes, CERTIFICATE)) return 'application/pkix-cert'
  if (startsAsPgpEncrypted(bytes)) return 'application/pgp-encrypted'
  if (isLzmaAlone(bytes)) return 'application/x-lzma'
  if (isPdfWithPrefix(bytes)) return 'application/pdf'
  return null
}

function fits(bytes: Uint8Array, signature: Signature): boolean {
  if (bytes.length < signature.at + signature.bytes.length) return false
  for (let i = 0; i < signature.bytes.length; i++) {
    const want = signature.bytes.charCodeAt(i)
    if (want !== 0x3f && bytes[signature.at + i] !== want) return false
  }
  return true
}

/** Two-letter marks stand at the start of ordinary words as well: a second look at those. */
function isPlausible(bytes: Uint8Array, type: string): boolean {
  switch (type) {
    case 'application/vnd.microsoft.portable-executable':
    case 'audio/mpeg':
    case 'application/x-shockwave-flash':
    case 'application/x-lzip':
    case 'application/vnd.apache.parquet':
      return bytes.length > 8 && isBinary(bytes)
    case 'application/x-bzip2':
      return (bytes[3] ?? 0) >= 0x31 && (bytes[3] ?? 0) <= 0x39
    case 'application/x-arj':
    case 'application/x-cpio':
      return bytes.length > 26
    case 'application/java-vm':
      return (bytes[4] ?? 0) === 0
    case 'image/jxl':
      return bytes[0] === 0 || isBinary(bytes)
    case 'image/x-portable-anymap':
      return /^P(?:[1-6]\s(?:\s|#[^\n]*\n)*\d+\s(?:\s|#[^\n]*\n)*\d|7\n(?:#[^\n]*\n)*(?:WIDTH|HEIGHT|DEPTH) )/.test(
        headOf(bytes),
      )
    case 'image/x-xbitmap':
      return /^#define[ \t]+\S*_?width[ \t]+\d+\s+#define[ \t]+\S*_?height[ \t]+\d+\s[^{]*\[\s*\]\s*=\s*\{/.test(
        headOf(bytes),
      )
    default:
      return true
  }
}

function headOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).toString('latin1')
}

const DISK_IMAGE_TRAILER_BYTES = 512

/**
 * The trailer of a disk image (UDIF): its mark, its version, its own size. For bytes that begin like nothing else: whoever
 * puts the trailer behind another file makes no disk image of it.
 */
export function isAppleDiskImage(bytes: Uint8Array): boolean {
  const at = bytes.length - DISK_IMAGE_TRAILER_BYTES
  if (at < 0 || bytes[at] !== 0x6b || bytes[at + 1] !== 0x6f || bytes[at + 2] !== 0x6c || bytes[at + 3] !== 0x79)
    return false
  const trailer = Buffer.from(bytes.buffer, bytes.byteOffset + at, DISK_IMAGE_TRAILER_BYTES)
  return trailer.readUInt32BE(4) === 4 && trailer.readUInt32BE(8) === DISK_IMAGE_TRAILER_BYTES
}

/** Version 7 tar has no mark; its header's checksum is proof. */
function isOldTar(bytes: Uint8Array): boolean {
  if (bytes.length < 512 || bytes[0] === 0) return false
  const field = Buffer.from(bytes.buffer, bytes.byteOffset + 148, 8).toString('latin1')
  const m = /^[ 0]*([0-7]{1,6})[\0 ]/.exec(field)
  if (!m?.[1]) return false
  let sum = 8 * 0x20
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += bytes[at] ?? 0
  return sum === Number.parseInt(m[1], 8)
}

function isBitmap(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x42 || bytes[1] !== 0x4d || bytes.length < 26) return false
  const headerSize = (bytes[14] ?? 0) | ((bytes[15] ?? 0) << 8)
  return [12, 40, 52, 56, 64, 108, 124].includes(headerSize) && bytes[16] === 0 && bytes[17] === 0
}

function isIcon(bytes: Uint8Array): boolean {
  const kind = bytes[2] ?? 0
  const count = bytes[4] ?? 0
  return (
    bytes.length > 22 &&
    bytes[0] === 0 &&
    bytes[1] === 0 &&
    (kind === 1 || kind === 2) &&
    bytes[3] === 0 &&
    count > 0 &&
    bytes[5] === 0 &&
    bytes[9] === 0
  )
}

/** DER or BER ContentInfo: a sequence whose first member is an object identifier below 1.2.840.113549.1.7 (RFC 5652). */
function isCms(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x30) return false
  const length = bytes[1] ?? 0
  const at = length < 0x80 || length === 0x80 ? 2 : 2 + (length & 0x7f)
  const oid = [0x06, undefined, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01]
  if (!oid.every((byte, i) => byte === undefined || bytes[at + i] === byte)) return false
  return bytes[at + 9] === 0x07 || (bytes[at + 9] === 0x09 && bytes[at + 10] === 0x10)
}

/** A key store: version 3, then a ContentInfo below 1.2.840.113549.1.7 (RFC 7292, 4). Lengths may be left open, as in BER. */
const PFX_VERSION = [0x30, 0x02, 0x01, 0x03, 0x30]
const PFX_CONTENT = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07]

function isPfx(bytes: Uint8Array): boolean {
  const behindLength = (at: number) => {
    const length = bytes[at] ?? 0
    return length <= 0x80 ? at + 1 : at + 1 + (length & 0x7f)
  }
  if (bytes[0] !== PFX_VERSION[0]) return false
  const version = behindLength(1)
  if (!PFX_VERSION.slice(1).every((byte, i) => bytes[version + i] === byte)) return false
  const content = behindLength(version + PFX_VERSION.length - 1)
  return PFX_CONTENT.every((byte, i) => bytes[content + i] === byte)
}

/** A certificate of version 3 (RFC 5280, 4.1): the sequence that is signed, with its length left open. */
const CERTIFICATE = [0x30, 0x82, undefined, undefined, 0xa0, 0x03, 0x02, 0x01, 0x02, 0x02]

/** One DER sequence from the first byte to the last that begins with `content`; undefined is any byte. */
function isWholeDer(bytes: Uint8Array, content: readonly (number | undefined)[]): boolean {
  if (bytes[0] !== 0x30 || bytes[1] !== 0x82) return false
  if (4 + (((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)) !== bytes.length) return false
  return content.every((byte, i) => byte === undefined || bytes[4 + i] === byte)
}

/**
 * LZMA as the first programs wrote it has no mark (LZMA SDK, lzma.txt): properties that can be, a dictionary of a power of
 * two or one and a half, a size that is unknown or of less than a terabyte, and the zero that its range coder begins with.
 */
function isLzmaAlone(bytes: Uint8Array): boolean {
  const properties = bytes[0] ?? 0xff
  if (bytes.length < 18 || bytes[13] !== 0 || properties >= 225 || properties === 0) return false
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, 13)
  const dictionary = view.readUInt32LE(1)
  const ones = dictionary.toString(2).replace(/0+$/, '')
  if (dictionary !== 0xffffffff && (dictionary < LZMA_DICTIONARY_MIN || (ones !== '1' && ones !== '11'))) return false
  const size = view.readBigUInt64LE(5)
  return size === 0xffffffffffffffffn || (size > 0n && size < LZMA_SIZE_MAX)
}

const LZMA_DICTIONARY_MIN = 4096
const LZMA_SIZE_MAX = 1n << 40n

function isPdfWithPrefix(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PDF_MARK_WITHIN_BYTES))
  const at = head.indexOf('%PDF-')
  return at > 0 && /^%PDF-\d\.\d/.test(head.toString('latin1', at, at + 8))
}

const SAMPLE_BYTES = 4096
/** Control characters that text of an ASCII-like charset does not have: none of BEL to SI, SUB and ESC is one. */
const isControl = new Uint8Array(256)
for (let code = 0; code < 0x20; code++)
  isControl[code] = (code >= 0x07 && code <= 0x0f) || code === 0x1a || code === 0x1b ? 0 : 1

/** Whether the bytes begin with control characters that text of an ASCII-like charset does not have. */
export function isBinary(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, SAMPLE_BYTES)
  let odd = 0
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0
    if (isControl[byte] === 0) continue
    if (byte === 0) return true
    odd += 1
  }
  return odd > length / 50
}
