import { describe, expect, it } from 'vitest'
import { formatWords, headerLines, joinedLiterals } from '../../../src/extract/office/sheet-codes.ts'

describe('codes of spreadsheets', () => {
  it.each<[string, string[]]>([
    ['&L4344661616878795&Rcard', ['4344661616878795', 'card']],
    ['&C&"Arial,Bold"&14 Title &P of &N', ['Title  of']],
    ['&L&KFF0000R&&D&C&D', ['R&D']],
    ['&C&"card 4344661616878795,Bold"x', ['x', 'card 4344661616878795,Bold']],
    ['no code', ['no code']],
    ['', []],
  ])('headers are read without them: %s', (code, lines) => {
    expect(headerLines(code)).toEqual(lines)
  })

  it.each<[string, string[]]>([
    ['"card 4344661616878795"', ['card 4344661616878795']],
    ['0.00" total of ";[Red]-0.00', ['total of']],
    ['\\c\\a\\r\\d\\ \\4\\3 0', ['card 43']],
    ['yyyy\\-mm\\-dd', []],
    ['0"', []],
  ])('number formats say what they write: %s', (code, words) => {
    expect(formatWords(code)).toEqual(words)
  })

  it.each<[string, string[]]>([
    ['"43446616"&"16878795"', ['4344661616878795']],
    ['4344 & 6616 & "-x"', ['43446616-x']],
    ['CONCATENATE("4344","6616")', ['43446616']],
    ['CHAR(52)&CHAR(51)&"44"', ['4344']],
    ['"a ""b"""&"c"', ['a "b"c']],
    ['A1&B2', []],
    ['SUM(1,2)', []],
    ['"one"', []],
  ])('formulas are put together: %s', (formula, texts) => {
    expect(joinedLiterals(formula)).toEqual(texts)
  })
})
