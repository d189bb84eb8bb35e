import fc from 'fast-check'
import { Parser } from 'htmlparser2'
import { describe, expect, it } from 'vitest'
import { readHtml } from '../../../src/extract/html/html-reader.ts'
import { HtmlReferences } from '../../../src/extract/html/html-references.ts'

const piece = fc.oneof(
  fc.constantFrom(
    ...['&amp;', '&ampx', '&amp', '&amp=', '&nbsp;', '&notit;', '&not', '&copy=1', '&NotEqualTilde;', '&', '&&', '&;'],
    ...['&#65;', '&#x41', '&#0;', '&#128;', '&#x110000;', '&#xD800;', 'words', ' ', '=', ';', '漢', "'"],
  ),
  fc.string({ maxLength: 4 }).map((text) => text.replace(/[<"]/g, '')),
)
const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))

/** The same by the parser that looks at every character for references. */
function parsed(html: string): { text: string; title: string } {
  let shown = ''
  let title = ''
  const parser = new Parser(
    {
      ontext: (data) => {
        shown += data
      },
      onopentag: (_, attributes) => {
        title = attributes.title ?? ''
      },
    },
    { decodeEntities: true },
  )
  parser.end(html)
  return { text: shown, title }
}

describe('references of HTML', () => {
  it('are replaced in text as a parser does it', () => {
    fc.assert(
      fc.property(text, (source) => {
        const pieces: string[] = []
        new HtmlReferences().pieces(source, (one) => pieces.push(one))
        expect(pieces.join('')).toBe(parsed(source).text)
      }),
      { numRuns: 2000 },
    )
  })

  it('are replaced in attributes as a parser does it, whatever stands around the value', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(new HtmlReferences().attribute(value)).toBe(parsed(`<p title="${value}">`).title)
      }),
      { numRuns: 2000 },
    )
    expect(new HtmlReferences().attribute('a"&amp;"b&lt;\'c')).toBe('a"&"b<\'c')
  })

  it.each([
    ['<title>1 &lt; 2 <b> &amp; 3</title>x', '1 < 2 <b> & 3\nx'],
    ['<textarea>a &amp;<p>b</textarea>', 'a &<p>b'],
    ['<p>&#52;111 &amp; &eacute;t&eacute;</p>', '4111 & été'],
  ])('%s shows %j', (html, shown) => expect(readHtml(html).visible).toBe(shown))

  it('are left as they are in scripts', () => {
    expect(readHtml('<script>a &amp;&amp; b</script>').hidden).toBe('a &amp;&amp; b')
  })

  it('are replaced in a value that never ends', () => {
    expect(readHtml('<p title="4111 &amp; 1111').hidden.split('\n')[0]).toBe('4111 & 1111')
  })
})
