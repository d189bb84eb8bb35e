import { describe, expect, it } from 'vitest'
import { read, zipOf } from './making.ts'

const NS =
  'xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:svg="s" xmlns:dc="c" xmlns:meta="m" xmlns:xlink="x"'
const content = (body: string) =>
  `<office:document-content ${NS}><office:body>${body}</office:body></office:document-content>`

function odfOf(kind: string, body: string, parts: Record<string, string | Uint8Array> = {}): Buffer {
  return zipOf([
    { name: 'mimetype', data: `application/vnd.oasis.opendocument.${kind}`, store: true },
    { name: 'content.xml', data: content(body) },
    ...Object.entries(parts).map(([name, data]) => ({ name, data })),
  ])
}

describe('odf', () => {
  const cases: readonly [string, string, string][] = [
    [
      'spaces, tabs and breaks',
      '<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d</text:p>',
      'a   b\tc\nd',
    ],
    ['spans without a space', '<text:p>41<text:span>11</text:span> 11<text:span>11</text:span></text:p>', '4111 1111'],
    [
      'a note beside its paragraph',
      '<text:p>wo<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>the note</text:p></text:note-body></text:note>rd</text:p>',
      'word',
    ],
    [
      'a comment',
      '<text:p>x<office:annotation><dc:creator>Ann</dc:creator><text:p>the comment</text:p></office:annotation></text:p>',
      'the comment',
    ],
    [
      'deleted text',
      '<text:tracked-changes><text:changed-region><text:deletion><text:p>deleted words</text:p></text:deletion></text:changed-region></text:tracked-changes>',
      'deleted words',
    ],
    [
      'alternative text',
      '<text:p><draw:frame><svg:title>a title</svg:title><svg:desc>described</svg:desc></draw:frame></text:p>',
      'described',
    ],
    [
      'cells under their headers, with repeats',
      '<table:table><table:table-row><table:table-cell><text:p>Name</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/><table:table-cell><text:p>Card</text:p></table:table-cell></table:table-row></table:table>',
      'Name\t\t\tCard',
    ],
    [
      'numbers as shown and as kept',
      '<table:table><table:table-row><table:table-cell office:value-type="float" office:value="4111111111111111"><text:p>4.1E+15</text:p></table:table-cell></table:table-row></table:table>',
      '4.1E+15 4111111111111111',
    ],
    [
      'formulas',
      '<table:table><table:table-row><table:table-cell table:formula="of:=&quot;in a formula&quot;"/></table:table-row></table:table>',
      'in a formula',
    ],
    ['links', '<text:p><text:a xlink:href="https://drop.example/x">l</text:a></text:p>', 'https://drop.example/x'],
  ]
  it.each(cases)('reads %s', async (_, body, wanted) => {
    const result = await read(odfOf('text', body), 'x.odt')
    expect(result.text).toContain(wanted)
    expect(result.said).toEqual([])
  })

  it('reads styles, properties, labels, macros and files inside', async () => {
    const guid = '2096f6a2-d2f7-48be-b329-b73aaa526e5d'
    const result = await read(
      odfOf('spreadsheet', '<text:p>x</text:p>', {
        'styles.xml': content('<text:p>in the header</text:p>'),
        'meta.xml': content(
          `<dc:title>the title</dc:title><meta:user-defined meta:name="MSIP_Label_${guid}_Enabled">true</meta:user-defined><meta:user-defined meta:name="Project">Aurora</meta:user-defined>`,
        ),
        'Basic/Standard/Module1.xml': '<script:module xmlns:script="s">Sub Main\nsecret macro\nEnd Sub</script:module>',
        'Object 1/content.xml': content('<text:p>in an object</text:p>'),
        'Pictures/note.txt': 'a stray file',
      }),
      'x.ods',
    )
    for (const text of [
      'in the header',
      'the title',
      'Project: Aurora',
      'secret macro',
      'in an object',
      'a stray file',
    ]) {
      expect(result.text).toContain(text)
    }
    expect(result.labels).toContainEqual(expect.objectContaining({ scheme: 'msip', id: guid }))
    expect(result.traits).toContain('macro')
  })

  it('says which cipher seals a document', async () => {
    const manifest =
      '<manifest:manifest xmlns:manifest="m"><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data><manifest:algorithm manifest:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/></manifest:encryption-data></manifest:file-entry></manifest:manifest>'
    const result = await read(odfOf('text', '<text:p>sealed</text:p>', { 'META-INF/manifest.xml': manifest }), 'x.odt')
    expect(result.said).toEqual(['encrypted AES-256'])
    expect(result.text).not.toContain('sealed')
  })

  it('reads flat documents and what they hold in base64', async () => {
    const inner = Buffer.from('inner file text').toString('base64')
    const flat = `<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="t" office:mimetype="application/vnd.oasis.opendocument.text"><office:body><text:p>flat text</text:p><office:binary-data>${inner}</office:binary-data></office:body></office:document>`
    const result = await read(Buffer.from(flat), 'x.fodt')
    expect(result.text).toContain('flat text')
    expect(result.text).toContain('inner file text')
  })
})

describe('epub', () => {
  it.each([
    [['http://www.idpf.org/2008/embedding', 'http://ns.adobe.com/pdf/enc#RC'], []],
    [
      ['http://www.idpf.org/2008/embedding', 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'],
      ['encrypted EPUB encryption'],
    ],
    [[], ['encrypted EPUB encryption']],
  ])('tells fonts that are mangled from words that are sealed: %s', async (algorithms, said) => {
    const data = algorithms.map(
      (name) => `<e:EncryptedData><e:EncryptionMethod Algorithm="${name}"/></e:EncryptedData>`,
    )
    const file = zipOf([
      { name: 'mimetype', data: 'application/epub+zip', store: true },
      { name: 'META-INF/encryption.xml', data: `<encryption xmlns:e="urn:e">${data.join('')}</encryption>` },
      { name: 'one.xhtml', data: '<html><p>first chapter</p></html>' },
    ])
    const result = await read(file, 'x.epub')
    expect(result.said).toEqual(said)
    expect(result.text).toContain('first chapter')
  })

  it('reads chapters and metadata', async () => {
    const file = zipOf([
      { name: 'mimetype', data: 'application/epub+zip', store: true },
      { name: 'META-INF/container.xml', data: '<container/>' },
      { name: 'book.opf', data: '<package><metadata><dc:title xmlns:dc="d">the book</dc:title></metadata></package>' },
      { name: 'one.xhtml', data: '<html><body><p>chapter one</p></body></html>' },
    ])
    const result = await read(file, 'x.epub')
    expect(result.text).toContain('the book')
    expect(result.textOf('one.xhtml')).toContain('chapter one')
  })
})
