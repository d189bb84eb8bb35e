import { limits } from '../../core/limits.ts'
import { newPicture, type RgbaPicture, setPixel } from './rgba-picture.ts'

/**
 * Portable anymaps (netpbm: pbm, pgm, ppm, pam, formats P1 to P7), in text or in binary, several in a row.
 */
interface Header {
  readonly kind: number
  readonly width: number
  readonly height: number
  readonly max: number
  readonly depth: number
  /** First byte of the pixels. */
  readonly end: number
}

export function* decodePnm(bytes: Buffer): Generator<RgbaPicture> {
  let at = 0
  for (let count = 0; count <= limits.ocrFramesMax && bytes[at] === 0x50; count++) {
    const header = bytes[at + 1] === 0x37 ? pamHeader(bytes, at) : plainHeader(bytes, at)
    const { picture, end } = header.kind <= 3 ? readText(bytes, header) : readBinary(bytes, header)
    yield picture
    at = end
    while (isBlank(bytes[at])) at += 1
  }
}

/** Comments of the headers, and the first byte behind the last picture. What is written as text is all said. */
export function pnmPlaces(bytes: Buffer): { readonly texts: readonly string[]; readonly end: number | null } {
  const texts: string[] = []
  let at = 0
  try {
    for (let count = 0; count <= limits.ocrFramesMax && bytes[at] === 0x50; count++) {
      const header = bytes[at + 1] === 0x37 ? pamHeader(bytes, at) : plainHeader(bytes, at)
      if (header.kind <= 3) return { texts: [...texts, bytes.toString('latin1', at)], end: bytes.length }
      texts.push(bytes.toString('latin1', at, header.end))
      at = header.end + binarySize(header)
      while (isBlank(bytes[at])) at += 1
    }
  } catch {
    return { texts, end: null }
  }
  return { texts, end: at < bytes.length ? at : null }
}

function binarySize({ kind, width, height, depth, max }: Header): number {
  return kind === 4 ? Math.ceil(width / 8) * height : width * height * depth * (max > 255 ? 2 : 1)
}

/** The mark, then numbers apart by blanks; a `#` begins a comment. */
function plainHeader(bytes: Buffer, start: number): Header {
  const kind = (bytes[start + 1] ?? 0) - 0x30
  if (kind < 1 || kind > 6) throw new RangeError('kind of anymap')
  const numbers: number[] = []
  const wanted = kind === 1 || kind === 4 ? 2 : 3
  let at = start + 2
  while (numbers.length < wanted) {
    const token = nextToken(bytes, at)
    numbers.push(token.value)
    at = token.end
  }
  const [width = 0, height = 0, max = 1] = numbers
  return { kind, width, height, max, depth: kind === 3 || kind === 6 ? 3 : 1, end: at + 1 }
}

const PAM_HEADER_MAX_BYTES = 4096

function pamHeader(bytes: Buffer, start: number): Header {
  const head = bytes.toString('latin1', start, start + PAM_HEADER_MAX_BYTES)
  const end = head.indexOf('ENDHDR')
  const value = (name: string) => Number(new RegExp(`^${name}[ \\t]+(\\d{1,9})`, 'm').exec(head)?.[1])
  const numbers = { width: value('WIDTH'), height: value('HEIGHT'), max: value('MAXVAL'), depth: value('DEPTH') }
  if (end < 0 || !(numbers.depth >= 1 && numbers.depth <= 4)) throw new RangeError('pam header')
  return { kind: 7, ...numbers, end: start + end + 7 }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13)
}

/** The number at or behind `from`. Throws where there is none. */
function nextToken(bytes: Buffer, from: number): { value: number; end: number } {
  let at = from
  for (; isBlank(bytes[at]) || bytes[at] === 0x23; at++)
    if (bytes[at] === 0x23) while (at < bytes.length && bytes[at] !== 0x0a) at++
  let value = 0
  const start = at
  for (let byte = bytes[at] ?? 0; byte >= 0x30 && byte <= 0x39; byte = bytes[++at] ?? 0)
    value = value * 10 + byte - 0x30
  if (at === start) throw new RangeError('number of an anymap')
  return { value, end: at }
}

interface Read {
  readonly picture: RgbaPicture
  readonly end: number
}

function readText(bytes: Buffer, header: Header): Read {
  const picture = newPicture(header.width, header.height)
  const samples = [0, 0, 0]
  let at = header.end - 1
  for (let i = 0; i < header.width * header.height; i++) {
    for (let c = 0; c < header.depth; c++) {
      if (header.kind === 1) {
        while (at < bytes.length && bytes[at] !== 0x30 && bytes[at] !== 0x31) at += 1
        samples[c] = bytes[at] === 0x31 ? 0 : 1
        at += 1
      } else {
        while (isBlank(bytes[at])) at += 1
        if (at >= bytes.length) return { picture, end: at }
        const token = nextToken(bytes, at)
        samples[c] = token.value
        at = token.end
      }
    }
    put(picture, i, samples, header)
  }
  return { picture, end: at }
}

function readBinary(bytes: Buffer, header: Header): Read {
  const { kind, width, height, depth } = header
  const picture = newPicture(width, height)
  if (kind === 4) {
    const stride = Math.ceil(width / 8)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const isInk = ((bytes[header.end + y * stride + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1
        put(picture, y * width + x, [1 - isInk], header)
      }
    return { picture, end: header.end + binarySize(header) }
  }
  const size = header.max > 255 ? 2 : 1
  const samples = [0, 0, 0, 0]
  let at = header.end
  for (let i = 0; i < width * height && at < bytes.length; i++) {
    for (let c = 0; c < depth; c++, at += size)
      samples[c] = size === 1 ? (bytes[at] ?? 0) : ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    put(picture, i, samples, header)
  }
  return { picture, end: header.end + binarySize(header) }
}

/** One or two samples are grey, with opacity; three or four are colours. */
function put(picture: RgbaPicture, index: number, samples: readonly number[], { max, depth }: Header): void {
  const scaled = (c: number) => ((samples[c] ?? 0) * 255) / Math.max(1, max)
  if (depth <= 2) setPixel(picture, index, scaled(0), scaled(0), scaled(0), depth === 2 ? scaled(1) : 255)
  else setPixel(picture, index, scaled(0), scaled(1), scaled(2), depth === 4 ? scaled(3) : 255)
}
