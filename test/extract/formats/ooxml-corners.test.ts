import { describe, expect, it } from 'vitest'
import { docxOf, ooxmlOf, read } from './making.ts'

const MAIN = 'application/vnd.openxmlformats-officedocument.'

function workbook(sheet: string, parts: Record<string, string> = {}): Buffer {
  return ooxmlOf('xl/workbook.xml', `${MAIN}spreadsheetml.sheet.main+xml`, {
    'xl/workbook.xml':
      '<workbook><fileSharing userName="kept by Ada"/><customWorkbookViews><customWorkbookView name="view of Ada"/></customWorkbookViews><sheets><sheet name="S" r:id="r1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels':
      '<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    'xl/worksheets/sheet1.xml': `<worksheet>${sheet}</worksheet>`,
    ...parts,
  })
}

describe('corners of Word documents', () => {
  it.each<[string, string, string]>([
    ['bookmarks', '<w:p><w:bookmarkStart w:id="0" w:name="card_4908405421883071"/></w:p>', 'card 4908405421883071'],
    ['names of drawings', '<w:p><wp:docPr id="1" name="card 4908"/></w:p>', 'card 4908'],
    ['tooltips', '<w:p><w:hyperlink w:tooltip="card 4908"/></w:p>', 'card 4908'],
    [
      'tags and titles of content controls',
      '<w:sdt><w:sdtPr><w:alias w:val="card"/><w:tag w:val="4908"/></w:sdtPr></w:sdt>',
      'card\n4908',
    ],
    [
      'placeholders',
      '<w:sdt><w:sdtPr><w:placeholder><w:docPart w:val="card 4908"/></w:placeholder></w:sdtPr></w:sdt>',
      'card 4908',
    ],
    ['items of lists to choose from', '<w:listItem w:displayText="card" w:value="4908"/>', 'card\n4908'],
  ])('are read: %s', async (_, body, words) => {
    expect((await read(docxOf(body), 'a.docx')).text).toContain(words)
  })

  it('are read to where a document is cut off', async () => {
    const cut = '<w:document><w:tbl><w:tr><w:tc><w:p><w:r><w:t>4908</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>5405'
    const { text } = await read(docxOf('', { 'word/document.xml': cut }), 'a.docx')
    expect(text).toContain('4908\t5405')
  })

  it('are not said where a program wrote them', async () => {
    const body =
      '<w:p><w:bookmarkStart w:name="_Toc123"/><wp:docPr name="Picture 3"/><wp:docPr name="Grafik 12"/><w:r><w:t>x</w:t></w:r></w:p>'
    expect((await read(docxOf(body), 'a.docx')).text).toBe('a.docx\nx'.split('\n').reverse().join('\n'))
  })

  it('are read: texts of list numbers', async () => {
    const numbering =
      '<w:numbering><w:abstractNum><w:lvl><w:lvlText w:val="4908 4054 %1"/></w:lvl></w:abstractNum></w:numbering>'
    expect((await read(docxOf('', { 'word/numbering.xml': numbering }), 'a.docx')).text).toContain('4908 4054')
  })

  it('are read: parts that nobody knows, with their attributes', async () => {
    const parts = { 'word/glory/unheard.xml': '<x:y note="card 4908"><x:z>more words</x:z></x:y>' }
    const { text } = await read(docxOf('', parts), 'a.docx')
    expect(text).toContain('card 4908')
    expect(text).toContain('more words')
  })
})

describe('corners of workbooks', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['formulas', '<sheetData><row><c><f>"4908"&amp;"4054"</f></c></row></sheetData>', {}, '\n49084054'],
    [
      'headers',
      '<headerFooter><oddHeader>&amp;L4908405421883071&amp;Rcard</oddHeader></headerFooter>',
      {},
      '4908405421883071\ncard',
    ],
    [
      'scenarios',
      '<scenarios><scenario name="a"><inputCells r="A1" val="4908"/></scenario></scenarios>',
      {},
      'a\n4908',
    ],
    ['filters', '<autoFilter><filter val="card 4908"/></autoFilter>', {}, 'card 4908'],
    [
      'number formats',
      '',
      { 'xl/styles.xml': '<styleSheet><numFmt numFmtId="165" formatCode="&quot;card 4908&quot;"/></styleSheet>' },
      'card 4908',
    ],
    ['queries', '', { 'xl/queryTables/queryTable1.xml': '<queryTable name="card 4908"/>' }, 'card 4908'],
    ['slicers', '', { 'xl/slicers/slicer1.xml': '<slicers><slicer caption="card 4908"/></slicers>' }, 'card 4908'],
    [
      'revisions',
      '',
      { 'xl/revisions/revisionLog1.xml': '<revisions><rcc><nc><is><t>card 4908</t></is></nc></rcc></revisions>' },
      'card 4908',
    ],
    ['ribbons', '', { 'customUI/customUI14.xml': '<customUI><button label="card 4908"/></customUI>' }, 'card 4908'],
    [
      'web extensions',
      '',
      { 'xl/webextensions/webextension1.xml': '<we><property name="x" value="card 4908"/></we>' },
      'card 4908',
    ],
    ['views', '', {}, 'view of Ada'],
    ['who keeps it', '', {}, 'kept by Ada'],
  ])('are read: %s', async (_, sheet, parts, words) => {
    expect((await read(workbook(sheet, parts), 'a.xlsx')).text).toContain(words)
  })
})

describe('corners of presentations', () => {
  it.each<[string, Record<string, string>]>([
    ['names of slides', { 'ppt/slides/slide1.xml': '<p:sld><p:cSld name="card 4908"/></p:sld>' }],
    ['sections', { 'ppt/presentation.xml': '<p:presentation><p14:section name="card 4908"/></p:presentation>' }],
    ['custom shows', { 'ppt/presentation.xml': '<p:presentation><p:custShow name="card 4908"/></p:presentation>' }],
    ['tags', { 'ppt/tags/tag1.xml': '<p:tagLst><p:tag name="X" val="card 4908"/></p:tagLst>' }],
    [
      'authors of comments',
      { 'ppt/commentAuthors.xml': '<p:cmAuthorLst><p:cmAuthor name="card 4908"/></p:cmAuthorLst>' },
    ],
  ])('are read: %s', async (_, parts) => {
    const file = ooxmlOf('ppt/presentation.xml', `${MAIN}presentationml.presentation.main+xml`, {
      'ppt/presentation.xml': '<p:presentation/>',
      ...parts,
    })
    expect((await read(file, 'a.pptx')).text).toContain('card 4908')
  })
})
