/**
 * The number formats that most cells have (ISO 29500-1, 18.8.30): `0.00`, `#,##0` and `#,##0.00` with up to six decimals,
 * for numbers that are not negative. Shows what the general formatter shows, whose reading of the format code costs more
 * than all else there is to a cell.
 */
const CODE = /^(#,##)?0(?:\.(0{1,6}))?$/
/** From here on digits are shown that the general formatter rounds in its own way. */
const VALUE_MAX = 1e9

export type DecimalFormat = (value: number) => string | null

/** Null for a format code of another kind. The function it returns gives null for a number that it does not take. */
export function decimalFormat(code: string): DecimalFormat | null {
  const read = CODE.exec(code)
  if (!read) return null
  const grouped = read[1] !== undefined
  const decimals = read[2]?.length ?? 0
  const scale = 10 ** decimals
  return (value) => {
    if (!(value >= 0 && value < VALUE_MAX)) return null
    if (decimals === 0) return grouped ? group(String(Math.round(value))) : String(Math.round(value))
    return grouped ? splitNumber(value, decimals, scale) : roundedNumber(value, decimals, scale)
  }
}

/** Whole part and decimals are rounded apart where thousands are grouped. */
function splitNumber(value: number, decimals: number, scale: number): string {
  const whole = Math.floor(value)
  const fraction = Math.round((value - whole) * scale)
  return fraction >= scale
    ? `${group(String(whole + 1))}.${'0'.repeat(decimals)}`
    : `${group(String(whole))}.${String(fraction).padStart(decimals, '0')}`
}

function roundedNumber(value: number, decimals: number, scale: number): string | null {
  const text = String(Math.round(value * scale) / scale)
  const point = text.indexOf('.')
  if (text.includes('e')) return null
  return point < 0 ? `${text}.${'0'.repeat(decimals)}` : text.padEnd(point + 1 + decimals, '0')
}

function group(digits: string): string {
  if (digits.length <= 3) return digits
  let at = digits.length % 3 || 3
  let out = digits.slice(0, at)
  for (; at < digits.length; at += 3) out += `,${digits.slice(at, at + 3)}`
  return out
}
