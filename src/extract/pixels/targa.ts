import { isInvisible, newPicture, type RgbaPicture, setPixel, withoutOpacity } from './rgba-picture.ts'

/** Truevision TGA 2.0: colour-mapped, true colour and grey, plain or in runs, 8 to 32 bits. */
interface Header {
  readonly kind: number
  readonly bits: number
  readonly width: number
  readonly height: number
  readonly fromRight: boolean
  readonly fromTop: boolean
  readonly pixels: number
  readonly map: { readonly at: number; readonly first: number; readonly bits: number } | null
}

const HEADER_BYTES = 18
const FOOTER_BYTES = 18
const FOOTER_MARK = 'TRUEVISION-XFILE.'

/** The picture as its header says, then upside down: some programs write rows from the top without saying so. */
export function* decodeTarga(bytes: Buffer): Generator<RgbaPicture> {
  const header = headerOf(bytes)
  yield decode(bytes, header)
  yield decode(bytes, { ...header, fromTop: !header.fromTop })
}

function decode(bytes: Buffer, header: Header): RgbaPicture {
  const picture = newPicture(header.width, header.height)
  const size = Math.ceil(header.bits / 8)
  const total = header.width * header.height
  const isPacked = header.kind >= 8
  let at = header.pixels
  for (let i = 0; i < total && at < bytes.length; ) {
    const mark = isPacked ? (bytes[at++] ?? 0) : 0
    const count = isPacked ? (mark & 0x7f) + 1 : total
    const isRun = isPacked && mark >= 0x80
    for (let k = 0; k < count && i < total && at + size <= bytes.length; k++, i++) {
      put(picture, header, i, bytes, at)
      if (!isRun || k === count - 1) at += size
    }
    if (at + size > bytes.length) break
  }
  return isInvisible(picture) ? withoutOpacity(picture) : picture
}

/** What it says about itself, and the first byte behind its pixels where nothing is known to follow them. */
export function targaPlaces(bytes: Buffer): { readonly about: readonly Buffer[]; readonly end: number | null } {
  let header: Header
  try {
    header = headerOf(bytes)
  } catch {
    return { about: [], end: null }
  }
  const size = Math.ceil(header.bits / 8)
  const total = header.width * header.height
  let at = header.pixels
  if (header.kind < 8) at += total * size
  else
    for (let i = 0; i < total && at < bytes.length; ) {
      const mark = bytes[at] ?? 0
      i += (mark & 0x7f) + 1
      at += 1 + (mark >= 0x80 ? size : ((mark & 0x7f) + 1) * size)
    }
  const id = bytes.subarray(HEADER_BYTES, HEADER_BYTES + (bytes[0] ?? 0))
  if (at >= bytes.length) return { about: [id], end: null }
  const hasFooter = bytes.toString('latin1', bytes.length - FOOTER_BYTES).startsWith(FOOTER_MARK)
  return hasFooter ? { about: [id, bytes.subarray(at)], end: null } : { about: [id], end: at }
}

function headerOf(bytes: Buffer): Header {
  const kind = bytes[2] ?? 0
  const bits = bytes[16] ?? 0
  const mapEntries = bytes.readUInt16LE(5)
  const mapBits = bytes[7] ?? 0
  const mapAt = HEADER_BYTES + (bytes[0] ?? 0)
  const hasMap = (bytes[1] ?? 0) === 1
  if (![1, 2, 3, 9, 10, 11].includes(kind) || ![8, 15, 16, 24, 32].includes(bits)) throw new RangeError('kind of targa')
  return {
    kind,
    bits,
    width: bytes.readUInt16LE(12),
    height: bytes.readUInt16LE(14),
    fromRight: ((bytes[17] ?? 0) & 0x10) !== 0,
    fromTop: ((bytes[17] ?? 0) & 0x20) !== 0,
    pixels: mapAt + (hasMap ? mapEntries * Math.ceil(mapBits / 8) : 0),
    map: hasMap && (kind & 7) === 1 ? { at: mapAt, first: bytes.readUInt16LE(3), bits: mapBits } : null,
  }
}

/** Rows are stored from the bottom unless the header says otherwise. */
function put(picture: RgbaPicture, header: Header, index: number, bytes: Buffer, at: number): void {
  const row = Math.floor(index / header.width)
  const column = index % header.width
  const y = header.fromTop ? row : header.height - 1 - row
  const x = header.fromRight ? header.width - 1 - column : column
  const to = y * header.width + x
  const { map } = header
  if (map) {
    const entry = (header.bits > 8 ? bytes.readUInt16LE(at) : (bytes[at] ?? 0)) - map.first
    colour(picture, to, bytes, map.at + entry * Math.ceil(map.bits / 8), map.bits)
  } else if ((header.kind & 7) === 3) {
    const grey = bytes[at] ?? 0
    setPixel(picture, to, grey, grey, grey, header.bits === 16 ? (bytes[at + 1] ?? 255) : 255)
  } else colour(picture, to, bytes, at, header.bits)
}

function colour(picture: RgbaPicture, to: number, bytes: Buffer, at: number, bits: number): void {
  if (bits <= 16) {
    const value = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    const five = (shift: number) => (((value >> shift) & 31) * 255) / 31
    setPixel(picture, to, five(10), five(5), five(0))
    return
  }
  setPixel(
    picture,
    to,
    bytes[at + 2] ?? 0,
    bytes[at + 1] ?? 0,
    bytes[at] ?? 0,
    bits === 32 ? (bytes[at + 3] ?? 0) : 255,
  )
}
