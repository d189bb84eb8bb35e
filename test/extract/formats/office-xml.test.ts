import { describe, expect, it } from 'vitest'
import { read } from './making.ts'

const DOCUMENT = `<w:document xmlns:w="urn:w"><w:body><w:p><w:r><w:t>49</w:t></w:r><w:r><w:t>95</w:t></w:r></w:p></w:body></w:document>`

function flat(parts: string, prefix = 'pkg:', outside = ''): Buffer {
  const declared = prefix === '' ? 'xmlns' : `xmlns:${prefix.slice(0, -1)}`
  return Buffer.from(
    `<?xml version="1.0"?><?mso-application progid="Word.Document"?><${prefix}package ${declared}="http://schemas.microsoft.com/office/2006/xmlPackage">${parts}${outside}</${prefix}package>`,
  )
}

function part(name: string, data: string, prefix = 'pkg:'): string {
  return `<${prefix}part ${prefix}name="${name}" ${prefix}contentType="application/xml"><${prefix}xmlData>${data}</${prefix}xmlData></${prefix}part>`
}

describe('Office documents in one XML file', () => {
  it.each(['pkg:', 'x:', ''])('are read as packages, whatever the prefix: "%s"', async (prefix) => {
    const { text, said } = await read(flat(part('/word/document.xml', DOCUMENT, prefix), prefix), 'a.xml')
    expect(text).toContain('4995')
    expect(said).toEqual([])
  })

  it('have files among their parts', async () => {
    const picture = Buffer.from('89504e470d0a1a0a', 'hex').toString('base64')
    const binary = `<pkg:part pkg:name="/word/media/image1.png"><pkg:binaryData>${picture}</pkg:binaryData></pkg:part>`
    const { paths, text } = await read(flat(part('/word/document.xml', DOCUMENT) + binary), 'a.xml')
    expect(paths).toContain('word/media/image1.png')
    expect(text).toContain('4995')
  })

  it('are read outside of their parts as well, and when cut off', async () => {
    const file = flat(part('/word/document.xml', DOCUMENT), 'pkg:', '<!-- card 4908 --><pkg:other note="card 4054"/>')
    const { text } = await read(file, 'a.xml')
    expect(text).toContain('card 4908')
    expect(text).toContain('card 4054')
    expect((await read(file.subarray(0, file.indexOf('</w:p>')), 'a.xml')).text).toContain('4995')
  })

  it('of Word 2003 are read as stories', async () => {
    const body = `<w:body><w:p><w:r><w:t>49</w:t></w:r><w:r><w:t>95</w:t></w:r></w:p></w:body>`
    const picture = Buffer.from('GIF89a').toString('base64')
    const file = `<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><o:DocumentProperties><o:Title>the title</o:Title></o:DocumentProperties>${body}<w:binData w:name="wordml://02000001.gif">${picture}</w:binData></w:wordDocument>`
    const { text, paths } = await read(Buffer.from(file), 'a.xml')
    expect(text).toContain('4995')
    expect(text).toContain('the title')
    expect(paths).toContain('02000001.gif')
  })

  it('of Excel 2003 are read as rows', async () => {
    const file = `<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="s1"><NumberFormat ss:Format="&quot;card 4054&quot;"/></Style></Styles><Worksheet ss:Name="Sheet of cards"><Table><Row><Cell><Data ss:Type="String">Card</Data></Cell><Cell ss:Index="3"><Data ss:Type="String">Name</Data></Cell></Row><Row><Cell ss:Formula="=&quot;49&quot;&amp;&quot;08&quot;"><Data ss:Type="Number">4995</Data><Comment ss:Author="Ada Lovelace"><ss:Data>in a comment</ss:Data></Comment></Cell></Row></Table></Worksheet></Workbook>`
    const { text, said } = await read(Buffer.from(file), 'a.xml')
    expect(text).toContain('Sheet of cards\nCard\t\tName\n4995')
    for (const words of ['card 4054', 'in a comment', 'Ada Lovelace', '\n4908']) expect(text).toContain(words)
    expect(said).toEqual([])
  })
})
