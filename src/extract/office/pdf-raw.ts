const STREAMS_MAX = 10_000

/** What can be told of a PDF from its bytes alone, beside pdf.js: encryption, pictures, where it ends. */

/** Streams can't stand in object streams, so the dictionary of every picture is readable in the file (ISO 32000-1, 7.5.7). */
export function hasPictures(bytes: Buffer): boolean {
  return /\/Subtype\s*\/Image\b/.test(bytes.toString('latin1', 0, bytes.length)) || bytes.includes('/ImageMask')
}

/** `AES-256`, `RC4-128` and the like, from the encryption dictionary; `PDF` where it can't be read. */
export function encryptionOf(bytes: Buffer): string {
  const at = bytes.indexOf('/Encrypt')
  if (at < 0) return 'PDF'
  const reference = /\/Encrypt\s+(\d+)\s+(\d+)\s+R/.exec(bytes.toString('latin1', at, at + 64))
  const start = reference ? bytes.indexOf(`${reference[1]} ${reference[2]} obj`, 0, 'latin1') : at
  const dictionary = bytes.toString('latin1', Math.max(0, start), Math.max(0, start) + 2048)
  if (/\/Filter\s*\/(?!Standard)\w+/.test(dictionary) && /PubSec|Adobe\.|MicrosoftIRM/i.test(dictionary))
    return 'certificate'
  if (/\/AESV3/.test(dictionary)) return 'AES-256'
  if (/\/AESV2/.test(dictionary)) return 'AES-128'
  const bits = /\/Length\s+(\d{2,3})\b/.exec(dictionary)?.[1] ?? '40'
  return `RC4-${bits}`
}

/** Page programs behind a picture's filter: no reader of text decodes them, and they are what bombs are made of. */
export function hasPictureProgram(bytes: Buffer): boolean {
  for (const filter of ['JBIG2Decode', 'DCTDecode', 'JPXDecode', 'CCITTFaxDecode']) {
    let at = bytes.indexOf(filter, 0, 'latin1')
    for (let count = 0; at >= 0 && count < STREAMS_MAX; count++) {
      const before = bytes.toString('latin1', Math.max(0, at - 1000), at)
      const behind = bytes.toString('latin1', at, at + 1000)
      const end = behind.search(/\bstream\b|\bendobj\b/)
      const dictionary = before.slice(before.lastIndexOf(' obj') + 1) + behind.slice(0, Math.max(0, end))
      if (end >= 0 && !/\/Subtype\s*\/Image|\/Width|\/W\b/.test(dictionary)) return true
      at = bytes.indexOf(filter, at + 1, 'latin1')
    }
  }
  return false
}

const END = Buffer.from('%%EOF', 'latin1')
/** Bytes behind the last end mark: readers don't look there. */
export function behindEnd(bytes: Buffer): number {
  const at = bytes.lastIndexOf(END)
  if (at < 0) return bytes.length
  let next = at + END.length
  while (next < bytes.length && /\s|\0/.test(String.fromCharCode(bytes[next] ?? 0))) next += 1
  return next
}

/** Where the header stands; 0 where there is none. */
export function beforeHeader(bytes: Buffer): number {
  return Math.max(0, bytes.indexOf('%PDF-', 0, 'latin1'))
}
