/** UTF-7 (RFC 2152) and its IMAP dialect (RFC 3501 section 5.1.3). Lenient: what is no valid shift stays as it is. */
const SHIFT = /\+([A-Za-z0-9+/]*)-?/g
const SHIFT_IMAP = /&([A-Za-z0-9+,]*)-?/g

export function decodeUtf7(raw: string, imap = false): string {
  return raw.replace(imap ? SHIFT_IMAP : SHIFT, (whole, coded: string) => {
    if (coded === '') return whole.endsWith('-') ? (imap ? '&' : '+') : whole
    return decodeShift(imap ? coded.replace(/,/g, '/') : coded) ?? whole
  })
}

/** Null unless the bits are whole UTF-16 units with zero padding. */
function decodeShift(coded: string): string | null {
  const bytes = Buffer.from(coded, 'base64')
  if (bytes.length < 2) return null
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le')
}

/** Characters of base64 behind a plus sign below which nothing can be hidden. */
const SHIFT_MIN_CHARS = 3

/** Whether anything in the bytes could be a shift that `looksUtf7` counts. */
export function hasUtf7Shift(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(PLUS); at >= 0; at = bytes.indexOf(PLUS, at + 1)) {
    let length = 0
    while (length < SHIFT_MIN_CHARS && isBase64[bytes[at + 1 + length] ?? 0] === 1) length++
    if (length === SHIFT_MIN_CHARS) return true
  }
  return false
}

const PLUS = 0x2b
const isBase64 = new Uint8Array(256)
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') isBase64[c.charCodeAt(0)] = 1

/**
 * Whether text that nobody called UTF-7 holds shifts that decode to ASCII. Base64 and arithmetic do not: every second
 * byte would have to be zero. So three hidden characters are proof enough.
 */
export function looksUtf7(raw: string): boolean {
  let hidden = 0
  for (const [, coded = ''] of raw.matchAll(/\+([A-Za-z0-9+/]{3,})/g)) {
    const text = decodeShift(coded)
    if (text !== null && /^[\t\n\r\x20-\x7e]+$/.test(text)) hidden += text.length
    if (hidden >= 3) return true
  }
  return false
}
