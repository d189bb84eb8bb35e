import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Canvas } from '@napi-rs/canvas'
import { beforeAll, describe, expect, it } from 'vitest'
import type { NewDocument } from '../../../src/catalog/fingerprint-catalog.ts'
import type { Part, PartPrint } from '../../../src/core/extraction.ts'
import { picturesIn } from '../../../src/detect/fingerprint/binary-hashes.ts'
import { fingerprintDetector } from '../../../src/detect/fingerprint/fingerprint-detector.ts'
import { type FingerprintIndex, printsIn } from '../../../src/detect/fingerprint/fingerprint-index.ts'
import { extract } from '../../../src/extract/extract.ts'
import { decodeModern } from '../../../src/extract/ocr/modern-pictures.ts'
import { imageSize } from '../../../src/extract/readers/image-size.ts'
import { pngOf } from '../../extract/ocr/draw-text.ts'
import { type Grey, targa, tiff } from '../../extract/pixels/writing-pictures.ts'
import { drawing, jpeg, lighter, nearlyBlank, png, scaled, stamped, turned } from '../../support/drawn-pictures.ts'
import { detectOptions, group, indexOf } from './registered.ts'

const wanted = { chunks: true, pictures: true }

function grey(canvas: Canvas): Grey {
  const { width, height } = canvas
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height)
  return { width, height, values: Array.from({ length: width * height }, (_, i) => data[i * 4] ?? 0) }
}

/** A page for each picture, which fills it. */
function pdfOf(...pages: readonly Canvas[]): Buffer {
  const body: Buffer[] = [Buffer.from('%PDF-1.4\n')]
  const add = (number: number, dictionary: string, stream?: Buffer) => {
    const length = stream ? ` /Length ${stream.length}` : ''
    body.push(Buffer.from(`${number} 0 obj\n<< ${dictionary}${length} >>\n`))
    if (stream) body.push(Buffer.from('stream\n'), stream, Buffer.from('\nendstream\n'))
    body.push(Buffer.from('endobj\n'))
  }
  add(1, '/Type /Catalog /Pages 2 0 R')
  add(2, `/Type /Pages /Kids [${pages.map((_, i) => `${3 + i * 3} 0 R`).join(' ')}] /Count ${pages.length}`)
  for (const [i, canvas] of pages.entries()) {
    const [page, program, picture] = [3 + i * 3, 4 + i * 3, 5 + i * 3]
    const resources = `/Resources << /XObject << /P ${picture} 0 R >> >>`
    add(page, `/Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents ${program} 0 R ${resources}`)
    add(program, '', Buffer.from('q 400 0 0 300 0 0 cm /P Do Q'))
    const size = `/Width ${canvas.width} /Height ${canvas.height} /BitsPerComponent 8`
    add(picture, `/Type /XObject /Subtype /Image ${size} /ColorSpace /DeviceRGB /Filter /DCTDecode`, jpeg(canvas, 80))
  }
  return Buffer.concat([...body, Buffer.from(`trailer << /Root 1 0 R /Size ${3 + pages.length * 3} >>\n%%EOF\n`)])
}

async function printsOf(bytes: Uint8Array, withText = false): Promise<{ part: Part; prints: readonly PartPrint[] }> {
  const settings = { prints: wanted, ...(withText ? {} : { ocr: null }) }
  const { parts, prints } = await extract({ bytes, filename: null, declaredType: null, as: 'upload' }, settings)
  const [part] = parts
  if (!part) throw new Error('no part')
  return { part, prints: prints ?? [] }
}

async function registered(
  name: string,
  bytes: Uint8Array,
  more: Parameters<typeof group>[1] = {},
): Promise<NewDocument> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name, group: group('plans', more), sha256, texts: [], prints: (await printsOf(bytes)).prints }
}

async function find(index: FingerprintIndex, bytes: Uint8Array) {
  const { part, prints } = await printsOf(bytes)
  const extraction = { parts: [part], texts: [], uninspected: [], labels: [], prints }
  const matches = fingerprintDetector(index).inspectParts?.(extraction, detectOptions) ?? []
  return matches.map(({ document, containment, confidence, evidence }) => ({
    document,
    containment,
    confidence,
    by: evidence[0]?.name,
  }))
}

function noise(bytes: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) =>
    createHash('sha256').update(`${seed}${i}`).digest(),
  )
  return Buffer.concat(blocks)
}

describe('files without text', () => {
  const firmware = noise(200_000, 'firmware')
  let index: FingerprintIndex

  beforeAll(async () => {
    index = await indexOf([
      await registered('firmware.bin', firmware, { partners: ['makers'] }),
      await registered('other.bin', noise(100_000, 'other')),
    ])
  })

  it('are found by the same bytes', async () => {
    expect(await find(index, firmware)).toEqual([
      { document: 'firmware.bin', containment: 1, confidence: 'high', by: 'same-file' },
    ])
  })

  it.each<[string, Buffer, number, string]>([
    ['half of it', firmware.subarray(0, 100_000), 0.5, 'medium'],
    [
      'a patched copy',
      Buffer.concat([noise(100, 'x'), firmware.subarray(0, 90_000), firmware.subarray(90_100)]),
      1,
      'high',
    ],
    [
      'a third inside another file',
      Buffer.concat([noise(80_000, 'y'), firmware.subarray(60_000, 126_000)]),
      0.33,
      'medium',
    ],
  ])('are found by their pieces, with their share: %s', async (_name, bytes, share, confidence) => {
    const [match, ...others] = await find(index, bytes)
    expect(others).toEqual([])
    expect(match).toMatchObject({ document: 'firmware.bin', by: 'shared-pieces' })
    expect(Math.abs((match?.containment ?? 0) - share)).toBeLessThan(0.05)
    if (share !== 0.5) expect(match?.confidence).toBe(confidence)
  })

  it('are not found in what has one piece at most in common', async () => {
    expect(await find(index, noise(200_000, 'z'))).toEqual([])
    expect(await find(index, Buffer.concat([noise(50_000, 'z'), firmware.subarray(0, 1_000)]))).toEqual([])
  })

  it('lend no piece that is to be ignored', async () => {
    const library = firmware.subarray(0, 150_000)
    const without = await indexOf([
      await registered('firmware.bin', firmware),
      await registered('library.bin', library, { collection: 'boilerplate', ignore: true }),
    ])
    expect(await find(without, library.subarray(0, 140_000))).toEqual([])
    expect(await find(without, firmware.subarray(150_000))).toMatchObject([{ by: 'shared-pieces' }])
  })
})

describe('pictures', () => {
  const plan = drawing(1)
  let index: FingerprintIndex

  beforeAll(async () => {
    index = await indexOf([
      await registered('plan.png', png(plan)),
      await registered('plan-2.png', png(drawing(2))),
      await registered('blank.png', png(nearlyBlank())),
    ])
  })

  it.each<[string, () => Buffer]>([
    ['at half the size', () => png(scaled(plan, 400, 300))],
    ['at twice the size', () => png(scaled(plan, 1600, 1200))],
    ['squeezed', () => png(scaled(plan, 800, 450))],
    ['as a small JPEG', () => jpeg(scaled(plan, 320, 240), 60)],
    ['as a bad JPEG', () => jpeg(plan, 35)],
    ['with a stamp', () => png(stamped(plan))],
    ['washed out', () => jpeg(lighter(plan), 80)],
    ['turned to the right', () => jpeg(turned(plan, 1), 70)],
    ['upside down, at half the size', () => png(scaled(turned(plan, 2), 400, 300))],
    ['turned to the left', () => png(turned(plan, 3))],
    ['mirrored', () => jpeg(turned(plan, 0, true), 70)],
    ['mirrored and turned to the right', () => png(turned(plan, 1, true))],
    ['mirrored upside down', () => jpeg(turned(plan, 2, true), 60)],
    ['as a TIFF', () => tiff(grey(scaled(plan, 400, 300)))],
    ['as a Targa file', () => targa(grey(scaled(plan, 400, 300)))],
    ['mirrored and turned to the left', () => jpeg(turned(plan, 3, true), 80)],
  ])('are found %s', async (_name, copy) => {
    expect(await find(index, copy())).toMatchObject([{ document: 'plan.png', containment: 1, by: 'same-picture' }])
  })

  it('are not found in other drawings with the same title block', async () => {
    for (let seed = 10; seed < 40; seed++) expect(await find(index, png(drawing(seed)))).toEqual([])
  })

  it('are found on any page of a PDF, and registered as its only one', async () => {
    const both = await printsOf(pdfOf(drawing(7), plan), true)
    expect(both.prints.map(({ picture = '' }) => picturesIn(picture))).toEqual([2])
    const extraction = { parts: [both.part], texts: [], uninspected: [], labels: [], prints: both.prints }
    const found = (by: FingerprintIndex) => fingerprintDetector(by).inspectParts?.(extraction, detectOptions) ?? []
    expect(found(index)).toMatchObject([{ document: 'plan.png', evidence: [{ name: 'same-picture' }] }])
    const sha256 = '0'.repeat(64)
    // Without its pieces, which are the same: the same JPEG is in both.
    const one = (await printsOf(pdfOf(plan), true)).prints.map(({ part, picture = '' }) => ({ part, picture }))
    const document = { group: group('plans'), sha256, texts: [] }
    expect(found(await indexOf([{ ...document, name: 'plan.pdf', prints: one }]))).toMatchObject([
      { document: 'plan.pdf', evidence: [{ name: 'same-picture' }] },
    ])
    // Bands of several would add up to a picture that is none of them.
    expect(printsIn(await indexOf([{ ...document, name: 'both.pdf', prints: both.prints }])).pictures).toBe(false)
  })

  it('of telephones are found in other formats', async () => {
    const heic = readFileSync(join(import.meta.dirname, '../../extract/ocr/letters.heic'))
    const letters = await indexOf([await registered('letters.heic', heic)])
    const { rasters } = await decodeModern(heic, 'image/heic', imageSize(heic, 'image/heic'))
    const [raster] = rasters
    if (!raster) throw new Error('nothing was decoded')
    expect(await find(letters, pngOf(raster))).toMatchObject([{ document: 'letters.heic', by: 'same-picture' }])
  })

  it('are told to be turned where they are, and as alike as they are', async () => {
    const { part, prints } = await printsOf(png(turned(plan, 1)))
    const extraction = { parts: [part], texts: [], uninspected: [], labels: [], prints }
    const [match] = fingerprintDetector(index).inspectParts?.(extraction, detectOptions) ?? []
    expect(match?.evidence[0]?.effect).toMatch(/^looks like plan\.png \(turned or mirrored, \d+ % alike\)$/)
    // Four frequencies have no counterpart, and those are in doubt.
    expect(match?.resemblance).toBe(1)
    expect(match?.confidence).toBe('high')
  })

  it('that are nearly blank are known by their bytes alone', async () => {
    expect(await find(index, png(nearlyBlank()))).toMatchObject([{ document: 'blank.png', by: 'same-file' }])
    expect(await find(index, jpeg(nearlyBlank(), 90))).toEqual([])
  })

  it('that are to be ignored are found nowhere', async () => {
    const without = await indexOf([
      await registered('plan.png', png(plan)),
      await registered('logo.png', png(plan), { collection: 'boilerplate', ignore: true }),
    ])
    expect(await find(without, jpeg(plan, 60))).toEqual([])
  })
})

it('a scan works out only the prints that are registered', async () => {
  const text = await indexOf([
    { name: 'a', group: group('plans'), sha256: '0'.repeat(64), texts: [Buffer.from('a b')] },
  ])
  expect(printsIn(text)).toEqual({ chunks: false, pictures: false })
  expect(printsIn(await indexOf([await registered('x.bin', noise(20_000, 'x'))]))).toEqual({
    chunks: true,
    pictures: false,
  })
  expect(printsIn(await indexOf([await registered('x.png', png(drawing(3)))]))).toMatchObject({ pictures: true })
  const { prints } = await extract(
    { bytes: png(drawing(3)), filename: null, declaredType: null, as: 'upload' },
    { ocr: null },
  )
  expect(prints).toBeUndefined()
})
