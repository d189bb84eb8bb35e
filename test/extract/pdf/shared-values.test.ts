import { describe, expect, it } from 'vitest'
import { defaultExtractLimits, MessageBudget } from '../../../src/extract/budget.ts'
import { hasLyingMap, pagesToLookAt } from '../../../src/extract/pdf/font-maps.ts'
import { takeInventory } from '../../../src/extract/pdf/inventory.ts'
import { readPageTree } from '../../../src/extract/pdf/page-tree.ts'
import { PACKED_SPANS_MAX, readPdfFile } from '../../../src/extract/pdf/pdf-file.ts'
import { shownContents } from '../../../src/extract/pdf/shown-content.ts'
import { stream } from './making-pdf.ts'

const COUNT = 20_000
const listOf = (make: (i: number) => string) => Array.from({ length: COUNT }, (_, i) => make(i)).join(' ')
const refs = listOf((i) => `${i + 9} 0 R`)
const roots = (tree: string) => `1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<<${tree}>>endobj `

function walk(text: string) {
  const context = { budget: new MessageBudget(text.length, defaultExtractLimits) }
  const file = readPdfFile(Buffer.from(text, 'latin1'), '', context)
  const inventory = takeInventory(file, context)
  const { pages } = readPageTree(file)
  const shown = shownContents(file, inventory.programs, pages)
  return { file, pages, shown, isLying: hasLyingMap(file, inventory), blind: pagesToLookAt(file, inventory, pages) }
}

/** Each would take minutes if what is shared were gone through for everything that shares it. */
describe('values that thousands of objects of a PDF share', () => {
  it('are gone through once: nodes of the page tree', () => {
    const nodes = listOf((i) => `${i + 9} 0 obj<</Kids 3 0 R>>endobj`)
    expect(walk(`${roots('/Kids 3 0 R')} 3 0 obj[${refs}]endobj ${nodes}`).pages).toEqual([])
  })

  it('are gone through once: fonts and annotations of pages', () => {
    const fonts = listOf((i) => `/F${i}<</Subtype/Type1>>`)
    const shared = `3 0 obj<<${fonts}>>endobj 4 0 obj[${listOf(() => '5 0 R')}]endobj`
    const annotation = `5 0 obj<</AP<</N 6 0 R>>>>endobj 6 0 obj ${stream('0 0 m')} endobj`
    const pages = listOf((i) => `${i + 9} 0 obj<</Type/Page/Parent 2 0 R/Annots 4 0 R>>endobj`)
    const found = walk(`${roots(`/Kids[${refs}]/Resources<</Font 3 0 R>>`)} ${shared} ${annotation} ${pages}`)
    expect([found.pages.length, found.shown.size, found.blind.size]).toEqual([COUNT, 1, 0])
  })

  it('are gone through once: character maps, however often a section begins', () => {
    const font = '<</Type/Font/Subtype/Type1/BaseFont/X/Encoding/WinAnsiEncoding/ToUnicode 1 0 R>>'
    const fonts = listOf((i) => `${i + 9} 0 obj${font}endobj`)
    const map = (last: string) =>
      stream(`begincmap ${'beginbfchar <30> <0030> '.repeat(COUNT)} ${last} endbfchar endcmap`)
    expect(walk(`1 0 obj ${map('<31> <0031>')} endobj ${fonts}`).isLying).toBe(false)
    expect(walk(`1 0 obj ${map('<31> <0032>')} endobj ${fonts}`).isLying).toBe(true)
  })

  it('are read to a limit, which is told: text of a compressed stream', () => {
    // Blanks in front of the first object count for the length: every object comes to half of it.
    const packed = (count: number) => {
      const pairs = Array.from({ length: count }, (_, i) => `${i + 9} 0 `).join('')
      const data = pairs.padEnd(5_000) + '(x)'.padEnd(5_000)
      return walk(`1 0 obj ${stream(data, '/Type/ObjStm/First 5000')} endobj`).file
    }
    const most = PACKED_SPANS_MAX * 2
    expect(packed(most)).toMatchObject({ isCut: false, objects: { length: most + 1 } })
    expect(packed(most + 1)).toMatchObject({ isCut: true, objects: { length: most + 1 } })
  })
})
