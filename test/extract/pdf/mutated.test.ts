import { deflateSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { defaultExtractLimits, MessageBudget } from '../../../src/extract/budget.ts'
import { hasLyingMap, pagesToLookAt } from '../../../src/extract/pdf/font-maps.ts'
import { takeInventory } from '../../../src/extract/pdf/inventory.ts'
import { readPageTree } from '../../../src/extract/pdf/page-tree.ts'
import { readPdfFile } from '../../../src/extract/pdf/pdf-file.ts'
import { makePdf } from '../../../src/extract/pdf/pdf-writer.ts'
import { shownContents } from '../../../src/extract/pdf/shown-content.ts'
import { pdfOf, show, stream } from './making-pdf.ts'

/** Numbers that are the same in each run (Park and Miller). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

const MARKS = [
  '<<',
  '>>',
  '[',
  ']',
  '(',
  ')',
  'obj',
  'endobj',
  'stream',
  ' 0 R',
  '/Kids',
  '/Filter /LZWDecode',
  '%',
  '\0',
]

it('walks broken files without throwing', () => {
  const packed = deflateSync(show('packed')).toString('latin1')
  const whole = pdfOf(`${show('words')} /X Do`, {
    resources: '/XObject << /X 7 0 R >>',
    page: '/Annots [9 0 R]',
    objects: [
      '<< /Title (t) >>',
      stream(packed, '/Subtype /Form /Filter [/FlateDecode] /DecodeParms [<< /Predictor 12 /Columns 4 >>]'),
      stream('20 0 << /A (b) >>', '/Type /ObjStm /N 1 /First 5'),
      '<< /Subtype /Stamp /AP << /N << /On 7 0 R >> >> /AS /On >>',
      '<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 11 0 R /DescendantFonts [10 0 R] >>',
      stream('begincmap 1 beginbfrange <30> <39> [<0041> <0042>] endbfrange endcmap'),
    ],
  }).toString('latin1')
  const next = numbers(20_261_124)
  let objects = 0
  for (let run = 0; run < 400; run++) {
    let text = whole
    for (let change = 0; change < 6; change++) {
      const at = next(text.length)
      const put = next(2) === 0 ? (MARKS[next(MARKS.length)] ?? '') : String.fromCharCode(next(256))
      text = text.slice(0, at) + put + text.slice(at + next(12))
    }
    const context = { budget: new MessageBudget(text.length, defaultExtractLimits) }
    const file = readPdfFile(Buffer.from(text, 'latin1'), '', context)
    const inventory = takeInventory(file, context)
    const { pages } = readPageTree(file)
    shownContents(file, inventory.programs, pages)
    hasLyingMap(file, inventory)
    pagesToLookAt(file, inventory, pages)
    const made = [...inventory.programs.keys()].map((object) => ({ contents: [object], resources: new Map() }))
    expect(makePdf(file, made).bytes.length).toBeGreaterThan(0)
    objects += file.objects.length
  }
  // Most of each file is still found.
  expect(objects).toBeGreaterThan(400 * 8)
})
