import { describe, expect, it } from 'vitest'
import { pdfStringText } from '../../../src/extract/pdf/pdf-string-text.ts'
import {
  isDict,
  PDF_DEPTH_MAX,
  PdfName,
  PdfReader,
  PdfRef,
  PdfString,
  type PdfValue,
} from '../../../src/extract/pdf/pdf-value.ts'

/** A value as plain data. */
function plain(value: PdfValue): unknown {
  if (value instanceof PdfName) return `/${value.name}`
  if (value instanceof PdfString) return value.bytes
  if (value instanceof PdfRef) return { ref: value.number }
  if (isDict(value)) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  return Array.isArray(value) ? value.map(plain) : value
}

describe('values of PDF', () => {
  it.each<[string, unknown]>([
    ['12', 12],
    ['-.5', -0.5],
    ['true', true],
    ['null', null],
    ['/A#42c', '/ABc'],
    ['(a(b)c\\)\\101\\\n\\n)', 'a(b)c)A\n'],
    ['(a\r\nb)', 'a\nb'],
    ['<41 4>', 'A@'],
    ['12 0 R', { ref: 12 }],
    ['[1 2 0 R 3]', [1, { ref: 2 }, 3]],
    ['<</A/B/C[<</D()>>]>>', { A: '/B', C: [{ D: '' }] }],
    // What is broken is read as far as it goes, and nothing in it is lost.
    ['<</A (x) /A (y)>>', { A: 'x', 'A#1': 'y' }],
    ['<</A (x) (y)>>', { A: 'x', '#1': 'y' }],
    ['<</A (x', { A: 'x' }],
    ['[1 (x) >> 2]', [1, 'x', 2]],
  ])('reads %s', (text, expected) => {
    expect(plain(new PdfReader(text).value())).toEqual(expected)
  })

  it('keeps comments', () => {
    const reader = new PdfReader('% one\n<</A %two\r 1>>')
    reader.value()
    expect(reader.comments).toEqual([' one', 'two'])
  })

  it('reads as deep as it may, and comes to an end beyond', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}(x)${']'.repeat(depth)}`
    expect(JSON.stringify(plain(new PdfReader(nested(PDF_DEPTH_MAX)).value()))).toContain('x')
    expect(JSON.stringify(plain(new PdfReader(nested(PDF_DEPTH_MAX + 1)).value()))).not.toContain('x')
  })

  it.each([
    ['\xfe\xff\x00A\x00\xe9', 'A\u00e9'],
    ['\xff\xfeA\x00', 'A'],
    ['\xef\xbb\xbf\xc3\xa9', '\u00e9'],
    ['caf\xe9 \x84 \xa0', 'caf\u00e9 \u2014 \u20ac'],
    ['\x004\x001\x001\x001', '4111'],
  ])('decodes text strings: %j', (bytes, text) => {
    expect(pdfStringText(bytes)).toBe(text)
  })
})
