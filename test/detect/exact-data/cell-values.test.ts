import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CellKind, canonicalCell, dateValues } from '../../../src/detect/exact-data/cell-values.ts'

describe('canonical cells', () => {
  it.each<[CellKind, string, string | null]>([
    ['words', ' Müller-Lüdenscheidt ', 'muller ludenscheidt'],
    ['words', 'O’Brien', 'o brien'],
    ['words', "O'BRIEN", 'o brien'],
    ['words', 'Straße 12', 'strasse 12'],
    ['words', 'anna.mueller@example.com', 'anna mueller example com'],
    ['words', 'Ａnna', 'anna'],
    ['words', 'Jose\u0301', 'jose'],
    ['words', 'José', 'jose'],
    ['words', '山田 太郎', '山 田 太 郎'],
    ['words', 'R&amp;D', 'r d'],
    ['words', 'a b c d e f g h', 'a b c d e f g h'],
    ['words', 'a b c d e f g h i', null],
    ['words', ' - ', null],
    ['words', '', null],
    ['words', 'x'.repeat(257), null],
    ['code', 'DE89 3704 0044 0532 0130 00', 'de89370400440532013000'],
    ['code', '4711-0815', '47110815'],
    ['code', '(030) 123.456/7', '301234567'],
    ['code', '030 12345', '3012345'],
    ['code', '030 1234', '0301234'],
    ['code', '0001234567', '1234567'],
    ['code', '000123', '000123'],
    ['code', '00A1234567', '00a1234567'],
    ['code', '１２３', '123'],
    ['code', 'K-17', 'k17'],
    ['code', '12', null],
    ['code', 'ABC', null],
    ['code', 'n/a', null],
    ['code', '1'.repeat(64), '1'.repeat(64)],
    ['code', '1'.repeat(65), null],
    ['phone', '+49 (0)170 1234567', '701234567'],
    ['phone', '0170/1234567', '701234567'],
    ['phone', '020 7946 0958', '079460958'],
    ['phone', '555 1234', '5551234'],
    ['phone', '0000 1234', null],
    ['phone', '123456', null],
    ['phone', '1'.repeat(17), '111111111'],
    ['phone', '1'.repeat(18), null],
    ['phone', '0170 1234567 ext 3', null],
    ['date', '1980-03-07', '1980-03-07'],
    ['date', '1980/3/7', '1980-03-07'],
    ['date', '7.3.1980', '1980-03-07'],
    ['date', '07/03/1980', '1980-03-07'],
    ['date', '03/31/1980', '1980-03-31'],
    ['date', '31 03 1980', '1980-03-31'],
    ['date', '1980-03-07T00:00:00Z', '1980-03-07'],
    ['date', '1980-03-07 12:30:00.000 +0100', '1980-03-07'],
    ['date', '3/7/1980 12:00 AM', '1980-07-03'],
    ['date', '1980-13-07', null],
    ['date', '31.31.1980', null],
    ['date', '7.3.80', null],
    ['date', '1.1.1799', null],
    ['date', 'soon', null],
    ['date', '1980-03-07 and more', null],
  ])('%s %j is %j', (kind, written, canonical) => {
    expect(canonicalCell(kind, written)).toBe(canonical)
  })

  it('dates of a text may be read both ways', () => {
    expect(dateValues('03/07/1980')).toEqual(['1980-07-03', '1980-03-07'])
    expect(dateValues('05.05.1980')).toEqual(['1980-05-05'])
    expect(dateValues('13.05.1980')).toEqual(['1980-05-13'])
    expect(dateValues('05.13.1980')).toEqual(['1980-05-13'])
  })

  it('of canonical cells are themselves', () => {
    const kind = fc.constantFrom<CellKind>('words', 'code', 'date')
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789-./ '), maxLength: 14 })
    fc.assert(
      fc.property(kind, fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), digits), (one, written) => {
        const canonical = canonicalCell(one, written)
        if (canonical !== null) expect(canonicalCell(one, canonical)).toBe(canonical)
      }),
      { numRuns: 500 },
    )
  })
})
