import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { type Raster, resample, turnHalf, turnQuarter } from '../../../src/extract/ocr/raster.ts'
import { readUpload, squeeze } from '../reading.ts'
import { drawText, type Look, pngOf } from './draw-text.ts'

const NUMBER = '4929123456789012'
const lines = ['CARD NUMBER', '4929 1234 5678 9012', 'DATE 2027 MAY 31']

function drawn(look: Look = {}): Raster {
  return drawText(lines, look)
}

describe('text in pictures', () => {
  const quarter = turnQuarter(drawn())
  it.each<[string, Raster]>([
    ['black on white', drawn()],
    ['inverted', drawn({ ink: [255, 255, 255], ground: [0, 0, 0] })],
    ['coloured', drawn({ ink: [255, 224, 102], ground: [42, 111, 151] })],
    ['faint', drawn({ ink: [150, 150, 150], ground: [136, 136, 136] })],
    ['as bright as its ground', drawn({ ink: [0, 130, 255], ground: [255, 0, 0] })],
    ['small', drawn({ scale: 2 })],
    ['large', drawn({ scale: 14 })],
    ['turned by a quarter', quarter],
    ['upside down', turnHalf(drawn())],
    ['turned by three quarters', turnHalf(quarter)],
    ['tilted', resample(drawn(), 1, 0.12)],
  ])('is read: %s', async (_, raster) => {
    const { text, extraction, uninspected } = await readUpload(pngOf(raster), { filename: 'picture.png' })
    expect(squeeze(text)).toContain(NUMBER)
    expect(extraction.parts[0]?.via).toEqual(['image', 'ocr'])
    expect(uninspected).toEqual([])
  })

  it('is read on every page of a TIFF', async () => {
    const other = drawText(['DATE 2027 MAY 31', '8012 3456 7890 1234'])
    const { text } = await readUpload(tiffOf([drawn(), other]), { filename: 'fax.tif' })
    expect(squeeze(text)).toContain(NUMBER)
    expect(squeeze(text)).toContain('8012345678901234')
  })

  it('is read on pages of a PDF that are pictures', async () => {
    const { text, extraction, uninspected } = await readUpload(pdfOf(drawn()), { filename: 'scan.pdf' })
    expect(squeeze(text)).toContain(NUMBER)
    expect(extraction.parts[0]?.via).toEqual(['pdf', 'ocr'])
    expect(uninspected).toEqual([])
  })

  it('is read of a PDF once all of its text is: what takes long must not take the place of it', async () => {
    const { text } = await readUpload(pdfOf(drawn(), 'written on the second page'), { filename: 'scan.pdf' })
    expect(squeeze(text)).toContain(NUMBER)
    expect(text.indexOf('written on the second page')).toBeGreaterThan(-1)
    expect(text.indexOf('written on the second page')).toBeLessThan(text.indexOf('4929'))
  })

  it('is read on pages of a PDF whose letters are drawn as shapes', async () => {
    const { text, extraction, uninspected } = await readUpload(outlinesOf(drawn()), { filename: 'curves.pdf' })
    expect(squeeze(text)).toContain(NUMBER)
    expect(extraction.parts[0]?.via).toEqual(['pdf', 'ocr'])
    expect(uninspected).toEqual([])
    const off = await readUpload(outlinesOf(drawn()), { filename: 'curves.pdf' }, { ocr: null })
    expect(off.uninspected).toEqual(['not-readable page without text'])
  })

  it('leaves pages of a PDF unread where recognition is off, and says so', async () => {
    const { text, uninspected } = await readUpload(pdfOf(drawn()), { filename: 'scan.pdf' }, { ocr: null })
    expect(text).toBe('scan.pdf')
    expect(uninspected).toEqual(['not-readable page without text'])
  })

  it('leaves pictures unread where recognition is off, and says so', async () => {
    const { text, uninspected } = await readUpload(pngOf(drawn()), { filename: 'a.png' }, { ocr: null })
    expect(text).toBe('a.png')
    expect(uninspected).toEqual(['not-readable picture without text recognition'])
  })

  it.each<[string, (i: number) => number]>([
    ['one colour', () => 77],
    ['a gradient', (i) => (i % 600) / 3],
    ['noise', noise],
  ])('is not found in %s, and nothing is said', async (_, value) => {
    const data = Uint8Array.from({ length: 600 * 400 }, (_, i) => value(i))
    const { text, uninspected } = await readUpload(pngOf({ width: 600, height: 400, channels: 1, data }), {})
    expect(text).toBe('')
    expect(uninspected).toEqual([])
  })

  it('says that a broken picture could not be read', async () => {
    const whole = pngOf(drawn())
    for (const share of [0.3, 0.6, 0.9]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share))
      expect((await readUpload(cut)).uninspected).toEqual(['not-readable picture could not be decoded'])
    }
  })

  it('says that recognition failed where a language is missing', async () => {
    const { uninspected } = await readUpload(pngOf(drawn()), {}, { ocr: { languages: ['xxx'], data: null } })
    expect(uninspected).toEqual(['not-readable text recognition failed'])
  })

  it('refuses pictures past the limit of pixels before they are decoded', async () => {
    const within = withSize(limits.extractPixelsMax / 5_000, 5_000)
    expect((await readUpload(within)).uninspected).toEqual(['not-readable picture could not be decoded'])
    const past = withSize(limits.extractPixelsMax / 5_000 + 1, 5_000)
    expect((await readUpload(past)).uninspected).toEqual(['too-large ocr'])
  })
})

/** The same grain in every run, without a pattern (a finalizer of MurmurHash3). */
function noise(i: number): number {
  const mixed = Math.imul(i ^ (i >>> 16), 0x85ebca6b)
  const again = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (again ^ (again >>> 16)) & 255
}

/** A PNG that says to be of a size and has the pixels of a smaller one. */
function withSize(width: number, height: number): Buffer {
  const file = pngOf(drawn())
  file.writeUInt32BE(width, 16)
  file.writeUInt32BE(height, 20)
  return file
}

/** Uncompressed colour, one strip a page, directories behind the pixels (TIFF 6.0). */
function tiffOf(rasters: readonly Raster[]): Buffer {
  const pieces = [Buffer.from('49492a0000000000', 'hex')]
  let at = 8
  let link = 4
  for (const { width, height, data } of rasters) {
    const bits = Buffer.from('080008000800', 'hex')
    const bitsAt = at + data.length
    const directoryAt = bitsAt + bits.length + (data.length % 2)
    const entries = [
      [256, 4, 1, width],
      [257, 4, 1, height],
      [258, 3, 3, bitsAt],
      [259, 3, 1, 1],
      [262, 3, 1, 2],
      [273, 4, 1, at],
      [277, 3, 1, 3],
      [278, 4, 1, height],
      [279, 4, 1, data.length],
    ]
    const directory = Buffer.alloc(2 + entries.length * 12 + 4)
    directory.writeUInt16LE(entries.length, 0)
    entries.forEach(([tag = 0, type = 0, count = 0, value = 0], i) => {
      directory.writeUInt16LE(tag, 2 + i * 12)
      directory.writeUInt16LE(type, 4 + i * 12)
      directory.writeUInt32LE(count, 6 + i * 12)
      directory.writeUInt32LE(value, 10 + i * 12)
    })
    pieces.push(Buffer.from(data), bits, Buffer.alloc(data.length % 2), directory)
    const sofar = Buffer.concat(pieces)
    sofar.writeUInt32LE(directoryAt, link)
    pieces.splice(0, pieces.length, sofar)
    link = sofar.length - 4
    at = sofar.length
  }
  return Buffer.concat(pieces)
}

/** One page that is one picture, in two strips as scanners write it, and one of text where there is any. */
function pdfOf({ width, height, data }: Raster, text = ''): Buffer {
  const half = Math.floor(height / 2)
  const strip = (from: number, to: number) =>
    stream(
      `/Type /XObject /Subtype /Image /Width ${width} /Height ${to - from} /ColorSpace /DeviceRGB /BitsPerComponent 8`,
      Buffer.from(data.subarray(from * width * 3, to * width * 3)),
    )
  const program = `q ${width} 0 0 ${height - half} 0 ${half} cm /A Do Q q ${width} 0 0 ${half} 0 0 cm /B Do Q`
  const objects = [
    Buffer.from('<< /Type /Catalog /Pages 2 0 R >>'),
    Buffer.from(`<< /Type /Pages /Kids [3 0 R${text === '' ? '' : ' 7 0 R'}] /Count ${text === '' ? 1 : 2} >>`),
    Buffer.from(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${width} ${height}] /Contents 4 0 R /Resources << /XObject << /A 5 0 R /B 6 0 R >> >> >>`,
    ),
    stream('', Buffer.from(program)),
    strip(0, half),
    strip(half, height),
    Buffer.from(
      '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 8 0 R /Resources << /Font << /F 9 0 R >> >> >>',
    ),
    stream('', Buffer.from(`BT /F 12 Tf 50 700 Td (${text}) Tj ET`)),
    Buffer.from('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'),
  ].slice(0, text === '' ? 6 : 9)
  const body = objects.map((object, i) =>
    Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')]),
  )
  return Buffer.concat([Buffer.from('%PDF-1.4\n'), ...body, Buffer.from('trailer << /Root 1 0 R /Size 10 >>\n%%EOF\n')])
}

/** A page without text and pictures: dark runs of pixels as filled rectangles, at 200 dots an inch. */
function outlinesOf({ width, height, channels, data }: Raster): Buffer {
  const shapes: string[] = ['0.36 0 0 0.36 0 0 cm']
  for (let y = 0; y < height; y++) {
    for (let x = 0, start = -1; x <= width; x++) {
      const isInk = x < width && (data[(y * width + x) * channels] ?? 255) < 128
      if (isInk && start < 0) start = x
      if (isInk || start < 0) continue
      shapes.push(`${start} ${height - 1 - y} ${x - start} 1.05 re f`)
      start = -1
    }
  }
  const page = `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${width * 0.36} ${height * 0.36}] /Contents 4 0 R >>`
  const objects = [
    Buffer.from('<< /Type /Catalog /Pages 2 0 R >>'),
    Buffer.from('<< /Type /Pages /Kids [3 0 R] /Count 1 >>'),
    Buffer.from(page),
    stream('', Buffer.from(shapes.join('\n'))),
  ]
  const body = objects.map((object, i) =>
    Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')]),
  )
  return Buffer.concat([Buffer.from('%PDF-1.4\n'), ...body, Buffer.from('trailer << /Root 1 0 R /Size 5 >>\n%%EOF\n')])
}

function stream(entries: string, data: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`<< ${entries} /Length ${data.length} >>\nstream\n`),
    data,
    Buffer.from('\nendstream'),
  ])
}
