import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { NewDocument } from '../../../src/catalog/fingerprint-catalog.ts'
import type { Part, PartPrint } from '../../../src/core/extraction.ts'
import { fingerprintDetector } from '../../../src/detect/fingerprint/fingerprint-detector.ts'
import { type FingerprintIndex, printsIn } from '../../../src/detect/fingerprint/fingerprint-index.ts'
import { extract } from '../../../src/extract/extract.ts'
import { drawing, jpeg, lighter, nearlyBlank, png, scaled, stamped, turned } from '../../support/drawn-pictures.ts'
import { detectOptions, group, indexOf } from './registered.ts'

const wanted = { chunks: true, pictures: true }

async function printsOf(bytes: Uint8Array): Promise<{ part: Part; prints: readonly PartPrint[] }> {
  const settings = { prints: wanted, ocr: null }
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
    ['mirrored and turned to the left', () => jpeg(turned(plan, 3, true), 80)],
  ])('are found %s', async (_name, copy) => {
    expect(await find(index, copy())).toMatchObject([{ document: 'plan.png', containment: 1, by: 'same-picture' }])
  })

  it('are not found in other drawings with the same title block', async () => {
    for (let seed = 10; seed < 40; seed++) expect(await find(index, png(drawing(seed)))).toEqual([])
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
