import { readFile } from 'node:fs/promises'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { defaultExtractLimits, MessageBudget } from '../../../src/extract/budget.ts'
import { ExtractLimitError } from '../../../src/extract/format.ts'
import { PictureReader } from '../../../src/extract/ocr/picture-reader.ts'
import { contrastPlane } from '../../../src/extract/ocr/raster.ts'
import { decodeJpeg2000 } from '../../../src/extract/pixels/jpeg2000.ts'
import { plainPictures, plainTypes, tiffRaster } from '../../../src/extract/pixels/plain-pictures.ts'
import { decodeTiff, TIFF_PIECES_MAX } from '../../../src/extract/pixels/tiff.ts'
import { signatureOf } from '../../../src/extract/signatures.ts'
import { drawText, pngOf } from '../ocr/draw-text.ts'
import { readUpload, squeeze } from '../reading.ts'
import {
  bmp24,
  bmp565,
  bmpRuns,
  type Grey,
  icon,
  pam16,
  pcx,
  pgm,
  psd,
  targa,
  textPpm,
  tiff,
  xbm,
  xpm,
} from './writing-pictures.ts'

/** Five by three, no two rows alike, so that a picture upside down is another one. */
const small: Grey = { width: 5, height: 3, values: [0, 255, 0, 255, 64, 0, 0, 255, 255, 255, 192, 64, 0, 0, 255] }
const blackWhite: Grey = { ...small, values: small.values.map((v) => (v < 128 ? 0 : 255)) }

async function greyOf(file: Buffer, type: string): Promise<number[]> {
  for await (const picture of plainPictures(file, type)) {
    if (Buffer.isBuffer(picture)) throw new Error('a file')
    expect([picture.width, picture.height]).toEqual([small.width, small.height])
    return Array.from({ length: picture.width * picture.height }, (_, i) => picture.data[i * picture.channels] ?? -1)
  }
  throw new Error('no picture')
}

function packBits(strip: Buffer): Buffer {
  return Buffer.concat([Buffer.from([strip.length - 1]), strip])
}

describe('pictures of plain formats', () => {
  it.each<[string, string, Buffer, Grey?]>([
    ['BMP of 24 bits', 'image/bmp', bmp24(small)],
    ['BMP from the top', 'image/bmp', bmp24(small, true)],
    ['BMP in runs', 'image/bmp', bmpRuns(small)],
    ['icon', 'image/vnd.microsoft.icon', icon(small)],
    ['PGM', 'image/x-portable-anymap', pgm(small)],
    ['PPM as text', 'image/x-portable-anymap', textPpm(small)],
    ['PAM of 16 bits', 'image/x-portable-anymap', pam16(small)],
    ['PCX', 'image/vnd.zbrush.pcx', pcx(small)],
    ['XPM', 'image/x-xpixmap', xpm(small)],
    ['XBM', 'image/x-xbitmap', xbm(blackWhite), blackWhite],
    ['PSD', 'image/vnd.adobe.photoshop', psd(small)],
    ['TGA', 'image/x-tga', targa(small)],
  ])('are decoded: %s', async (_, type, file, want = small) => {
    expect(await greyOf(file, type)).toEqual(want.values)
    if (!['image/x-tga', 'image/vnd.zbrush.pcx'].includes(type)) expect(signatureOf(file)).toBe(type)
  })

  it('are decoded with masks of five and six bits, nearly as they were', async () => {
    const found = await greyOf(bmp565(small), 'image/bmp')
    for (const [i, value] of found.entries()) expect(Math.abs(value - (small.values[i] ?? 0))).toBeLessThan(9)
  })

  it.each<[string, Buffer]>([
    ['plain', tiff(small)],
    ['of 16 bits', tiff(small, { bits: 16 })],
    ['PackBits', tiff(small, { compression: 32773, pack: packBits })],
    ['Deflate with differences', tiff(small, { compression: 8, predictor: 2, pack: (s) => zlib.deflateSync(s) })],
  ])('are decoded: TIFF %s', (_, file) => {
    const raster = tiffRaster(file)
    expect(raster && [...contrastPlane(raster).data].length).toBe(15)
    expect(raster && Array.from({ length: 15 }, (_, i) => raster.data[i * 3])).toEqual(small.values)
  })

  it('are none: TIFF in more pieces than it names or may have', () => {
    const cut = (height: number, perStrip: number) => {
      const file = tiff({ width: 1, height, values: Array.from({ length: height }, () => 0) })
      file.writeUInt32LE(perStrip, 8 + 2 + 6 * 12 + 8)
      return file
    }
    expect(tiffRaster(cut(4, 4))).not.toBe(null)
    expect(tiffRaster(cut(4, 2))).toBe(null)
    const inStrips = (count: number) => {
      const file = cut(4, 1)
      file.writeUInt32LE(count, 8 + 2 + 12 + 8)
      file.writeUInt32LE(count, 8 + 2 + 5 * 12 + 4)
      file.writeUInt32LE(file.length, 8 + 2 + 5 * 12 + 8)
      return Buffer.concat([file, Buffer.alloc(count * 4)])
    }
    expect(tiffRaster(inStrips(TIFF_PIECES_MAX))).not.toBe(null)
    expect(tiffRaster(inStrips(TIFF_PIECES_MAX + 1))).toBe(null)
  })

  it('are none: TIFF whose strip would be unpacked to more than a picture may have', async () => {
    /** Of a compression that nobody knows, which is seen when the first strip is to be unpacked. */
    const claimed = (samples: number) => {
      const file = tiff({ width: 1, height: 1, values: [0] }, { compression: 7 })
      const [width, height] = [5_000, limits.extractPixelsMax / 5_000]
      for (const [tag, value] of [width, height, 32].entries()) file.writeUInt32LE(value, 8 + 2 + tag * 12 + 8)
      file.writeUInt32LE(height, 8 + 2 + 6 * 12 + 8)
      file.writeUInt16LE(277, 8 + 2 + 8 * 12)
      file.writeUInt32LE(samples, 8 + 2 + 8 * 12 + 8)
      return file
    }
    expect(() => decodeTiff(claimed(1))).toThrow('compression of a tiff')
    expect(() => decodeTiff(claimed(2))).toThrow(ExtractLimitError)
    expect((await readUpload(claimed(2), { filename: 'a.tif' })).uninspected).toEqual([
      'not-readable picture could not be decoded',
    ])
  })

  it('are none: JPEG 2000 of more components than a picture has', async () => {
    const file = await readFile(new URL('./letters.jp2', import.meta.url))
    const size = file.indexOf(Buffer.from([0xff, 0x51]))
    const components = (count: number) => {
      const changed = Buffer.from(file)
      // ISO/IEC 15444-1, A.5.1: their number stands behind the marker, its length and nine sizes.
      changed.writeUInt16BE(count, size + 38)
      return changed
    }
    await expect(decodeJpeg2000(components(5))).rejects.toThrow('components of a jpeg 2000')
    await expect(decodeJpeg2000(components(4))).rejects.not.toThrow('components of a jpeg 2000')
    const { uninspected } = await readUpload(components(5), { filename: 'a.jp2' })
    expect(uninspected).toEqual(['not-readable picture could not be decoded'])
  })

  it('show a TGA both ways up, since programs differ', async () => {
    const shown: number[][] = []
    for await (const picture of plainPictures(targa(small), 'image/x-tga'))
      if (!Buffer.isBuffer(picture)) shown.push(Array.from({ length: 15 }, (_, i) => picture.data[i * 3] ?? -1))
    const turned = [2, 1, 0].flatMap((y) => small.values.slice(y * 5, y * 5 + 5))
    expect(shown).toEqual([small.values, turned])
  })

  it.each(plainTypes)(
    'of the type %s are none when cut off or made of anything, and nothing else is thrown',
    async (type) => {
      for (const file of [Buffer.alloc(0), Buffer.from('BM'), Buffer.alloc(200, 0xff), Buffer.alloc(200, 1)]) {
        const seen: unknown[] = []
        try {
          for await (const picture of plainPictures(file, type)) seen.push(picture)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Error)
        }
        expect(seen.length).toBeLessThanOrEqual(limits.ocrFramesMax + 2)
      }
    },
  )

  it('are read to the pixel limit and not past it', async () => {
    const head = (height: number) => Buffer.from(`P5 5000 ${height} 255\n`)
    const least = limits.extractPixelsMax / 5000
    await expect(async () => {
      for await (const _ of plainPictures(head(least + 1), 'image/x-portable-anymap'));
    }).rejects.toMatchObject({ reason: 'too-large' })
    const { uninspected } = await readUpload(head(least + 1), { filename: 'large.pgm' })
    expect(uninspected).toEqual(['too-large ocr'])
  })
})

describe('text in pictures of plain formats', () => {
  const number = '4929123456789012'
  const drawn = contrastPlane(drawText(['CARD NUMBER', '4929 1234 5678 9012', 'DATE 2027 MAY 31']))
  const grey: Grey = { ...drawn, values: [...drawn.data] }
  it.each<[string, Buffer]>([
    ['a.pgm', pgm(grey)],
    ['a.bmp', bmp24(grey)],
    ['a.tga', targa(grey)],
    ['a.tif', tiff(grey, { bits: 16 })],
  ])('is recognised: %s', async (filename, file) => {
    const { text, uninspected } = await readUpload(file, { filename })
    expect(squeeze(text)).toContain(number)
    expect(uninspected).toEqual([])
  })

  it.each(['letters.jp2', 'letters.tif'])('is recognised in what other programs wrote: %s', async (name) => {
    const file = await readFile(new URL(`./${name}`, import.meta.url))
    const { text, uninspected } = await readUpload(file, { filename: name })
    expect(squeeze(text)).toContain('49291234')
    expect(uninspected).toEqual([])
  })

  it('is recognised in an icon that is a PNG', async () => {
    const png = pngOf(drawText(['4929 1234', '5678 9012'], { scale: 4 }))
    const entry = Buffer.from(icon({ width: 1, height: 1, values: [0] }).subarray(0, 22))
    entry.writeUInt32LE(png.length, 14)
    const { text } = await readUpload(Buffer.concat([entry, png]), { filename: 'a.ico' })
    expect(squeeze(text)).toContain('49291234')
  })

  it('is read in as many pictures of an icon as may be, and the others are told', async () => {
    const one = icon({ width: 1, height: 1, values: [0] })
    const icons = (count: number) => {
      const head = Buffer.from(one.subarray(0, 6))
      head[4] = count
      const entry = Buffer.from(one.subarray(6, 22))
      entry.writeUInt32LE(6 + count * 16, 12)
      return Buffer.concat([head, ...Array.from({ length: count }, () => entry), one.subarray(22)])
    }
    const reader = new PictureReader({ languages: ['eng'], data: null })
    const problemOf = async (count: number) =>
      (await reader.readFile(icons(count), 'image/x-icon', null, new MessageBudget(1000, defaultExtractLimits))).problem
    expect(await problemOf(limits.ocrFramesMax)).toBe(null)
    expect(await problemOf(limits.ocrFramesMax + 1)).toMatchObject({ detail: 'further frames' })
  })

  it('is told as too large where a picture inside a file of another format is', async () => {
    const png = Buffer.alloc(40)
    png[0] = 0x89
    png.writeUInt32BE(5000, 16)
    png.writeUInt32BE(limits.extractPixelsMax / 5000 + 1, 20)
    const bmp = Buffer.from(bmp24(small).subarray(0, 54))
    bmp.writeUInt32LE(100, 18)
    bmp.writeUInt32LE(100, 22)
    bmp.writeUInt32LE(5, 30)
    const { uninspected } = await readUpload(Buffer.concat([bmp, png]), { filename: 'a.bmp' })
    expect(uninspected).toContain('too-large ocr')
  })

  it('is told as not readable where a picture is broken', async () => {
    const broken = Buffer.from(bmp24(grey))
    broken.writeUInt32LE(9, 30)
    const { uninspected } = await readUpload(broken, { filename: 'a.bmp' })
    expect(uninspected).toEqual(['not-readable picture could not be decoded'])
  })
})

describe('words in pictures of plain formats', () => {
  it('are read: comments, ids, layers, source code', async () => {
    const typed = Buffer.from('card 4929', 'utf16le').swap16()
    const layers = Buffer.concat([Buffer.from('/Text (\xfe\xff', 'latin1'), typed, Buffer.from(')')])
    const read = async (file: Buffer, filename: string) => (await readUpload(file, { filename })).text
    expect(await read(pgm(small), 'a.pgm')).toContain('# made here')
    expect(await read(targa(small, 'card 4929'), 'a.tga')).toContain('card 4929')
    expect(await read(psd(small, layers), 'a.psd')).toContain('card 4929')
    expect(await read(Buffer.concat([xpm(small), Buffer.from('/* card 4929 */')]), 'a.xpm')).toContain('card 4929')
  })

  it.each<[string, Buffer]>([
    ['a.pgm', pgm(small)],
    ['a.tga', targa(small)],
    ['a.pcx', pcx(small)],
  ])('are read behind the picture: %s', async (filename, file) => {
    const { text, extraction } = await readUpload(Buffer.concat([file, Buffer.from('\ncard 4929 behind it')]), {
      filename,
    })
    expect(text).toContain('card 4929 behind it')
    expect(extraction.parts[0]?.traits).toContain('trailing-data')
  })
})
