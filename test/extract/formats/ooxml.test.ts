import { describe, expect, it } from 'vitest'
import { docxOf, type OoxmlItem, ooxmlOf, read, zipOf } from './making.ts'

const run = (text: string, properties = '') =>
  `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`
const p = (content: string) => `<w:p>${content}</w:p>`

describe('docx', () => {
  const bodies: readonly [string, string, readonly string[], readonly string[]][] = [
    [
      'joins runs without a space',
      p(run('4111 11') + run('11 11', '<w:b/>') + run('11 1111')),
      ['4111 1111 1111 1111'],
      [],
    ],
    [
      'keeps tabs, breaks and hyphens',
      p('<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r>'),
      ['a\tb\nc-d'],
      [],
    ],
    [
      'takes no tab stop for a tab',
      p(`<w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr>${run('x')}`),
      ['x'],
      ['\tx'],
    ],
    [
      'puts cells under their headers',
      '<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Name</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Card</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t>4111</w:t></w:r></w:p></w:tc></w:tr></w:tbl>',
      ['Name\tCard\n\t4111'],
      [],
    ],
    [
      'reads a deletion in its place and without it',
      p(`${run('4111 1111 ')}<w:del><w:r><w:delText>junk</w:delText></w:r></w:del>${run('1111 1111')}`),
      ['4111 1111 1111 1111', '4111 1111 junk1111 1111'],
      [],
    ],
    [
      'reads what stood before an insertion',
      p(`${run('PROJECT-')}<w:ins>${run('not-')}</w:ins>${run('AURORA')}`),
      ['PROJECT-not-AURORA', 'PROJECT-AURORA'],
      [],
    ],
    [
      'reads a paragraph with and without its hidden run',
      p(run('4111 1111 ') + run('noise ', '<w:vanish/>') + run('1111 1111')),
      ['4111 1111 1111 1111', '4111 1111 noise 1111 1111'],
      [],
    ],
    [
      'lets no text box cut a word',
      p(`${run('AUR')}<w:r><w:txbxContent>${p(run('boxed'))}</w:txbxContent></w:r>${run('ORA')}`),
      ['AURORA', 'boxed'],
      [],
    ],
    [
      'says what a choice and its fallback share once',
      p(
        `<w:r><mc:AlternateContent><mc:Choice><w:txbxContent>${p(run('same box'))}</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>${p(run('same box'))}${p(run('other'))}</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>`,
      ),
      ['same box', 'other'],
      ['same box\nsame box'],
    ],
    [
      'reads field codes beside their result',
      p(
        `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "https://x.example/?q=secret"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>${run('shown')}<w:r><w:fldChar w:fldCharType="end"/></w:r>`,
      ),
      ['shown', 'https://x.example/?q=secret'],
      [],
    ],
    [
      'reads alternative text',
      p(
        '<w:r><w:drawing><wp:docPr xmlns:wp="urn:wp" id="1" name="Picture 1" descr="card 4111" title="a title"/></w:drawing></w:r>',
      ),
      ['card 4111', 'a title'],
      [],
    ],
    ['reads under any prefix', '<z:p xmlns:z="urn:w"><z:r><z:t>prefixed</z:t></z:r></z:p>', ['prefixed'], []],
  ]
  it.each(bodies)('%s', async (_, body, wanted, unwanted) => {
    const result = await read(docxOf(body), 'x.docx')
    for (const text of wanted) expect(result.text).toContain(text)
    for (const text of unwanted) expect(result.text).not.toContain(text)
    expect(result.said).toEqual([])
  })

  it('reads headers, notes, comments, custom XML, links, unknown parts and properties', async () => {
    const story = (text: string) => `<w:x xmlns:w="urn:w">${p(run(text))}</w:x>`
    const result = await read(
      docxOf(p(run('body')), {
        'word/header1.xml': story('in the header'),
        'word/footnotes.xml': story('in a footnote'),
        'word/comments.xml':
          '<w:comments xmlns:w="urn:w"><w:comment w:author="Ann Author"><w:p><w:r><w:t>in a comment</w:t></w:r></w:p></w:comment></w:comments>',
        'word/settings.xml':
          '<w:settings xmlns:w="urn:w"><w:docVars><w:docVar w:name="v" w:val="in a variable"/></w:docVars></w:settings>',
        'customXml/item1.xml': '<data value="in an attribute">in custom xml</data>',
        'word/_rels/document.xml.rels':
          '<Relationships><Relationship Id="r1" Type="x/hyperlink" Target="https://drop.example/secret" TargetMode="External"/></Relationships>',
        'word/stray.txt': 'a stray file',
        'docProps/core.xml':
          '<cp:coreProperties xmlns:cp="a" xmlns:dc="b"><dc:title>in the title</dc:title><cp:keywords>in the keywords</cp:keywords></cp:coreProperties>',
      }),
      'x.docx',
    )
    for (const text of [
      'in the header',
      'in a footnote',
      'Ann Author',
      'in a comment',
      'in a variable',
      'in an attribute',
      'in custom xml',
      'https://drop.example/secret',
      'in the title',
      'in the keywords',
    ]) {
      expect(result.text).toContain(text)
    }
    expect(result.textOf('word/stray.txt')).toBe('a stray file')
    expect(result.said).toEqual([])
  })

  it('descends into embedded packages', async () => {
    const result = await read(
      docxOf(p(run('outer')), { 'word/embeddings/inner.docx': docxOf(p(run('inner secret'))) }),
      'x.docx',
    )
    expect(result.textOf('word/embeddings/inner.docx')).toContain('inner secret')
  })

  it('reads labels: custom properties, the label list, and which of them counts', async () => {
    const guid = '2096f6a2-d2f7-48be-b329-b73aaa526e5d'
    const site = 'cb46c030-1825-4e81-a295-151c039dbf02'
    const property = (name: string, value: string) =>
      `<property name="${name}"><vt:lpwstr xmlns:vt="v">${value}</vt:lpwstr></property>`
    const custom = `<Properties>${property(`MSIP_Label_${guid}_Enabled`, 'true')}${property(`MSIP_Label_${guid}_SiteId`, site)}${property(`MSIP_Label_${guid}_Name`, 'Confidential')}${property('Classification', 'Internal only')}</Properties>`
    const byProperty = await read(docxOf(p(run('x')), { 'docProps/custom.xml': custom }), 'x.docx')
    expect(byProperty.labels).toContainEqual(
      expect.objectContaining({ scheme: 'msip', id: guid, name: 'Confidential', siteId: site }),
    )
    expect(byProperty.labels).toContainEqual(
      expect.objectContaining({ scheme: 'property', header: 'classification', id: 'Internal only' }),
    )
    const list = `<clbl:labelList xmlns:clbl="c"><clbl:label id="{11111111-2222-3333-4444-555555555555}" enabled="1" method="Privileged" siteId="{${site}}" removed="0"/></clbl:labelList>`
    const rels =
      '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="word/document.xml"/><Relationship Id="b" Type="http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels" Target="meta/labels.xml"/></Relationships>'
    const byList = await read(
      docxOf(p(run('x')), { 'docProps/custom.xml': custom, '_rels/.rels': rels, 'meta/labels.xml': list }),
      'x.docx',
    )
    expect(byList.labels.filter((label) => label.scheme === 'msip').map((label) => label.id)).toEqual([
      '11111111-2222-3333-4444-555555555555',
    ])
  })

  it('numbers lists as a reader sees them', async () => {
    const level = (at: number, format: string, text: string, more = '') =>
      `<w:lvl w:ilvl="${at}"><w:start w:val="1"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/>${more}</w:lvl>`
    const numbering = `<w:numbering xmlns:w="urn:w"><w:abstractNum w:abstractNumId="7">${level(0, 'upperRoman', '%1.')}${level(1, 'lowerLetter', '%1.%2)')}</w:abstractNum><w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num></w:numbering>`
    const styles =
      '<w:styles xmlns:w="urn:w"><w:style w:styleId="Item"><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style><w:style w:styleId="Based"><w:basedOn w:val="Item"/></w:style></w:styles>'
    const item = (style: string, at: number | null, text: string) =>
      p(
        `<w:pPr><w:pStyle w:val="${style}"/>${at === null ? '' : `<w:numPr><w:ilvl w:val="${at}"/><w:numId w:val="3"/></w:numPr>`}</w:pPr>${run(text)}`,
      )
    const body =
      item('Based', null, 'one') +
      item('x', 1, 'two') +
      item('x', 1, 'three') +
      item('Item', null, 'four') +
      item('x', 1, 'five')
    const result = await read(docxOf(body, { 'word/numbering.xml': numbering, 'word/styles.xml': styles }), 'x.docx')
    expect(result.text).toContain('I.\tone\nI.a)\ttwo\nI.b)\tthree\nII.\tfour\nII.a)\tfive')
  })

  it('says that a document type declaration is ambiguous, and replaces no entity', async () => {
    const xml =
      '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document xmlns:w="urn:w"><w:body><w:p><w:r><w:t>&e;</w:t></w:r></w:p></w:body></w:document>'
    const result = await read(docxOf('', { 'word/document.xml': xml }), 'x.docx')
    expect(result.said).toContain('ambiguous document type declaration')
    expect(result.text).not.toContain('root:')
  })

  it('stops at too deep XML', async () => {
    const result = await read(docxOf('<w:a>'.repeat(20_000)), 'x.docx')
    expect(result.said).toContain('too-deep xml')
  })
})

describe('xlsx', () => {
  const workbook = (sheet: string, parts: OoxmlItem = {}) =>
    ooxmlOf('xl/workbook.xml', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml', {
      'xl/workbook.xml':
        '<workbook><sheets><sheet name="Data" r:id="r1"/><sheet name="Secret" state="veryHidden" r:id="r2"/></sheets><definedNames><definedName name="Rate">"named text"</definedName></definedNames></workbook>',
      'xl/_rels/workbook.xml.rels':
        '<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="x/worksheet" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
      'xl/sharedStrings.xml':
        '<sst><si><t>Card</t></si><si><r><t>rich </t></r><r><t>text</t></r><rPh><t>fonetic</t></rPh></si></sst>',
      'xl/styles.xml':
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="000\\-00\\-0000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="3"/><xf numFmtId="14"/></cellXfs></styleSheet>',
      'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${sheet}</sheetData><headerFooter><oddHeader>sheet header</oddHeader></headerFooter></worksheet>`,
      'xl/worksheets/sheet2.xml':
        '<worksheet><sheetData><row><c t="inlineStr"><is><t>hidden sheet text</t></is></c></row></sheetData></worksheet>',
      ...parts,
    })

  it('puts values under their headers, formatted and as kept', async () => {
    const sheet =
      '<row r="1"><c r="A1" t="s"><v>1</v></c><c r="C1" t="s"><v>0</v></c></row>' +
      '<row r="2"><c r="A2" t="str"><f>"par"&amp;"ts"</f><v>parts</v></c><c r="C2" s="2"><v>4111111111111111</v></c></row>' +
      '<row r="3"><c r="A3" s="1"><v>404911818</v></c><c r="B3" t="b"><v>1</v></c><c r="C3" s="3"><v>44197</v></c></row>'
    const result = await read(workbook(sheet), 'x.xlsx')
    expect(result.text).toContain('Data\nrich text\t\tCard\n')
    expect(result.text).toContain('parts\t\t4,111,111,111,111,111 4111111111111111')
    expect(result.text).toContain('404-91-1818 404911818\tTRUE\t1/1/21')
    for (const text of ['="par"&"ts"', 'sheet header', 'hidden sheet text', 'Secret', 'named text'])
      expect(result.text).toContain(text)
    expect(result.traits).toContain('hidden-content')
    expect(result.said).toEqual([])
  })

  it('gives out what stands among the strings and no cell shows, each once', async () => {
    const strings = '<sst><si><t>Card</t></si><si><t>left behind</t></si><x><t>astray</t></x></sst>'
    const sheet = '<row><c t="s"><v>0</v></c><c t="s"><v>4111 1111</v></c></row>'
    const result = await read(workbook(sheet, { 'xl/sharedStrings.xml': strings }), 'x.xlsx')
    for (const text of ['left behind', 'astray', 'Card\t4111 1111']) expect(result.text).toContain(text)
    expect(result.text.match(/Card/g)).toHaveLength(1)
    const phonetic = await read(workbook('<row><c t="s"><v>1</v></c></row>'), 'x.xlsx')
    expect(phonetic.text).toContain('Data\nrich text\n')
    expect(phonetic.text).toContain('fonetic')
  })

  it('gives out strings of a binary workbook that no cell shows', async () => {
    const item = (type: number, ...data: Buffer[]) => {
      const whole = Buffer.concat(data)
      return Buffer.concat([Buffer.from([type, whole.length]), whole])
    }
    const u32 = (value: number) => Buffer.from([value, 0, 0, 0])
    const wide = (text: string) => Buffer.concat([u32(text.length), Buffer.from(text, 'utf16le')])
    const strings = ['shown', 'left behind'].map((text) => item(19, Buffer.from([0]), wide(text)))
    const file = ooxmlOf('xl/workbook.bin', 'application/vnd.ms-excel.sheet.binary.macroenabled.main', {
      'xl/workbook.bin': Buffer.alloc(0),
      'xl/sharedStrings.bin': Buffer.concat(strings),
      'xl/worksheets/sheet1.bin': item(7, u32(0), u32(0), u32(0)),
    })
    const result = await read(file, 'x.xlsb')
    expect(result.text).toContain('left behind')
    expect(result.text.match(/shown/g)).toHaveLength(1)
  })

  it('reads comments, tables and connections', async () => {
    const result = await read(
      workbook('', {
        'xl/comments1.xml':
          '<comments><authors><author>Ann</author></authors><commentList><comment ref="A1"><text><r><t>4111 11</t></r><r><t>11</t></r></text></comment></commentList></comments>',
        'xl/tables/table1.xml': '<table><tableColumns><tableColumn name="column name"/></tableColumns></table>',
        'xl/connections.xml':
          '<connections><connection name="c"><dbPr connection="Server=db;Pwd=hunter2"/></connection></connections>',
      }),
      'x.xlsx',
    )
    for (const text of ['4111 1111', 'column name', 'Pwd=hunter2']) expect(result.text).toContain(text)
  })

  it.each<[string, Buffer, string, string[]]>([
    ['as they are', Buffer.from('\n\x031.0\x1a\x13 en_US notes'), 'workbookmetadata', []],
    ['in 16 bits', Buffer.concat([Buffer.from('\n\0'), Buffer.from('en_US notes', 'utf16le')]), 'workbookmetadata', []],
    ['sealed', Buffer.from('00c516da65c516da01', 'hex'), 'workbookmetadata', []],
    ['of nobody', Buffer.from('\n\x031.0\x1a\x13\xff\xfe\x00'), 'other', ['unsupported application/octet-stream']],
    [
      'too large',
      Buffer.alloc(65 * 1024, '\n\x00\xff\x01'),
      'workbookmetadata',
      ['unsupported application/octet-stream'],
    ],
    [
      'something else',
      Buffer.from('\x07\x00\xff\x01\x80\x90', 'latin1'),
      'workbookmetadata',
      ['unsupported application/octet-stream'],
    ],
  ])('takes notes of a service for what they are: %s', async (_name, notes, type, said) => {
    const rels = `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r9" Type="http://customschemas.google.com/relationships/${type}" Target="metadata"/></Relationships>`
    const result = await read(workbook('', { 'xl/metadata': notes, 'xl/_rels/workbook.xml.rels': rels }), 'x.xlsx')
    expect(result.said).toEqual(said)
    if (/n\0?o\0?t\0?e\0?s/.test(notes.toString('latin1'))) expect(result.text).toContain('en_US notes')
  })

  it('reads controls of forms, and tells those of other makers', async () => {
    const caption = Buffer.from('\0\x02\0\0pick one\0')
    const result = await read(
      workbook('', {
        'xl/activeX/activeX1.bin': Buffer.concat([Buffer.from('401dd28b42ecce119e0d00aa006002f3', 'hex'), caption]),
        'xl/activeX/activeX2.bin': Buffer.concat([Buffer.from('3be72786aab54346a3b0570eda17e3e7', 'hex'), caption]),
      }),
      'x.xlsx',
    )
    expect(result.text).toContain('pick one')
    expect(result.said).toEqual(['unsupported application/octet-stream'])
  })

  it('stops where shared strings would multiply the text', async () => {
    const long = 'x'.repeat(100_000)
    const cells = '<c t="s"><v>0</v></c>'.repeat(2000)
    const file = workbook(`<row>${cells}</row>`, { 'xl/sharedStrings.xml': `<sst><si><t>${long}</t></si></sst>` })
    const result = await read(file, 'x.xlsx', { limits: { textMaxBytes: 1_000_000 } })
    expect(result.reasons).toContain('too-large')
    expect(result.text.length).toBeLessThan(2_000_000)
  })
})

describe('pptx', () => {
  it('reads slides in order, notes, comments and layouts', async () => {
    const slide = (text: string) =>
      `<p:sld xmlns:a="urn:a" xmlns:p="urn:p"><p:txBody><a:p><a:r><a:t>${text}</a:t></a:r><a:br/><a:r><a:t>next line</a:t></a:r></a:p></p:txBody></p:sld>`
    const result = await read(
      ooxmlOf(
        'ppt/presentation.xml',
        'application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml',
        {
          'ppt/presentation.xml': '<p:presentation xmlns:p="urn:p"/>',
          'ppt/slides/slide10.xml': slide('tenth'),
          'ppt/slides/slide2.xml': slide('second'),
          'ppt/notesSlides/notesSlide1.xml': slide('in the notes'),
          'ppt/comments/comment1.xml': '<p:cmLst xmlns:p="urn:p"><p:cm><p:text>in a comment</p:text></p:cm></p:cmLst>',
          'ppt/slideLayouts/slideLayout1.xml': slide('in a layout'),
        },
      ),
      'x.pptx',
    )
    expect(result.text).toMatch(/second\nnext line[\s\S]*tenth\nnext line[\s\S]*in the notes/)
    for (const text of ['in a comment', 'in a layout']) expect(result.text).toContain(text)
    expect(result.said).toEqual([])
  })
})

describe('packages that are something else', () => {
  it('reads XPS glyphs and Visio shapes', async () => {
    const xps = ooxmlOf('FixedDocSeq.fdseq', 'application/vnd.ms-package.xps-fixeddocumentsequence+xml', {
      'FixedDocSeq.fdseq': '<FixedDocumentSequence/>',
      'Documents/1/Pages/1.fpage': '<FixedPage><Glyphs UnicodeString="on the page"/></FixedPage>',
    })
    expect((await read(xps, 'x.xps')).text).toContain('on the page')
    const visio = ooxmlOf('visio/document.xml', 'application/vnd.ms-visio.drawing.main+xml', {
      'visio/document.xml': '<VisioDocument/>',
      'visio/pages/page1.xml':
        '<PageContents><Shapes><Shape><Text><cp IX="0"/>in a shape</Text></Shape></Shapes></PageContents>',
    })
    expect((await read(visio, 'x.vsdx')).text).toContain('in a shape')
  })

  it('reads a package with nothing but strays', async () => {
    const file = zipOf([
      { name: '[Content_Types].xml', data: '<Types/>' },
      { name: 'word/a.txt', data: 'stray' },
    ])
    expect((await read(file, 'x.docx')).text).toContain('stray')
  })
})
