import fc from 'fast-check'
import { Parser } from 'htmlparser2'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import type { ExtractContext } from '../../../src/extract/format.ts'
import { walkXml } from '../../../src/extract/readers/xml-walker.ts'

const context = { budget: { hasTime: () => true } } as unknown as ExtractContext

/** Events as lines: `+name key=value`, `-name`, text, `?aside`. Pieces of one text are joined. */
function own(bytes: Uint8Array): string[] {
  const events = new Events()
  walkXml(
    bytes,
    {
      open: (name, attributes) => events.open(name, attributes.entries()),
      text: (data) => events.text(data),
      close: (name) => events.push(`-${name}`),
      aside: (text) => events.push(`?${text}`),
    },
    context,
  )
  return events.lines()
}

function other(text: string): string[] {
  const events = new Events()
  const local = (name: string) => name.slice(name.indexOf(':') + 1)
  const parser = new Parser(
    {
      onopentag: (name, attributes) => events.open(local(name), Object.entries(attributes)),
      ontext: (data) => events.text(data),
      onclosetag: (name) => events.push(`-${local(name)}`),
      oncomment: (data) => events.push(`?${data}`),
    },
    { xmlMode: true, decodeEntities: true },
  )
  parser.end(text)
  return events.lines()
}

class Events {
  readonly #lines: string[] = []
  #text = ''
  open(name: string, attributes: readonly [string, string][]): void {
    this.push(['+', name, ...attributes.map(([key, value]) => ` ${key}=${value}`)].join(''))
  }
  text(data: string): void {
    this.#text += data
  }
  push(line: string): void {
    if (this.#text !== '') this.#lines.push(this.#text)
    this.#text = ''
    this.#lines.push(line)
  }
  lines(): string[] {
    this.push('.')
    return this.#lines
  }
}

const word = fc.stringMatching(/^[a-z]{1,6}$/)
const chars = fc.string({
  unit: fc.constantFrom('a', 'ß', ' ', '漢', '&amp;', '&lt;', '&#65;', '&#x42;', '\n', '"', "'"),
})
const attribute = fc.tuple(word, chars).map(([key, value]) => ` ${key}='${value.replace(/'/g, '')}'`)
const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(
      fc.option(word),
      word,
      fc.uniqueArray(attribute, { maxLength: 3, selector: (a) => a.split('=')[0] ?? '' }),
      fc.array(
        fc.oneof(
          { maxDepth: 4 },
          chars,
          fc.constant('<!--note-->'),
          fc.constant('<![CDATA[<raw>&amp;]]>'),
          tie('element'),
        ),
        { maxLength: 4 },
      ),
      fc.boolean(),
    )
    .map(([prefix, name, attributes, inner, empty]) => {
      const full = prefix ? `${prefix}:${name}` : name
      return empty ? `<${full}${attributes.join('')}/>` : `<${full}${attributes.join('')}>${inner.join('')}</${full}>`
    }),
}))

describe('walkXml', () => {
  it('sees in well-formed XML what another parser sees', () => {
    fc.assert(
      fc.property(element, (xml) => {
        expect(own(Buffer.from(xml))).toEqual(other(xml))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['a document type with a subset', '<!DOCTYPE x [<!ENTITY e "a>b"><!ENTITY f "c">]><x>&e;</x>', ['+x', 'a>b', '-x']],
    ['processing instructions but the first', '<?xml version="1.0"?><?php secret?><x/>', ['?php secret', '+x', '-x']],
    ['a bare less-than', '<x>1 < 2</x>', ['+x', '1 < 2', '-x']],
    ['attributes without quotes or values', '<x a=1 b c="2">t</x>', ['+x a=1 b= c=2', 't', '-x']],
    ['a greater-than in a value', '<x a="1>2">t</x>', ['+x a=1>2', 't', '-x']],
    ['an end that is missing', '<x><y>t', ['+x', '+y', 't']],
    ['references past the last code point', '<x>&#x110000;&#0;</x>', ['+x', '&#x110000;&#0;', '-x']],
  ])('takes %s', (_, xml, wanted) => {
    const seen = own(Buffer.from(xml)).filter((line) => line !== '.')
    expect(seen.filter((line) => !line.startsWith('?!'))).toEqual(wanted)
  })

  it.each(['utf16le', 'utf8'] as const)('reads %s by its mark', (encoding) => {
    expect(own(Buffer.from('\ufeff<x>grün</x>', encoding))).toContain('grün')
  })

  it('reads the charset that the declaration names', () => {
    expect(own(Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><x>gr\xfcn</x>', 'latin1'))).toContain('grün')
  })

  it('stops one past the depth, not at it', () => {
    const nested = (depth: number) => Buffer.from('<a>'.repeat(depth) + '</a>'.repeat(depth))
    expect(() => own(nested(limits.extractXmlDepthMax))).not.toThrow()
    expect(() => own(nested(limits.extractXmlDepthMax + 1))).toThrow('too-deep')
  })

  it.each(['<!', '<!x ', '<', '</', '<!--', '<![CDATA[', '<?', '&', '<a/ ', '="'])('takes many times %s', (piece) => {
    const bytes = Buffer.from(piece.repeat(200_000))
    try {
      own(bytes)
    } catch (thrown) {
      expect(String(thrown)).toMatch(/too-deep|too-many/)
    }
  })
})
