import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  damm,
  gs1,
  luhn,
  mod11x2,
  mod11x10,
  mod37x2,
  mod37x36,
  mod97,
  mod97Remainder,
  recursiveMod10,
  remainder,
  verhoeff,
} from '../../../src/detect/validators/check-digits.ts'

/** Examples that the standards and their authors give. */
const published: readonly (readonly [string, (text: string) => boolean, string])[] = [
  ['Luhn (ISO/IEC 7812-1)', luhn, '79927398713'],
  ['Verhoeff (1969)', verhoeff, '2363'],
  ['Damm (2004)', damm, '5724'],
  ['ISO/IEC 7064 MOD 11-10', mod11x10, '07945'],
  ['ISO/IEC 7064 MOD 11-2', mod11x2, '07940'],
  ['ISO/IEC 7064 MOD 37-36', mod37x36, 'A12425GABC1234002M'],
  ['ISO/IEC 7064 MOD 37-2', mod37x2, 'G123489654321Y'],
  ['ISO/IEC 7064 MOD 97-10', mod97, '08686001256515001121751'],
  ['GS1', gs1, '73513537'],
]

describe('check digit systems', () => {
  it.each(published)('%s accepts its published example and no neighbour', (_, check, text) => {
    expect(check(text)).toBe(true)
    for (let i = 0; i < text.length; i++) {
      const digit = text.charCodeAt(i) - 48
      if (digit < 0 || digit > 9) continue
      for (let step = 1; step < 10; step++) {
        const other = text.slice(0, i) + String((digit + step) % 10) + text.slice(i + 1)
        expect(check(other), other).toBe(false)
      }
    }
  })

  it.each([
    ['verhoeff', verhoeff],
    ['damm', damm],
  ] as const)('%s sees every swap of neighbours', (_, check) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 20 }), fc.nat(), (digits, at) => {
        const body = digits.join('')
        const whole = Array.from({ length: 10 }, (__, last) => body + last).filter(check)
        expect(whole).toHaveLength(1)
        const text = whole[0] ?? ''
        const i = at % (text.length - 1)
        if (text[i] === text[i + 1]) return
        expect(check(text.slice(0, i) + text[i + 1] + text[i] + text.slice(i + 2))).toBe(false)
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  it('reckons remainders of numbers of any length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.integer({ min: 2, max: 1000 }), (number, modulus) => {
        expect(remainder(String(number), modulus)).toBe(Number(number % BigInt(modulus)))
      }),
      { numRuns: 200, seed: 2 },
    )
  })

  it('refuses characters outside its alphabet', () => {
    expect(mod97Remainder('12é4')).toBe(-1)
    expect(mod37x36('a')).toBe(false)
    expect(mod11x2('12Y')).toBe(false)
    expect(luhn('')).toBe(false)
    expect(gs1('')).toBe(false)
  })

  it('reckons the recursive modulo 10 of payment slips', () => {
    expect(recursiveMod10('21000000000313947143000901')).toBe(7)
  })
})
