import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { beforeAll, describe, expect, it } from 'vitest'
import { prepareZXingModule, type WriteInputBarcodeFormat, writeBarcode } from 'zxing-wasm/writer'
import { limits } from '../../../src/core/limits.ts'
import { readBarCodes, SYMBOLS_MAX } from '../../../src/extract/ocr/bar-codes.ts'
import type { Raster } from '../../../src/extract/ocr/raster.ts'
import { readUpload } from '../reading.ts'
import { drawText, pngOf } from './draw-text.ts'

const SECRET = 'card 4929 1234 5678 9012'

beforeAll(async () => {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm')
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(await readFile(file)).buffer } })
})

async function picture(text: string, format: WriteInputBarcodeFormat): Promise<Buffer> {
  const { image, error } = await writeBarcode(text, { format, scale: 4, addQuietZones: true })
  if (image === null) throw new Error(error)
  return Buffer.from(await image.arrayBuffer())
}

describe('bar codes in pictures', () => {
  it.each<[WriteInputBarcodeFormat, string]>([
    ['QRCode', SECRET],
    ['DataMatrix', SECRET],
    ['Aztec', SECRET],
    ['PDF417', SECRET],
    ['Code128', SECRET],
    ['Code39', 'CARD 4929'],
    ['EAN13', '4006381333931'],
  ])('are read: %s', async (format, text) => {
    const read = await readUpload(await picture(text, format), { filename: 'code.png' })
    expect(read.text).toContain(text)
    expect(read.uninspected).toEqual([])
    expect(read.extraction.parts[0]?.via).toEqual(['image', 'ocr'])
  })

  it('are read without any server: the module comes from the package', async () => {
    const asked: unknown[] = []
    const { fetch } = globalThis
    globalThis.fetch = async (address) => {
      asked.push(address)
      throw new Error('no network')
    }
    try {
      const { text } = await readUpload(await picture('offline words', 'QRCode'), { filename: 'code.png' })
      expect(text).toContain('offline words')
      expect(asked).toEqual([])
    } finally {
      globalThis.fetch = fetch
    }
  })

  it('are not seen in noise or in print', async () => {
    let state = 1
    const noise: Raster = {
      width: 300,
      height: 300,
      channels: 1,
      data: Uint8Array.from({ length: 90_000 }, () => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
        return state >> 16
      }),
    }
    expect((await readBarCodes(noise)).texts).toEqual([])
    expect(await readBarCodes(drawText(['CARD NUMBER 4929 1234', '4929 1234 5678 9012']))).toMatchObject({ texts: [] })
  })

  it('are read up to a number, and past it that is told', async () => {
    const { symbol } = await writeBarcode('4929', { format: 'QRCode' })
    const [across, scale, quiet] = [9, 4, 4]
    const side = (symbol.width + 2 * quiet) * scale
    const tiled = (count: number): Raster => {
      const [width, height] = [across * side, Math.ceil(count / across) * side]
      const data = new Uint8Array(width * height).fill(255)
      for (let at = 0; at < data.length; at++) {
        const [x, y] = [at % width, Math.floor(at / width)]
        if (Math.floor(y / side) * across + Math.floor(x / side) >= count) continue
        const [column, row] = [x % side, y % side].map((place) => Math.floor(place / scale) - quiet) as [number, number]
        const isInside = Math.min(column, row) >= 0 && Math.max(column, row) < symbol.width
        if (isInside) data[at] = symbol.data[row * symbol.width + column] ?? 255
      }
      return { width, height, channels: 1, data }
    }
    expect(await readBarCodes(tiled(SYMBOLS_MAX))).toEqual({ texts: ['4929'], isCut: false })
    expect(await readBarCodes(tiled(SYMBOLS_MAX + 1))).toEqual({ texts: ['4929'], isCut: true })
  })

  it('are looked for in pictures of any size, shrunk past the limit', async () => {
    const side = Math.ceil(Math.sqrt(limits.ocrBarCodePixelsMax)) + 100
    const blank: Raster = { width: side, height: side, channels: 1, data: new Uint8Array(side * side).fill(255) }
    expect((await readBarCodes(blank)).texts).toEqual([])
  })
})

describe('pictures of newer formats', () => {
  const drawn = drawText(['CARD NUMBER', '4929 1234 5678 9012'])

  it('are read: HEIC', async () => {
    const file = await readFile(new URL('./letters.heic', import.meta.url))
    const { text, uninspected, extraction } = await readUpload(file, { filename: 'photo.heic' })
    expect(extraction.parts[0]?.sniffedType).toBe('image/heic')
    expect(text.replace(/\s/g, '')).toContain('4929123456789012')
    expect(uninspected).toEqual([])
  })

  it('are read: AVIF', async () => {
    const { createCanvas, loadImage } = await import('@napi-rs/canvas')
    const canvas = createCanvas(drawn.width, drawn.height)
    canvas.getContext('2d').drawImage(await loadImage(pngOf(drawn)), 0, 0)
    const { text, uninspected } = await readUpload(await canvas.encode('avif'), { filename: 'photo.avif' })
    expect(text.replace(/\s/g, '')).toContain('4929123456789012')
    expect(uninspected).toEqual([])
  })

  it('are told where they are broken, or larger than the limit', async () => {
    const file = await readFile(new URL('./letters.heic', import.meta.url))
    const cut = await readUpload(file.subarray(0, file.length / 2), { filename: 'photo.heic' })
    expect(cut.uninspected).toContain('not-readable picture could not be decoded')
    const large = Buffer.from(file)
    for (let at = large.indexOf('ispe'); at >= 0; at = large.indexOf('ispe', at + 4)) {
      large.writeUInt32BE(100_000, at + 8)
      large.writeUInt32BE(100_000, at + 12)
    }
    expect((await readUpload(large, { filename: 'photo.heic' })).uninspected).toEqual(['too-large ocr'])
  })
})
