import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellFormats } from '../../../src/extract/office/cell-format.ts'
import { decimalFormat } from '../../../src/extract/office/decimal-format.ts'

const xlsx = (await import('@e965/xlsx')) as unknown as {
  default: { SSF: { format(code: string, value: number): string } }
}
const { SSF } = xlsx.default

const numbers = fc.oneof(
  fc.nat({ max: 999_999_999 }),
  fc.double({ min: 0, max: 999_999_999, noNaN: true }),
  // Halves of the last decimal, where rounding is decided.
  fc.tuple(fc.nat({ max: 1_000_000 }), fc.constantFrom(10, 100, 1000, 10_000, 1e6)).map(([a, b]) => (a + 0.5) / b),
  fc.tuple(fc.nat({ max: 1_000_000 }), fc.constantFrom(10, 100, 1000, 10_000, 1e6)).map(([a, b]) => a / b),
)

describe('decimalFormat', () => {
  it.each(['0', '0.0', '0.00', '0.000', '0.000000', '#,##0', '#,##0.0', '#,##0.00', '#,##0.0000'])(
    'shows by %s what the general formatter shows',
    (code) => {
      const show = decimalFormat(code)
      let taken = 0
      fc.assert(
        fc.property(numbers, (value) => {
          const text = show?.(value) ?? null
          if (text === null) return
          taken += 1
          expect(text).toBe(SSF.format(code, value))
        }),
        { numRuns: 2000 },
      )
      expect(taken).toBeGreaterThan(1000)
    },
  )

  it.each(['General', '0%', '0.00E+00', '0.0000000', '#,##0.00;[Red]-#,##0.00', 'm/d/yy', '#,###', '00', ''])(
    'leaves %s to the general formatter',
    (code) => expect(decimalFormat(code)).toBeNull(),
  )

  it.each([-1, 1e9, Number.NaN, Number.POSITIVE_INFINITY])('leaves %s to the general formatter', (value) => {
    expect(decimalFormat('0.00')?.(value)).toBeNull()
  })
})

describe('cellFormats', () => {
  it('shows a number that may be an identifier as kept as well, whichever way it was formatted', async () => {
    const codes = new Map([
      [164, '#,##0.00'],
      [165, '#,##0.00;(#,##0.00)'],
      [166, 'yyyy-mm-dd'],
    ])
    const formats = await cellFormats([0, 4, 164, 165, 166, 2], codes, false)
    expect([0, 1, 2, 3, 4, 5].map((style) => formats.show(4_111_111, style))).toEqual([
      '4111111',
      '4,111,111.00 4111111',
      '4,111,111.00 4111111',
      '4,111,111.00 4111111',
      formats.show(4_111_111, 4),
      '4111111.00 4111111',
    ])
    expect(formats.show(45_000, 4)).toBe('2023-03-15')
    expect(formats.show(-1234.5, 1)).toBe('-1,234.50')
    expect(formats.show(123_456_789_012_345_680_000, 0)).toBe('123456789012345683968')
  })
})
