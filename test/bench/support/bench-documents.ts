/**
 * Files for the extraction benchmark, made by code so that every run reads the same bytes: the shape of what Word, Excel,
 * PowerPoint and mail programs write (runs cut up by proofing marks, styles, shared strings, slide furniture), small as
 * they travel every day and large as the longest of them. Deterministic; writes nothing.
 */
import { ooxmlOf, type ZipItem, zipOf } from '../../extract/formats/making.ts'

const CRLF = '\r\n'
const MAIN = 'application/vnd.openxmlformats-officedocument'
const W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
const A =
  'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
const S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'

const vocabulary =
  'the of and a to in quarterly figures contract supplier invoice delivery customer address number account transfer payment schedule meeting project budget review draft agreement clause liability insurance employee salary department region warehouse shipment report analysis forecast margin revenue growth müller señor naïve déjà vu straße'.split(
    ' ',
  )

/** A sequence of numbers that is the same in every run (a linear congruential generator, Numerical Recipes 7.1). */
export class Sequence {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  words(count: number): string {
    const words: string[] = []
    for (let i = 0; i < count; i++) words.push(vocabulary[this.below(vocabulary.length)] ?? '')
    return words.join(' ')
  }

  bytes(count: number): Buffer {
    const out = Buffer.allocUnsafe(count)
    for (let i = 0; i < count; i++) out[i] = this.below(256)
    return out
  }
}

function contentTypes(overrides: Readonly<Record<string, string>>): string {
  const lines = Object.entries(overrides).map(([name, type]) => `<Override PartName="${name}" ContentType="${type}"/>`)
  return `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${lines.join('')}</Types>`
}

/** A Word document; a page has some ten paragraphs of forty words, and every fifth page a table. */
export function wordDocument(pages: number, seed = 1): Buffer {
  const random = new Sequence(seed)
  const body: string[] = []
  for (let page = 0; page < pages; page++) {
    body.push(paragraph(random, 6, 'Heading1'))
    for (let i = 0; i < 10; i++) body.push(paragraph(random, 40, 'BodyText'))
    if (page % 5 === 4) body.push(wordTable(random))
  }
  return ooxmlOf('word/document.xml', '', {
    '[Content_Types].xml': contentTypes({
      '/word/document.xml': `${MAIN}.wordprocessingml.document.main+xml`,
      '/word/styles.xml': `${MAIN}.wordprocessingml.styles+xml`,
      '/word/footnotes.xml': `${MAIN}.wordprocessingml.footnotes+xml`,
      '/word/header1.xml': `${MAIN}.wordprocessingml.header+xml`,
    }),
    'word/document.xml': `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<w:document ${W}><w:body>${body.join('')}<w:sectPr w:rsidR="00A77427"><w:pgSz w:w="12240" w:h="15840"/></w:sectPr></w:body></w:document>`,
    'word/styles.xml': `<w:styles ${W}>${['Normal', 'Heading1', 'BodyText'].map((id) => `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${id}"/><w:rPr><w:sz w:val="24"/></w:rPr></w:style>`).join('')}</w:styles>`,
    'word/footnotes.xml': `<w:footnotes ${W}><w:footnote w:id="1">${paragraph(random, 20, 'BodyText')}</w:footnote></w:footnotes>`,
    'word/header1.xml': `<w:hdr ${W}>${paragraph(random, 8, 'BodyText')}</w:hdr>`,
    'docProps/core.xml':
      '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Quarterly review</dc:title><dc:creator>A. Person</dc:creator></cp:coreProperties>',
  })
}

/** Word cuts a sentence into runs wherever spelling, revision or language changes. */
function paragraph(random: Sequence, words: number, style: string): string {
  const runs: string[] = []
  for (let left = words; left > 0; ) {
    const take = Math.min(left, 4 + random.below(12))
    const bold = random.below(8) === 0 ? '<w:b/>' : ''
    runs.push(
      `<w:r w:rsidRPr="00${(0x100000 + random.below(0xeffff)).toString(16).toUpperCase()}"><w:rPr>${bold}<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri"/><w:lang w:val="en-US"/></w:rPr><w:t xml:space="preserve">${random.words(take)} </w:t></w:r>`,
    )
    if (random.below(4) === 0) runs.push('<w:proofErr w:type="spellStart"/>')
    left -= take
  }
  return `<w:p w:rsidR="00A77427" w:rsidRDefault="00A77427"><w:pPr><w:pStyle w:val="${style}"/><w:spacing w:after="120"/></w:pPr>${runs.join('')}</w:p>`
}

function wordTable(random: Sequence): string {
  const rows: string[] = []
  for (let row = 0; row < 8; row++) {
    const cells = Array.from(
      { length: 4 },
      () => `<w:tc><w:tcPr><w:tcW w:w="2394" w:type="dxa"/></w:tcPr>${paragraph(random, 3, 'BodyText')}</w:tc>`,
    )
    rows.push(`<w:tr w:rsidR="00A77427">${cells.join('')}</w:tr>`)
  }
  return `<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/></w:tblPr>${rows.join('')}</w:tbl>`
}

/** A workbook of one sheet with eight columns: an id, names as shared strings, a date, amounts, a formula. */
export function workbook(rows: number, seed = 2): Buffer {
  const random = new Sequence(seed)
  const strings: string[] = []
  const names = Math.min(rows * 2, 20_000)
  for (let i = 0; i < names; i++) strings.push(`<si><t>${random.words(2)} ${i}</t></si>`)
  const lines: string[] = []
  for (let row = 1; row <= rows; row++) {
    lines.push(
      `<row r="${row}" spans="1:8" x14ac:dyDescent="0.25"><c r="A${row}"><v>${100_000 + row}</v></c>` +
        `<c r="B${row}" t="s"><v>${random.below(names)}</v></c><c r="C${row}" t="s"><v>${random.below(names)}</v></c>` +
        `<c r="D${row}" s="1"><v>${40_000 + random.below(6_000)}</v></c><c r="E${row}" s="2"><v>${random.below(1_000_000) / 100}</v></c>` +
        `<c r="F${row}" s="2"><v>${random.below(1_000_000) / 100}</v></c><c r="G${row}" s="2"><f>E${row}+F${row}</f><v>${random.below(2_000_000) / 100}</v></c>` +
        `<c r="H${row}" t="str"><f>CONCATENATE(B${row},"-",A${row})</f><v>${random.words(2)}</v></c></row>`,
    )
  }
  return ooxmlOf('xl/workbook.xml', '', {
    '[Content_Types].xml': contentTypes({
      '/xl/workbook.xml': `${MAIN}.spreadsheetml.sheet.main+xml`,
      '/xl/worksheets/sheet1.xml': `${MAIN}.spreadsheetml.worksheet+xml`,
      '/xl/sharedStrings.xml': `${MAIN}.spreadsheetml.sharedStrings+xml`,
      '/xl/styles.xml': `${MAIN}.spreadsheetml.styles+xml`,
    }),
    'xl/workbook.xml': `<workbook ${S} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Ledger" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels':
      '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
    'xl/styles.xml': `<styleSheet ${S}><numFmts count="1"><numFmt numFmtId="164" formatCode="#,##0.00"/></numFmts><fonts count="1"><font><sz val="11"/></font></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
    'xl/sharedStrings.xml': `<sst ${S} count="${rows * 2}" uniqueCount="${names}">${strings.join('')}</sst>`,
    'xl/worksheets/sheet1.xml': `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<worksheet ${S} xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"><sheetData>${lines.join('')}</sheetData></worksheet>`,
  })
}

/** A presentation: title, five bullets and notes on each slide, one master. */
export function presentation(slides: number, seed = 3): Buffer {
  const random = new Sequence(seed)
  const parts: Record<string, string> = {}
  const ids: string[] = []
  const relations: string[] = []
  const type = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  for (let slide = 1; slide <= slides; slide++) {
    const bullets = Array.from({ length: 5 }, () => drawn(random, 10)).join('')
    parts[`ppt/slides/slide${slide}.xml`] =
      `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<p:sld ${A}><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>${shape(2, 'Title 1', drawn(random, 6))}${shape(3, 'Content Placeholder 2', bullets)}</p:spTree></p:cSld></p:sld>`
    parts[`ppt/notesSlides/notesSlide${slide}.xml`] =
      `<p:notes ${A}><p:cSld><p:spTree>${shape(3, 'Notes Placeholder 2', drawn(random, 40))}</p:spTree></p:cSld></p:notes>`
    ids.push(`<p:sldId id="${255 + slide}" r:id="rId${slide}"/>`)
    relations.push(`<Relationship Id="rId${slide}" Type="${type}/slide" Target="slides/slide${slide}.xml"/>`)
  }
  const types: Record<string, string> = { '/ppt/presentation.xml': `${MAIN}.presentationml.presentation.main+xml` }
  for (const name of Object.keys(parts))
    types[`/${name}`] = `${MAIN}.presentationml.${name.includes('notes') ? 'notesSlide' : 'slide'}+xml`
  return ooxmlOf('ppt/presentation.xml', '', {
    '[Content_Types].xml': contentTypes(types),
    'ppt/presentation.xml': `<p:presentation ${A}><p:sldIdLst>${ids.join('')}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${relations.join('')}</Relationships>`,
    ...parts,
  })
}

function shape(id: number, name: string, body: string): string {
  return `<p:sp><p:nvSpPr><p:cNvPr id="${id}" name="${name}"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr><p:ph idx="1"/></p:nvPr></p:nvSpPr><p:spPr><a:xfrm><a:off x="457200" y="274638"/><a:ext cx="8229600" cy="1143000"/></a:xfrm></p:spPr><p:txBody><a:bodyPr/><a:lstStyle/>${body}</p:txBody></p:sp>`
}

function drawn(random: Sequence, words: number): string {
  return `<a:p><a:pPr marL="342900" indent="-342900"><a:buFont typeface="Arial"/></a:pPr><a:r><a:rPr lang="en-US" dirty="0"/><a:t>${random.words(words)}</a:t></a:r><a:endParaRPr lang="en-US" dirty="0"/></a:p>`
}

/** Text files as they are zipped or put into a tar: logs and notes of `bytes` each. */
export function textFiles(count: number, bytes: number, seed = 4): readonly ZipItem[] {
  const random = new Sequence(seed)
  return Array.from({ length: count }, (_, i) => {
    const lines: string[] = []
    for (let length = 0; length < bytes; ) {
      const line = `2026-10-${10 + random.below(20)} ${random.below(24)}:${random.below(60)} ${random.words(12)} ${random.below(1e9)}`
      lines.push(line)
      length += line.length + 1
    }
    return { name: `notes/file-${i + 1}.txt`, data: lines.join('\n') }
  })
}

export function zipOfTexts(count: number, bytes: number, seed = 4): Buffer {
  return zipOf(textFiles(count, bytes, seed))
}

/** Plain and HTML alternatives of some 8 KB, and what is attached, in base64. */
export function mail(attachments: readonly { name: string; type: string; content: Buffer }[], seed = 5): Buffer {
  const random = new Sequence(seed)
  const paragraphs = Array.from({ length: 9 }, () => random.words(55))
  const lines = [
    'Return-Path: <a@example.com>',
    'Received: from mail.example.com (mail.example.com [192.0.2.7]) by mx.example.org with ESMTPS id 1aBcDe for <b@example.org>; Mon, 05 Oct 2026 09:00:00 +0000',
    'From: "A. Person" <a@example.com>',
    'To: "B. Person" <b@example.org>, =?utf-8?B?SsO8cmdlbiBNw7xsbGVy?= <jm@example.org>',
    'Subject: =?utf-8?Q?Quarterly_figures_=E2=80=93_draft?=',
    'Date: Mon, 05 Oct 2026 09:00:00 +0000',
    `Message-ID: <bench-${seed}@example.com>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="outer-7f3a"',
    '',
    '--outer-7f3a',
    'Content-Type: multipart/alternative; boundary="inner-91c2"',
    '',
    '--inner-91c2',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    ...paragraphs.map((words) => `${quotedPrintable(words)}${CRLF}`),
    '--inner-91c2',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    `<html><head><style>p.x { margin: 0 }</style></head><body>${paragraphs.map((words) => `<p class="x" style="color: #333333">${words}</p>`).join(CRLF)}</body></html>`,
    '--inner-91c2--',
  ]
  for (const { name, type, content } of attachments) {
    lines.push('--outer-7f3a', `Content-Type: ${type}; name="${name}"`, 'Content-Transfer-Encoding: base64')
    lines.push(`Content-Disposition: attachment; filename="${name}"`, '', base64Lines(content))
  }
  lines.push('--outer-7f3a--', '')
  return Buffer.from(lines.join(CRLF))
}

function quotedPrintable(text: string): string {
  const coded = [...Buffer.from(text)].map((byte) =>
    byte >= 0x80 || byte === 0x3d ? `=${byte.toString(16).toUpperCase()}` : String.fromCharCode(byte),
  )
  let line = ''
  const lines: string[] = []
  for (const unit of coded) {
    if (line.length + unit.length > 75) {
      lines.push(`${line}=`)
      line = ''
    }
    line += unit
  }
  return [...lines, line].join(CRLF)
}

export function base64Lines(content: Buffer): string {
  return content.toString('base64').replace(/.{76}/g, `$&${CRLF}`)
}

/** A page as newsletters and web applications send it: nested tables, inline styles, links. */
export function webPage(bytes: number, seed = 6): Buffer {
  const random = new Sequence(seed)
  const rows: string[] = []
  for (let length = 0; length < bytes; ) {
    const row = `<tr><td style="padding: 4px 8px; color: #333333" class="cell c${random.below(9)}"><a href="https://www.example.com/item/${random.below(1e6)}?ref=mail">${random.words(4)}</a></td><td>${random.words(25)} &amp; ${random.words(5)}<br>${random.words(6)}</td></tr>`
    rows.push(row)
    length += row.length
  }
  return Buffer.from(
    `<!DOCTYPE html><html><head><title>Newsletter</title><style>.cell { margin: 0 }</style></head><body><table>${rows.join('\n')}</table></body></html>`,
  )
}
