import { limits } from '../../core/limits.ts'

/**
 * Files of one picture each out of a file of several, since only the first of a file is decoded: pages of a TIFF, frames
 * of a GIF. Linear; never throws. What no frame can be made of is handed on as it is.
 */
export interface Frames {
  readonly files: readonly Buffer[]
  /** Frames that were left out. */
  readonly skipped: number
}

export function pictureFrames(bytes: Buffer, type: string): Frames {
  const files = type === 'image/tiff' ? tiffPages(bytes) : type === 'image/gif' ? gifFrames(bytes) : [bytes]
  if (files.length === 0) return { files: [bytes], skipped: 0 }
  return { files: files.slice(0, limits.ocrFramesMax), skipped: Math.max(0, files.length - limits.ocrFramesMax) }
}

/** TIFF 6.0, section 2: the header points to the first directory, each directory to the next one. */
function tiffPages(bytes: Buffer): Buffer[] {
  const little = bytes[0] === 0x49
  const read32 = (at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  const read16 = (at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const pages: Buffer[] = []
  const seen = new Set<number>()
  for (let at = bytes.length >= 8 ? read32(4) : 0; at >= 8 && at + 2 <= bytes.length && !seen.has(at); ) {
    seen.add(at)
    if (seen.size > limits.ocrFramesMax) {
      pages.push(bytes)
      break
    }
    const page = Buffer.from(bytes)
    if (little) page.writeUInt32LE(at, 4)
    else page.writeUInt32BE(at, 4)
    pages.push(page)
    const next = at + 2 + read16(at) * 12
    at = next + 4 <= bytes.length ? read32(next) : 0
  }
  return pages
}

/** GIF89a: header and colours, then blocks; every frame is put behind the header of its own. */
function gifFrames(bytes: Buffer): Buffer[] {
  const flags = bytes[10] ?? 0
  const head = 13 + ((flags & 0x80) !== 0 ? 3 << ((flags & 7) + 1) : 0)
  const frames: [number, number][] = []
  let from = head
  let at = head
  while (at < bytes.length) {
    if (bytes[at] === 0x21) at = blocksEnd(bytes, at + 2)
    else if (bytes[at] === 0x2c && at + 10 <= bytes.length) {
      const local = bytes[at + 9] ?? 0
      at = blocksEnd(bytes, at + 10 + ((local & 0x80) !== 0 ? 3 << ((local & 7) + 1) : 0) + 1)
      frames.push([from, at])
      from = at
    } else break
  }
  const end = Buffer.from([0x3b])
  const build = ([start, stop]: [number, number]) =>
    Buffer.concat([bytes.subarray(0, head), bytes.subarray(start, stop), end])
  // Of an animation the first, the last and those in even steps between are looked at.
  if (frames.length <= limits.ocrFramesMax) return frames.map(build)
  const chosen = new Set<number>()
  for (let i = 0; i < limits.ocrFramesMax; i++)
    chosen.add(Math.round((i * (frames.length - 1)) / (limits.ocrFramesMax - 1)))
  const looked = frames.filter((_, i) => chosen.has(i)).map(build)
  return [...looked, ...frames.slice(looked.length).map(() => end)]
}

function blocksEnd(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length) {
    const length = bytes[at] ?? 0
    at += 1 + length
    if (length === 0) break
  }
  return Math.min(at, bytes.length)
}
