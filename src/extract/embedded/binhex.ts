import type { EmbeddedFile } from './embedded-file.ts'

/** BinHex 4.0 (RFC 1741 appendix A): six-bit characters, run-length coding, then a header and the two forks of the file. */
const ALPHABET = '!"#$%&\'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr'
const START = /with BinHex[^\r\n]*[\r\n]+\s*:/g
const RUN = 0x90
/** Runs of one text may not blow it up to more than this; a file that is not whole then is `partial`. */
export const EXPANDED_MAX_BYTES = 64 * 1024 * 1024

const sixOf = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) sixOf[ALPHABET.charCodeAt(i)] = i

export function findBinHex(text: string): EmbeddedFile[] {
  const files: EmbeddedFile[] = []
  let left = EXPANDED_MAX_BYTES
  START.lastIndex = 0
  for (let m = START.exec(text); m; m = START.exec(text)) {
    const stop = text.indexOf(':', START.lastIndex)
    const end = stop < 0 ? text.length : stop
    const expanded = expandRuns(sixBits(text, START.lastIndex, end), left)
    const found = forks(expanded)
    // Not even its header had room.
    if (found.length === 0 && expanded.length === left) return [...files, NO_ROOM]
    left -= expanded.length
    files.push(...found)
    START.lastIndex = end
  }
  return files
}

const NO_ROOM: EmbeddedFile = { bytes: Buffer.alloc(0), filename: null, via: 'binhex', partial: true }

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

/** At most `most` bytes. */
function expandRuns(packed: Buffer, most: number): Buffer {
  const out = Buffer.alloc(Math.min(most, expandedLength(packed)))
  let length = 0
  for (let at = 0; at < packed.length && length < out.length; at++) {
    const byte = packed[at] ?? 0
    const count = byte === RUN ? (packed[++at] ?? 0) : 0
    if (count === 0) out[length++] = byte
    else {
      const end = Math.min(out.length, length + count - 1)
      out.fill(out[length - 1] ?? 0, length, end)
      length = end
    }
  }
  return out
}

function expandedLength(packed: Buffer): number {
  let length = 0
  for (let at = 0; at < packed.length; at++) {
    const count = packed[at] === RUN ? (packed[++at] ?? 0) : 0
    length += count === 0 ? 1 : count - 1
  }
  return length
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
  const add = (name: string, from: number, length: number) => {
    const fork = bytes.subarray(from, from + length)
    files.push({ bytes: fork, filename: name, via: 'binhex', partial: fork.length < length })
  }
  if (dataLength > 0) add(filename, dataAt, dataLength)
  if (resourceLength > 0 && resourceAt < bytes.length) add(`${filename}.rsrc`, resourceAt, resourceLength)
  return files
}
