/** Small writers of picture formats, for a picture of grey values given row by row. */
export interface Grey {
  readonly width: number
  readonly height: number
  readonly values: readonly number[]
}

function bytes(...numbers: number[]): Buffer {
  return Buffer.from(numbers)
}

function u16(value: number): number[] {
  return [value & 255, value >> 8]
}

function rows<T>({ width, height, values }: Grey, make: (row: readonly number[]) => T): T[] {
  return Array.from({ length: height }, (_, y) => make(values.slice(y * width, (y + 1) * width)))
}

function dib(grey: Grey, bits: number, compression: number, heightFactor: number, sizes: number[]): Buffer {
  const head = Buffer.alloc(40)
  head.writeUInt32LE(40, 0)
  head.writeInt32LE(grey.width, 4)
  head.writeInt32LE(grey.height * heightFactor, 8)
  head.writeUInt16LE(1, 12)
  head.writeUInt16LE(bits, 14)
  head.writeUInt32LE(compression, 16)
  return Buffer.concat([head, bytes(...sizes)])
}

const greyPalette = Array.from({ length: 256 }, (_, i) => [i, i, i, 0]).flat()

function padded(row: number[]): Buffer {
  return Buffer.concat([bytes(...row), Buffer.alloc((4 - (row.length % 4)) % 4)])
}

function bmpFile(body: Buffer, pixels: number): Buffer {
  const head = Buffer.alloc(14)
  head.write('BM')
  head.writeUInt32LE(14 + body.length, 2)
  head.writeUInt32LE(pixels, 10)
  return Buffer.concat([head, body])
}

export function bmp24(grey: Grey, isTopDown = false): Buffer {
  const lines = rows(grey, (row) => padded(row.flatMap((v) => [v, v, v])))
  const header = dib(grey, 24, 0, isTopDown ? -1 : 1, [])
  return bmpFile(Buffer.concat([header, ...(isTopDown ? lines : lines.reverse())]), 54)
}

/** Sixteen bits in masks of five, six and five. */
export function bmp565(grey: Grey): Buffer {
  const masks = [0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 0x1f, 0, 0, 0]
  const lines = rows(grey, (row) =>
    padded(row.flatMap((v) => u16(((v >> 3) << 11) | ((v >> 2) << 5) | (v >> 3)))),
  ).reverse()
  return bmpFile(Buffer.concat([dib(grey, 16, 3, 1, masks), ...lines]), 66)
}

/** Runs of eight bits: each row as it is, or as runs of one where that is too short. */
export function bmpRuns(grey: Grey): Buffer {
  const lines = rows(grey, (row) =>
    row.length < 3
      ? bytes(...row.flatMap((v) => [1, v]), 0, 0)
      : bytes(0, row.length, ...row, ...(row.length % 2 ? [0] : []), 0, 0),
  ).reverse()
  return bmpFile(Buffer.concat([dib(grey, 8, 1, 1, greyPalette), ...lines, bytes(0, 1)]), 54 + 1024)
}

/** One picture of 24 bits, all of it seen. */
export function icon(grey: Grey): Buffer {
  const lines = rows(grey, (row) => padded(row.flatMap((v) => [v, v, v]))).reverse()
  const mask = Buffer.alloc(Math.ceil(grey.width / 32) * 4 * grey.height)
  const body = Buffer.concat([dib(grey, 24, 0, 2, []), ...lines, mask])
  const entry = Buffer.alloc(22)
  entry[2] = 1
  entry[4] = 1
  entry[6] = grey.width
  entry[7] = grey.height
  entry.writeUInt32LE(body.length, 14)
  entry.writeUInt32LE(22, 18)
  return Buffer.concat([entry, body])
}

export function pgm(grey: Grey): Buffer {
  return Buffer.concat([Buffer.from(`P5\n# made here\n${grey.width} ${grey.height}\n255\n`), Buffer.from(grey.values)])
}

export function textPpm(grey: Grey): Buffer {
  return Buffer.from(`P3 ${grey.width} ${grey.height} 255\n${grey.values.map((v) => `${v} ${v} ${v}`).join('\n')}\n`)
}

export function pam16(grey: Grey): Buffer {
  const head = `P7\nWIDTH ${grey.width}\nHEIGHT ${grey.height}\nDEPTH 2\nMAXVAL 65535\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n`
  return Buffer.concat([Buffer.from(head), Buffer.from(grey.values.flatMap((v) => [v, v, 255, 255]))])
}

/** Runs of 24 bits, rows from the top, with an id. */
export function targa(grey: Grey, id = ''): Buffer {
  const head = bytes(id.length, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...u16(grey.width), ...u16(grey.height), 24, 0x20)
  const packets = rows(grey, (row) => row.flatMap((v, i) => (i % 2 ? [0, v, v, v] : [0x80, v, v, v])))
  return Buffer.concat([head, Buffer.from(id), Buffer.from(packets.flat())])
}

/** Eight bits in three planes. */
export function pcx(grey: Grey): Buffer {
  const head = Buffer.alloc(128)
  head.set([10, 5, 1, 8])
  head.writeUInt16LE(grey.width - 1, 8)
  head.writeUInt16LE(grey.height - 1, 10)
  head[65] = 3
  head.writeUInt16LE(grey.width, 66)
  const lines = rows(grey, (row) => [row, row, row].flat().flatMap((v) => (v >= 0xc0 ? [0xc1, v] : [v])))
  return Buffer.concat([head, Buffer.from(lines.flat())])
}

export function xpm(grey: Grey): Buffer {
  const colours = [...new Set(grey.values)]
  const key = (v: number) => String.fromCharCode(0x30 + colours.indexOf(v))
  const hex = (v: number) => v.toString(16).padStart(2, '0').repeat(3)
  const lines = [
    `${grey.width} ${grey.height} ${colours.length} 1`,
    ...colours.map((v) => `${key(v)} c #${hex(v)}`),
    ...rows(grey, (row) => row.map(key).join('')),
  ]
  return Buffer.from(`/* XPM */\nstatic char *x[] = {\n${lines.map((line) => `"${line}"`).join(',\n')}\n};\n`)
}

/** Black where a value is below half. */
export function xbm(grey: Grey): Buffer {
  const lines = rows(grey, (row) =>
    Array.from({ length: Math.ceil(row.length / 8) }, (_, i) => {
      const value = row.slice(i * 8, i * 8 + 8).reduce((sum, v, bit) => sum | (v < 128 ? 1 << bit : 0), 0)
      return `0x${value.toString(16).padStart(2, '0')}`
    }),
  )
  const head = `#define x_width ${grey.width}\n#define x_height ${grey.height}\nstatic unsigned char x_bits[] = {\n`
  return Buffer.from(`${head}${lines.flat().join(', ')} };\n`)
}

/** Grey in runs, with `layers` where Photoshop keeps them. */
export function psd(grey: Grey, layers = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(26)
  head.write('8BPS')
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(1, 12)
  head.writeUInt32BE(grey.height, 14)
  head.writeUInt32BE(grey.width, 18)
  head.writeUInt16BE(8, 22)
  head.writeUInt16BE(1, 24)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(layers.length)
  const lines = rows(grey, (row) => bytes(row.length - 1, ...row))
  const counts = bytes(...lines.flatMap((line) => [0, line.length]))
  return Buffer.concat([head, Buffer.alloc(8), length, layers, bytes(0, 1), counts, ...lines])
}

export interface TiffLook {
  readonly bits?: 8 | 16
  readonly compression?: number
  readonly predictor?: 1 | 2
  readonly pack?: (strip: Buffer) => Buffer
}

/** One strip, lowest byte first. Differences are those of eight bits. */
export function tiff(grey: Grey, { bits = 8, compression = 1, predictor = 1, pack = (s) => s }: TiffLook = {}): Buffer {
  const lines = rows(grey, (row) => row.map((v, i) => (predictor === 2 && i > 0 ? (v - (row[i - 1] ?? 0)) & 255 : v)))
  const samples = bits === 16 ? lines.flat().flatMap((v) => [v, v]) : lines.flat()
  const strip = pack(Buffer.from(samples))
  const tags = [
    [256, grey.width],
    [257, grey.height],
    [258, bits],
    [259, compression],
    [262, 1],
    [273, 8 + 2 + 9 * 12 + 4],
    [278, grey.height],
    [279, strip.length],
    [317, predictor],
  ] as const
  const directory = Buffer.alloc(2 + tags.length * 12 + 4)
  directory.writeUInt16LE(tags.length, 0)
  for (const [i, [tag, value]] of tags.entries()) {
    directory.writeUInt16LE(tag, 2 + i * 12)
    directory.writeUInt16LE(4, 4 + i * 12)
    directory.writeUInt32LE(1, 6 + i * 12)
    directory.writeUInt32LE(value, 10 + i * 12)
  }
  return Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), directory, strip])
}
