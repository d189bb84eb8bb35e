import zlib from 'node:zlib'
import { type Raster, resample } from '../../../src/extract/ocr/raster.ts'

/** Seven rows of five dots, the highest bit on the left: enough letters for the tests. */
const glyphs: Readonly<Record<string, readonly number[]>> = {
  '0': [14, 17, 17, 17, 17, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 6, 8, 16, 31],
  '3': [14, 17, 1, 6, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  A: [4, 10, 17, 17, 31, 17, 17],
  B: [30, 17, 17, 30, 17, 17, 30],
  C: [14, 17, 16, 16, 16, 17, 14],
  D: [30, 17, 17, 17, 17, 17, 30],
  E: [31, 16, 16, 30, 16, 16, 31],
  M: [17, 27, 21, 21, 17, 17, 17],
  N: [17, 25, 21, 19, 17, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  R: [30, 17, 17, 30, 20, 18, 17],
  T: [31, 4, 4, 4, 4, 4, 4],
  U: [17, 17, 17, 17, 17, 17, 14],
  Y: [17, 17, 10, 4, 4, 4, 4],
}

export interface Look {
  readonly ink?: readonly [number, number, number]
  readonly ground?: readonly [number, number, number]
  /** Pixels per dot. */
  readonly scale?: number
}

/** Lines of text in a smoothed dot font, with a margin. */
export function drawText(lines: readonly string[], look: Look = {}): Raster {
  const { ink = [0, 0, 0], ground = [255, 255, 255], scale = 5 } = look
  const width = Math.max(...lines.map((line) => line.length)) * 6 + 12
  const height = lines.length * 12 + 10
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) data.set(ground, i * 3)
  lines.forEach((line, row) => {
    ;[...line].forEach((letter, column) => {
      const bits = glyphs[letter] ?? []
      bits.forEach((dots, y) => {
        for (let x = 0; x < 5; x++)
          if ((dots >> (4 - x)) & 1) data.set(ink, ((row * 12 + 6 + y) * width + column * 6 + 6 + x) * 3)
      })
    })
  })
  return resample({ width, height, channels: 3, data }, scale, 0)
}

/** A picture file: eight bits a channel, without filters. */
export function pngOf({ width, height, channels, data }: Raster): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  header[9] = channels === 3 ? 2 : 0
  const stride = width * channels
  const rows = Buffer.alloc((stride + 1) * height)
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', zlib.deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length)
  body.copy(out, 4)
  out.writeUInt32BE(zlib.crc32(body), body.length + 4)
  return out
}
