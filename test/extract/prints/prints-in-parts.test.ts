import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { PICTURE_PRINT_BYTES } from '../../../src/core/picture-frequencies.ts'
import { defaultExtractLimits, MessageBudget } from '../../../src/extract/budget.ts'
import { extract, extractIsolated } from '../../../src/extract/extract.ts'
import type { Isolate } from '../../../src/extract/isolation.ts'
import { WalkRecord } from '../../../src/extract/walk-record.ts'
import { drawing, png } from '../../support/drawn-pictures.ts'
import { zipOf } from '../formats/making.ts'

const firmware = Buffer.concat(Array.from({ length: 500 }, (_, i) => createHash('sha256').update(`${i}`).digest()))
const bytes = zipOf([
  { name: 'a.txt', data: 'words and nothing else' },
  { name: 'inner.zip', data: zipOf([{ name: 'plan.png', data: png(drawing(1)) }]) },
  { name: 'firmware.bin', data: firmware },
])
const sink = { write: () => undefined, end: () => undefined }
const isolate: Isolate = async (part) => ({
  extraction: await extractIsolated(part, () => undefined, sink),
  waitedMs: 0,
})

it.each<[string, { isolate?: Isolate }]>([
  ['here', {}],
  ['in a sandbox', { isolate }],
])('prints stay with their parts, however deep, when they are read %s', async (_name, where) => {
  const { parts, prints } = await extract(
    { bytes: new Uint8Array(bytes), filename: 'all.zip', declaredType: null, as: 'upload' },
    { prints: { chunks: true, pictures: true }, ocr: null, ...where },
  )
  const of = (path: string) => prints?.find((print) => parts[print.part]?.path === path)
  expect(of('all.zip/inner.zip/plan.png')?.picture).toHaveLength(Math.ceil(512 / 3) * 4)
  expect(of('all.zip/firmware.bin')).toMatchObject({ chunks: expect.stringMatching(/^[\w+/]{100,}=*$/) })
  expect(of('all.zip/firmware.bin')).not.toHaveProperty('picture')
  expect(of('all.zip/a.txt')).toBeUndefined()
})

it('more pictures of one part than are compared are told', () => {
  const print = Buffer.alloc(PICTURE_PRINT_BYTES, 1).toString('base64')
  const record = new WalkRecord(new MessageBudget(0, defaultExtractLimits), null, 'none')
  const add = (count: number) => {
    for (let i = 0; i < count; i++) record.print(0, { picture: print })
  }
  add(limits.extractPicturePrintsMax)
  expect(record.notes.uninspected).toEqual([])
  add(1)
  expect(record.notes.uninspected).toMatchObject([{ reason: 'too-many', detail: 'pictures to compare' }])
  const bytes = Buffer.from(record.prints.get(0)?.picture ?? '', 'base64').length
  expect(bytes).toBe(limits.extractPicturePrintsMax * PICTURE_PRINT_BYTES)
})
