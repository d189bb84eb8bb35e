/**
 * `card`: a payment card number by issuer range (ISO/IEC 7812), the lengths that issuer uses and Luhn. `card(visa)` …
 * asks for one brand, `card(misread)` for one in which letters stand for digits that look like them. Ranges are those
 * the schemes publish; a number in no scheme's range is rejected.
 */
import { luhn } from './check-digits.ts'
import { readAsDigits } from './look-alike-digits.ts'
import type { Validator } from './validator.ts'

interface Brand {
  readonly name: string
  /** Inclusive ranges of the leading digits; both ends have the same number of digits. */
  readonly ranges: readonly (readonly [number, number])[]
  readonly lengths: readonly number[]
}

const upTo19 = [13, 14, 15, 16, 17, 18, 19]

/** More specific ranges stand first. */
const brands: readonly Brand[] = [
  {
    name: 'amex',
    ranges: [
      [34, 34],
      [37, 37],
    ],
    lengths: [15],
  },
  {
    name: 'diners',
    ranges: [
      [300, 305],
      [3095, 3095],
      [36, 36],
      [38, 39],
    ],
    lengths: [14, 15, 16, 17, 18, 19],
  },
  { name: 'jcb', ranges: [[3528, 3589]], lengths: [16, 17, 18, 19] },
  {
    name: 'jcb',
    ranges: [
      [1800, 1800],
      [2131, 2131],
    ],
    lengths: [15],
  },
  { name: 'mir', ranges: [[2200, 2204]], lengths: [16, 17, 18, 19] },
  { name: 'troy', ranges: [[9792, 9792]], lengths: [16] },
  {
    name: 'elo',
    ranges: [
      [401178, 401179],
      [438935, 438935],
      [457631, 457632],
      [504175, 504175],
      [506699, 506778],
      [509000, 509999],
      [627780, 627780],
      [636297, 636297],
      [636368, 636368],
      [650031, 650033],
      [650035, 650051],
      [650405, 650439],
      [650485, 650538],
      [650541, 650598],
      [650700, 650718],
      [650720, 650727],
      [650901, 650978],
      [651652, 651679],
      [655000, 655019],
      [655021, 655058],
    ],
    lengths: [16],
  },
  {
    name: 'hipercard',
    ranges: [
      [606282, 606282],
      [637095, 637095],
      [637568, 637568],
      [637599, 637599],
      [637609, 637609],
      [637612, 637612],
    ],
    lengths: [16],
  },
  {
    name: 'verve',
    ranges: [
      [506099, 506198],
      [650002, 650027],
      [507865, 507964],
    ],
    lengths: [16, 18, 19],
  },
  {
    name: 'dankort',
    ranges: [
      [5019, 5019],
      [4571, 4571],
    ],
    lengths: [16],
  },
  {
    name: 'discover',
    ranges: [
      [6011, 6011],
      [644, 649],
      [65, 65],
      [622126, 622925],
      [624000, 626999],
      [628200, 628899],
    ],
    lengths: [16, 17, 18, 19],
  },
  {
    name: 'rupay',
    ranges: [
      [60, 60],
      [65, 65],
      [81, 82],
      [508, 508],
      [353, 353],
      [356, 356],
    ],
    lengths: [16],
  },
  {
    name: 'unionpay',
    ranges: [
      [62, 62],
      [81, 81],
    ],
    lengths: [16, 17, 18, 19],
  },
  {
    name: 'mastercard',
    ranges: [
      [51, 55],
      [2221, 2720],
    ],
    lengths: [16],
  },
  { name: 'visa', ranges: [[4, 4]], lengths: [13, 16, 18, 19] },
  {
    name: 'maestro',
    ranges: [
      [50, 50],
      [56, 58],
      [60, 61],
      [63, 63],
      [66, 69],
      [6759, 6759],
      [676770, 676774],
    ],
    lengths: [12, ...upTo19],
  },
  { name: 'uatp', ranges: [[1, 1]], lengths: [15] },
  { name: 'lankapay', ranges: [[357111, 357111]], lengths: [16] },
  {
    name: 'uzcard',
    ranges: [
      [8600, 8600],
      [5614, 5614],
    ],
    lengths: [16],
  },
  { name: 'humo', ranges: [[9860, 9860]], lengths: [16] },
  { name: 'napas', ranges: [[9704, 9704]], lengths: [16, 19] },
]

/** Brands whose numbers are too much like other numbers to be taken for a card alone. */
const weak = new Set(['uatp', 'maestro', 'rupay', 'verve'])

/** The brand of a number by range and length; null where no scheme has it. Digits only. */
export function cardBrand(digits: string): string | null {
  for (const brand of brands) {
    if (!brand.lengths.includes(digits.length)) continue
    for (const [from, to] of brand.ranges) {
      const lead = Number(digits.slice(0, String(from).length))
      if (lead >= from && lead <= to) return brand.name
    }
  }
  return null
}

export const paymentCard: Validator = {
  id: 'card',
  check(value, argument) {
    const misread = argument === 'misread'
    const digits = (misread ? (readAsDigits(value) ?? '') : value).replace(/[^0-9]/g, '')
    if (digits.length < 12 || digits.length > 19 || !luhn(digits) || /^(\d)\1+$/.test(digits)) return null
    const brand = cardBrand(digits)
    if (brand === null) return null
    if (argument === 'major' || misread) return weak.has(brand) ? null : digits
    return argument === undefined || argument === brand ? digits : null
  },
  argumentProblem(argument) {
    const names = ['major', 'misread', ...new Set(brands.map((brand) => brand.name))]
    return argument === undefined || names.includes(argument) ? null : `takes a brand: ${names.join(', ')}`
  },
}
