import iconv from 'iconv-lite'

/** ISO-2022-JP, -KR and -CN (RFC 1468, 1557, 1922) and HZ (RFC 1843): 7-bit texts that shift into double-byte sets. */
const ESC = 0x1b
const SHIFT_OUT = 0x0e
const SHIFT_IN = 0x0f

export function hasIso2022(buffer: Buffer): boolean {
  for (let at = buffer.indexOf(ESC); at >= 0; at = buffer.indexOf(ESC, at + 1)) {
    const next = buffer[at + 1]
    if (next === 0x24 || next === 0x28) return true
  }
  return false
}

export function decodeIso2022(buffer: Buffer, name: string): string {
  if (/kr|cn/.test(name) || buffer.includes(SHIFT_OUT)) return decodeShifted(buffer, name)
  return new TextDecoder('iso-2022-jp').decode(buffer)
}

/** KR and CN announce a set by `ESC $ ) x` and use it between SO and SI; eight-bit they are EUC-KR and GBK. */
function decodeShifted(buffer: Buffer, name: string): string {
  const korean = buffer.indexOf('\x1b$)C', 0, 'latin1') >= 0 || /kr/.test(name)
  const out = Buffer.alloc(buffer.length)
  let length = 0
  let shifted = false
  for (let at = 0; at < buffer.length; at++) {
    const byte = buffer[at] ?? 0
    if (byte === SHIFT_OUT) shifted = true
    else if (byte === SHIFT_IN) shifted = false
    else if (byte === ESC && buffer[at + 1] === 0x24 && (buffer[at + 2] === 0x29 || buffer[at + 2] === 0x2a)) at += 3
    else {
      if (byte === 0x0a) shifted = false
      out[length++] = shifted && byte > 0x20 ? byte | 0x80 : byte
    }
  }
  return iconv.decode(out.subarray(0, length), korean ? 'euc-kr' : 'gbk')
}

/** HZ to GBK bytes: `~{` starts double bytes, `~}` ends them, `~~` is a tilde. */
export function stripHz(buffer: Buffer): Buffer {
  const out = Buffer.alloc(buffer.length)
  let length = 0
  let double = false
  for (let at = 0; at < buffer.length; at++) {
    const byte = buffer[at] ?? 0
    const next = buffer[at + 1]
    if (byte === 0x7e && (next === 0x7b || next === 0x7d)) {
      double = next === 0x7b
      at++
    } else if (!double && byte === 0x7e && next === 0x7e) {
      out[length++] = 0x7e
      at++
    } else {
      if (byte === 0x0a) double = false
      out[length++] = double && byte > 0x20 ? byte | 0x80 : byte
    }
  }
  return out.subarray(0, length)
}
