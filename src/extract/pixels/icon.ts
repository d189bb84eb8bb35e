import { limits } from '../../core/limits.ts'
import { decodeIconDib } from './bmp.ts'
import type { RgbaPicture } from './rgba-picture.ts'

/** Icons and cursors of Windows (ICONDIR): each picture in them, largest first; those in PNG are handed back as files. */
export function* decodeIcon(bytes: Buffer): Generator<RgbaPicture | Buffer> {
  const count = bytes.readUInt16LE(4)
  const files: Buffer[] = []
  for (let i = 0; i < count; i++) {
    const entry = 6 + i * 16
    if (entry + 16 > bytes.length) break
    const from = bytes.readUInt32LE(entry + 12)
    const file = bytes.subarray(from, from + bytes.readUInt32LE(entry + 8))
    if (file.length > 0) files.push(file)
  }
  files.sort((a, b) => b.length - a.length)
  // One more than is read: the reader says that it is left out.
  for (const file of files.slice(0, limits.ocrFramesMax + 1)) yield file[0] === 0x89 ? file : decodeIconDib(file)
}
