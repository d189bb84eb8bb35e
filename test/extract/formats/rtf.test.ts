import { describe, expect, it } from 'vitest'
import { read } from './making.ts'

const rtf = (body: string) => Buffer.from(`{\\rtf1\\ansi\\ansicpg1252 ${body}}`, 'latin1')

describe('rtf', () => {
  const cases: readonly [string, string, string][] = [
    ['joins groups and control words without a space', '41{\\b 11} 11\\i 11', '4111 1111'],
    [
      'decodes hex bytes in the charset of the font',
      "{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset204 B;}}\\f1\\'cf\\'f0\\f0\\'e9",
      'Прé',
    ],
    ['decodes double-byte text across escapes', "{\\fonttbl{\\f0\\fcharset128 M;}}\\f0\\'93\\'fa\\'96\\'7b", '日本'],
    ['skips what stands in for a Unicode character', 'a\\u8364?b\\uc2\\u8364??c\\uc0\\u8364 d', 'a€b€c€d'],
    ['counts an escape as one stand-in', "\\u228\\'e4b", 'äb'],
    ['takes negative code points', '\\u-3870?x', 'âx'],
    [
      'keeps cells and rows apart',
      '\\trowd Name\\cell Card\\cell\\row Ann\\cell 4111\\cell\\row',
      'Name\tCard\nAnn\t4111',
    ],
    ['reads special characters', 'a\\~b\\_c\\emdash d\\ldblquote e\\rdblquote', 'a b-c—d“e”'],
    ['reads a footnote', 'body{\\footnote the note}', 'the note'],
    [
      'reads field codes and results',
      '{\\field{\\*\\fldinst HYPERLINK "https://x.example/k"}{\\fldrslt shown}}',
      'https://x.example/k',
    ],
    ['reads hidden text', 'seen{\\v hidden words}', 'hidden words'],
    ['keeps hidden text out of what is seen', '4111 1111 {\\v noise }1111 1111', '4111 1111 1111 1111'],
    ['reads deleted text', '{\\deleted deleted words}', 'deleted words'],
    ['reads unknown destinations', '{\\*\\strangeword smuggled words}', 'smuggled words'],
    [
      'reads properties',
      '{\\info{\\title the title}{\\*\\userprops{\\propname Owner}\\proptype30{\\staticval Ann}}}',
      'the title',
    ],
    [
      'reads words of shapes',
      '{\\shp{\\*\\shpinst{\\sp{\\sn wzDescription}{\\sv alt words}}{\\shptxt box words}}}',
      'box words',
    ],
    ['skips binary data by its length', 'a{\\pict\\bin5 }}}}}}b', 'ab'],
  ]
  it.each(cases)('%s', async (_, body, wanted) => {
    const result = await read(rtf(body), 'x.rtf')
    expect(result.text).toContain(wanted)
  })

  it('leaves tables of fonts and styles out', async () => {
    const result = await read(rtf('{\\fonttbl{\\f0 Secret Font;}}{\\stylesheet{\\s0 Secret Style;}}text'), 'x.rtf')
    expect(result.text).not.toContain('Secret')
  })

  it('descends into objects, whatever stands between their digits', async () => {
    const className = Buffer.concat([Buffer.from([8, 0, 0, 0]), Buffer.from('Package\0')])
    const packed = Buffer.concat([
      Buffer.from([2, 0]),
      Buffer.from('n.txt\0n.txt\0'),
      Buffer.alloc(4),
      Buffer.alloc(4),
      Buffer.from([6, 0, 0, 0]),
      Buffer.from('packed'),
    ])
    const size = Buffer.alloc(4)
    size.writeUInt32LE(packed.length)
    const ole1 = Buffer.concat([Buffer.from('0105000002000000', 'hex'), className, Buffer.alloc(8), size, packed])
    const digits = ole1.toString('hex').replace(/(.{7})/g, '$1\r\n ')
    const result = await read(rtf(`{\\object\\objemb{\\*\\objclass Package}{\\*\\objdata ${digits}}}`), 'x.rtf')
    expect(result.textOf('n.txt')).toBe('packed')
  })

  it('gives back the HTML that a mail program wrapped', async () => {
    const body = '\\fromhtml1{\\*\\htmltag64 <p title="in a tag">}\\htmlrtf \\par\\htmlrtf0 words{\\*\\htmltag72 </p>}'
    const result = await read(rtf(body), 'x.rtf')
    expect(result.paths).toContain('[html]')
    expect(result.textOf('[html]')).toContain('in a tag')
  })

  it('reads labels of user properties', async () => {
    const guid = '2096f6a2-d2f7-48be-b329-b73aaa526e5d'
    const properties = ['Enabled', 'Name'].map(
      (key) =>
        `{\\propname MSIP_Label_${guid}_${key}}\\proptype30{\\staticval ${key === 'Enabled' ? 'true' : 'Secret'}}`,
    )
    const result = await read(rtf(`{\\*\\userprops ${properties.join('')}}`), 'x.rtf')
    expect(result.labels).toContainEqual(expect.objectContaining({ scheme: 'msip', id: guid, name: 'Secret' }))
  })

  it('stops at too many open groups and keeps the text before', async () => {
    const result = await read(Buffer.from(`{\\rtf1 before ${'{'.repeat(100_000)}`, 'latin1'), 'x.rtf')
    expect(result.said).toContain('too-deep rtf groups')
    expect(result.text).toContain('before')
  })
})
