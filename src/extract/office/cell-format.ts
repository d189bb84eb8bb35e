import { decimalFormat } from './decimal-format.ts'

/**
 * How a spreadsheet shows a number: by its format code (ISO 29500-1, 18.8.30). A number that may be an identifier is
 * given both as shown and as kept, since a card number with thousands separators is one all the same.
 */
export interface CellFormats {
  /** Text of a number in a cell with the style at this index. */
  show(value: number, style: number): string
}

interface Ssf {
  format(format: string | number, value: number, options: { date1904: boolean }): string
  is_date(format: string): boolean
}

/** Built-in formats that leave a number as it is. */
const PLAIN = new Set([0, 1, 49])
/** Shown numbers that are remembered for each style: dates and codes come again and again. */
const CACHE_MAX = 10_000
const IDENTIFIER_DIGITS_MIN = 6
/** Built-in formats that have no code in the file (ISO 29500-1, 18.8.30) and are worth a quick way. */
const BUILT_IN: ReadonlyMap<number, string> = new Map([
  [2, '0.00'],
  [3, '#,##0'],
  [4, '#,##0.00'],
])

export async function cellFormats(
  styles: readonly number[],
  codes: ReadonlyMap<number, string>,
  date1904: boolean,
): Promise<CellFormats> {
  const formatted = styles.some((id) => !PLAIN.has(id) && codes.get(id)?.toLowerCase() !== 'general')
  const ssf = formatted ? await loadSsf() : null
  const shownBy = new Map<number, (value: number) => string>()
  const formatOf = (id: number): ((value: number) => string) => {
    if (ssf === null || PLAIN.has(id)) return plainNumber
    const code = codes.get(id)
    return numberFormat(code ?? id, code ?? BUILT_IN.get(id) ?? '', ssf, date1904)
  }
  return {
    show(value, style) {
      const id = styles[style] ?? 0
      let show = shownBy.get(id)
      if (show === undefined) shownBy.set(id, (show = formatOf(id)))
      return show(value)
    },
  }
}

/** Shows numbers in one format, which SSF knows by number or code. */
function numberFormat(format: string | number, code: string, ssf: Ssf, date1904: boolean): (value: number) => string {
  const decimal = decimalFormat(code)
  const known = new Map<number, string>()
  return (value) => {
    const quick = decimal?.(value) ?? null
    // Only a whole number may be an identifier; making any other one a string is most of what it costs.
    if (quick !== null) return Number.isInteger(value) ? merge(plainNumber(value), quick, ssf, code) : quick
    const remembered = known.get(value)
    if (remembered !== undefined) return remembered
    const text = merge(plainNumber(value), shown(ssf, format, value, date1904), ssf, code)
    if (known.size < CACHE_MAX) known.set(value, text)
    return text
  }
}

async function loadSsf(): Promise<Ssf> {
  const { default: xlsx } = (await import('@e965/xlsx')) as unknown as { default: { SSF: Ssf } }
  return xlsx.SSF
}

function shown(ssf: Ssf, format: string | number, value: number, date1904: boolean): string | null {
  try {
    const text = ssf.format(format, value, { date1904 }).trim()
    return text.length <= 256 ? text : null
  } catch {
    return null
  }
}

function merge(raw: string, text: string | null, ssf: Ssf, code: string): string {
  if (text === null || text === '' || text === raw) return raw
  if (raw.length < IDENTIFIER_DIGITS_MIN || raw.includes('.')) return text
  const isIdentifier = raw.replace(/\D/g, '').length >= IDENTIFIER_DIGITS_MIN && !isDate(ssf, code)
  return isIdentifier ? `${text} ${raw}` : text
}

function isDate(ssf: Ssf, code: string): boolean {
  try {
    return ssf.is_date(code)
  } catch {
    return false
  }
}

/** Without an exponent, as long as the number is one that a double holds exactly. */
export function plainNumber(value: number): string {
  if (Number.isSafeInteger(value) || !Number.isInteger(value) || Math.abs(value) >= 1e21) return String(value)
  return BigInt(value).toString()
}
