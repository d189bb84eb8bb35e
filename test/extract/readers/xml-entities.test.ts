import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { docxOf, read } from '../formats/making.ts'

function xml(subset: string, body: string): Buffer {
  return Buffer.from(`<?xml version="1.0"?><!DOCTYPE r [${subset}]>${body}`)
}

describe('entities that an XML document declares', () => {
  it.each<[string, string, string, string]>([
    ['in text', '<!ENTITY a "49957421"><!ENTITY b "43324248">', '<r>card &a;&b;</r>', 'card 4995742143324248'],
    ['in each other', '<!ENTITY b "21"><!ENTITY a \'4995&b;\'>', '<r>&a;</r>', '499521'],
    ['in attributes', '<!ENTITY a "4995">', '<r x="&a;7421"/>', '49957421'],
    ['as characters', '<!ENTITY a "&#52;&#x39;">', '<r>&a;95</r>', '4995'],
    ['with markup', '<!ENTITY a "<b>49</b>95">', '<r>&a;</r>', '49\n95'],
    ['behind brackets and comments', '<!-- it\'s ] --><!ENTITY c "]"><!ENTITY a "4995">', '<r>&a;</r>', '4995'],
    ['by parameters', '<!ENTITY % p "<!ENTITY a \'4995\'>">%p;', '<r>&a;</r>', '4995'],
    ['the first of two', '<!ENTITY a "first"><!ENTITY a "second">', '<r>[&a;]</r>', '[first]'],
  ])('are replaced: %s', async (_, subset, body, text) => {
    const result = await read(xml(subset, body), 'a.xml')
    expect(result.text.replace(/(49)(95)$/m, '$1$2')).toContain(text.replace('\n', ''))
    expect(result.said).toEqual([])
  })

  it('are not fetched, and unknown ones stay as they are', async () => {
    const { text, said } = await read(xml('<!ENTITY a SYSTEM "file:///etc/passwd">', '<r>x&a;&b;</r>'), 'a.xml')
    expect(text).toContain('x&a;&b;')
    expect(said).toEqual([])
  })

  it.each<[string, string, string]>([
    ['ten times ten', tenfold('lol'), 'too-large xml entities'],
    ['ten times ten of nothing', tenfold(''), 'too-large xml entities'],
    ['that hold themselves', '<!ENTITY z "&z;">', 'too-deep xml entities'],
  ])('end where they come to too much: %s', async (_, subset, problem) => {
    const result = await read(xml(subset, '<r>before &z; behind</r>'), 'a.xml')
    expect(result.said).toEqual([problem])
  })

  it('are counted to the limit and not past it', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `<!ENTITY e${i} "v">`).join('')
    expect((await read(xml(many(limits.extractXmlEntitiesMax), '<r>&e0;</r>'), 'a.xml')).said).toEqual([])
    const over = await read(xml(many(limits.extractXmlEntitiesMax + 1), '<r>&e0;</r>'), 'a.xml')
    expect(over.said).toEqual(['too-many xml entities'])
  })

  it('are replaced in Word documents, which are ambiguous then', async () => {
    const document =
      '<!DOCTYPE d [<!ENTITY a "4995">]><w:document><w:p><w:r><w:t>&a;7421</w:t></w:r></w:p></w:document>'
    const result = await read(docxOf('', { 'word/document.xml': document }), 'a.docx')
    expect(result.text).toContain('49957421')
    expect(result.said).toEqual(['ambiguous document type declaration'])
  })
})

/** Each entity is ten of the one before; the first is `value`. */
function tenfold(value: string): string {
  const levels = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`)
  return `<!ENTITY e0 "${value}">${levels.join('')}<!ENTITY z "&e9;">`
}
