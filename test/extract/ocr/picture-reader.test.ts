import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { defaultExtractLimits, MessageBudget } from '../../../src/extract/budget.ts'
import type { Budget } from '../../../src/extract/format.ts'
import { foldDigits } from '../../../src/extract/ocr/fold-digits.ts'
import { pictureFrames } from '../../../src/extract/ocr/picture-frames.ts'
import { PictureReader } from '../../../src/extract/ocr/picture-reader.ts'
import type { Raster } from '../../../src/extract/ocr/raster.ts'
import { textLayout } from '../../../src/extract/ocr/text-layout.ts'
import { drawText } from './draw-text.ts'

const english = { languages: ['eng'], data: null }
const page = drawText(Array.from({ length: 8 }, () => '4929 1234 5678 9012'))

function budget(timeMs: number = defaultExtractLimits.timeMs): Budget {
  return new MessageBudget(1, { ...defaultExtractLimits, timeMs })
}

/** A budget whose time is over at the `count`th look at it. */
function budgetOfLooks(count: number): Budget {
  const whole = budget()
  let looks = 0
  return {
    limits: whole.limits,
    inflatedLeft: 0,
    inflate: () => false,
    hasTime: () => ++looks < count,
    msLeft: whole.msLeft,
  }
}

function blank(width: number, height: number): Raster {
  return { width, height, channels: 1, data: new Uint8Array(width * height) }
}

describe('PictureReader', () => {
  it('says timeout for print that time ran out on, and reads the next picture', async () => {
    const reader = new PictureReader(english)
    // Looked at when the picture is begun, before recognition and then every few milliseconds of it.
    const cut = await reader.readRaster(page, budgetOfLooks(4))
    expect(cut).toEqual({ text: '', problem: { reason: 'timeout', detail: 'ocr' } })
    const whole = await reader.readRaster(page, budget())
    expect(whole.problem).toBeNull()
    expect(whole.text).toContain('4929')
  })

  it('looks at no picture once the time of the message is over', async () => {
    const read = await new PictureReader(english).readRaster(page, budget(0))
    expect(read).toEqual({ text: '', problem: { reason: 'timeout', detail: 'ocr' } })
  })

  it('looks at so many pictures of a message and says that there were more', async () => {
    const reader = new PictureReader(english)
    for (let i = 0; i < limits.ocrPicturesMax; i++) {
      expect(await reader.readRaster(blank(64, 64), budget())).toEqual({ text: '', problem: null })
    }
    expect(reader.hasTime).toBe(false)
    const next = await reader.readRaster(blank(64, 64), budget())
    expect(next.problem).toEqual({ reason: 'too-many', detail: 'ocr' })
  })

  it('does not count pictures too small for a word', async () => {
    const reader = new PictureReader(english)
    const side = limits.ocrSideMinPixels
    for (let i = 0; i <= limits.ocrPicturesMax; i++) {
      await reader.readRaster(blank(side - 1, 1_000), budget())
      await reader.readRaster(blank(limits.ocrAreaMinPixels / 50 - 1, 50), budget())
    }
    expect(reader.hasTime).toBe(true)
    expect((await reader.readRaster(blank(side, 1_000), budget())).problem).toBeNull()
  })
})

describe('textLayout', () => {
  it('tells size and direction of lines', () => {
    const layout = textLayout(page)
    expect(layout.letters).toBe(8 * 16)
    expect(layout.order).toBe(1)
    expect(layout.isVertical).toBe(false)
    expect(layout.height).toBeGreaterThanOrEqual(33)
    expect(layout.height).toBeLessThanOrEqual(40)
    expect(Math.abs(layout.slope)).toBeLessThan(0.01)
  })

  it('finds none on an empty page', () => {
    expect(textLayout(blank(300, 300)).letters).toBe(0)
    expect(textLayout(blank(1, 1)).letters).toBe(0)
  })
})

describe('foldDigits', () => {
  it.each([
    ['4l11 O234', '4111 0234'],
    ['404-9I-1818', '404-91-1818'],
    ['GBB2 WEST', 'GB82 WEST'],
    ['DE1O', 'DE10'],
  ])('%s -> %s', (line, folded) => {
    expect(foldDigits(line)).toBe(folded)
  })

  it.each(['plain words', '7KQ2', 'DE10 4083', 'GB82', 'IBAN', 'SO', '2026'])('leaves %s', (line) => {
    expect(foldDigits(line)).toBeNull()
  })
})

describe('pictureFrames', () => {
  const header = Buffer.concat([Buffer.from('GIF89a'), Buffer.from('0100010000' + '0000', 'hex')])
  const frame = (n: number) => Buffer.concat([Buffer.from('2c00000000010001000002', 'hex'), Buffer.from([1, n, 0])])
  const gif = (count: number) =>
    Buffer.concat([header, ...Array.from({ length: count }, (_, i) => frame(i)), Buffer.from([0x3b])])

  it('makes a file of every frame of a GIF', () => {
    const { files, skipped } = pictureFrames(gif(3), 'image/gif')
    expect(files).toEqual([0, 1, 2].map((i) => Buffer.concat([header, frame(i), Buffer.from([0x3b])])))
    expect(skipped).toBe(0)
  })

  it('looks at so many frames, the first and the last among them', () => {
    expect(pictureFrames(gif(limits.ocrFramesMax), 'image/gif').skipped).toBe(0)
    const { files, skipped } = pictureFrames(gif(limits.ocrFramesMax + 5), 'image/gif')
    expect(files).toHaveLength(limits.ocrFramesMax)
    expect(skipped).toBe(5)
    expect(files.at(-1)).toEqual(Buffer.concat([header, frame(limits.ocrFramesMax + 4), Buffer.from([0x3b])]))
  })

  it('hands on what it can take no frame from', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('GIF89a'), Buffer.from('II*\0\xff\xff\xff\xff', 'latin1')]) {
      for (const type of ['image/gif', 'image/tiff', 'image/png']) {
        expect(pictureFrames(bytes, type)).toEqual({ files: [bytes], skipped: 0 })
      }
    }
  })

  it('ends with a TIFF whose directories go round in a circle', () => {
    const bytes = Buffer.from('49492a0008000000' + '0000' + '08000000', 'hex')
    expect(pictureFrames(bytes, 'image/tiff').files).toHaveLength(1)
  })
})
