/** Width and height of a picture from its header; null where the header doesn't tell. Never throws. */
export function imageSize(bytes: Buffer, type: string): { width: number; height: number } | null {
  try {
    switch (type) {
      case 'image/png':
        return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
      case 'image/gif':
        return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
      case 'image/bmp':
        // The oldest header, of twelve bytes, has 16-bit sizes.
        return bytes.readUInt32LE(14) === 12
          ? { width: bytes.readUInt16LE(18), height: bytes.readUInt16LE(20) }
          : { width: Math.abs(bytes.readInt32LE(18)), height: Math.abs(bytes.readInt32LE(22)) }
      case 'image/vnd.adobe.photoshop':
        return { width: bytes.readUInt32BE(18), height: bytes.readUInt32BE(14) }
      case 'image/x-tga':
        return { width: bytes.readUInt16LE(12), height: bytes.readUInt16LE(14) }
      case 'image/vnd.microsoft.icon':
      case 'image/x-icon':
        return iconSize(bytes)
      case 'image/jpeg':
        return jpegSize(bytes)
      case 'image/heic':
      case 'image/heif':
      case 'image/avif':
        return heifSize(bytes)
      default:
        return null
    }
  } catch {
    return null
  }
}

/** Entries of an icon looked at. */
const ICON_ENTRIES_MAX = 64

/** The largest picture of an icon, by what the pictures themselves say: the directory has one byte for each side. */
function iconSize(bytes: Buffer): { width: number; height: number } | null {
  let best: { width: number; height: number } | null = null
  for (let i = 0; i < Math.min(bytes.readUInt16LE(4), ICON_ENTRIES_MAX); i++) {
    const from = bytes.readUInt32LE(6 + i * 16 + 12)
    if (from + 24 > bytes.length) continue
    const isPng = bytes[from] === 0x89
    const size = isPng
      ? { width: bytes.readUInt32BE(from + 16), height: bytes.readUInt32BE(from + 20) }
      : { width: Math.abs(bytes.readInt32LE(from + 4)), height: Math.abs(bytes.readInt32LE(from + 8)) >> 1 }
    if (best === null || size.width * size.height > best.width * best.height) best = size
  }
  return best
}

function jpegSize(bytes: Buffer): { width: number; height: number } | null {
  let at = 2
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2)
  }
  return null
}

/** Where the properties of the items stand: before the pixels in all files seen. */
const HEIF_HEAD_BYTES = 256 * 1024

/** The largest of the spatial extents (ISO/IEC 23008-12, 6.5.3): tiles and thumbnails have their own. */
function heifSize(bytes: Buffer): { width: number; height: number } | null {
  const head = bytes.subarray(0, HEIF_HEAD_BYTES)
  let best: { width: number; height: number } | null = null
  for (let at = head.indexOf('ispe'); at >= 0 && at + 16 <= head.length; at = head.indexOf('ispe', at + 4)) {
    const size = { width: head.readUInt32BE(at + 8), height: head.readUInt32BE(at + 12) }
    if (best === null || size.width * size.height > best.width * best.height) best = size
  }
  return best
}
