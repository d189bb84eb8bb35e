import type { EmbeddedFile } from './embedded-file.ts'

/** BinHex 4.0 (RFC 1741 appendix A): six-bit characters, run-length coding, then a header and the two forks of the file. */
const ALPHABET = '!"#$%&\'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr'
const START = /with BinHex[^\r\n]*[\r\n]+\s*:/g
const RUN = 0x90
/** A run may not blow a line of text up to more than this. */
const EXPANDED_MAX_BYTES = 64 * 1024 * 1024

const sixOf = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) sixOf[ALPHABET.charCodeAt(i)] = i

export function findBinHex(text: string): EmbeddedFile[] {
  const files: EmbeddedFile[] = []
  START.lastIndex = 0
  for (let m = START.exec(text); m; m = START.exec(text)) {
    const stop = text.indexOf(':', START.lastIndex)
    const end = stop < 0 ? text.length : stop
    files.push(...forks(expandRuns(sixBits(text, START.lastIndex, end))))
    START.lastIndex = end
  }
  return files
}

function sixBits(text: string, from: number, to: number): Buffer {
  const out = Buffer.allocUnsafe(Math.ceil(((to - from) * 3) / 4) + 3)
  let length = 0
  let bits = 0
  let held = 0
  for (let at = from; at < to; at++) {
    const value = sixOf[text.charCodeAt(at)] ?? -1
    if (value < 0) continue
    held = (held << 6) | value
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[length++] = (held >> bits) & 0xff
      held &= (1 << bits) - 1
    }
  }
  return out.subarray(0, length)
}

function expandRuns(packed: Buffer): Buffer {
  const out: number[] = []
  for (let at = 0; at < packed.length && out.length < EXPANDED_MAX_BYTES; at++) {
    const byte = packed[at] ?? 0
    if (byte !== RUN) {
      out.push(byte)
      continue
    }
    const count = packed[++at] ?? 0
    if (count === 0) out.push(RUN)
    else {
      const last = out.at(-1) ?? 0
      for (let i = 1; i < count; i++) out.push(last)
    }
  }
  return Buffer.from(out)
}

/** Header: name length, name, version, type, creator, flags, the two lengths, CRC; then data fork, CRC, resource fork. */
function forks(bytes: Buffer): EmbeddedFile[] {
  const nameLength = bytes[0] ?? 0
  const at = 1 + nameLength
  if (nameLength === 0 || bytes.length < at + 21) return []
  const filename = bytes.toString('latin1', 1, at)
  const dataLength = bytes.readUInt32BE(at + 11)
  const resourceLength = bytes.readUInt32BE(at + 15)
  const dataAt = at + 21
  const resourceAt = dataAt + dataLength + 2
  const files: EmbeddedFile[] = []
  if (dataLength > 0) files.push({ bytes: bytes.subarray(dataAt, dataAt + dataLength), filename, via: 'binhex' })
  if (resourceLength > 0 && resourceAt < bytes.length) {
    files.push({
      bytes: bytes.subarray(resourceAt, resourceAt + resourceLength),
      filename: `${filename}.rsrc`,
      via: 'binhex',
    })
  }
  return files
}
