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
const CACHE_MAX = 10_000
const IDENTIFIER_DIGITS_MIN = 6

export async function cellFormats(
  styles: readonly number[],
  codes: ReadonlyMap<number, string>,
  date1904: boolean,
): Promise<CellFormats> {
  const formatted = styles.some((id) => !PLAIN.has(id) && codes.get(id)?.toLowerCase() !== 'general')
  const ssf = formatted ? await loadSsf() : null
  const cache = new Map<string, string>()
  return {
    show(value, style) {
      const raw = plainNumber(value)
      const id = styles[style] ?? 0
      if (ssf === null || PLAIN.has(id)) return raw
      const key = `${id}:${raw}`
      const known = cache.get(key)
      if (known !== undefined) return known
      const text = merge(raw, shown(ssf, codes.get(id) ?? id, value, date1904), ssf, codes.get(id) ?? '')
      if (cache.size < CACHE_MAX) cache.set(key, text)
      return text
    },
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
  const digits = raw.replace(/\D/g, '')
  const isIdentifier = digits.length >= IDENTIFIER_DIGITS_MIN && !raw.includes('.') && !isDate(ssf, code)
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
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? BigInt(value).toString() : String(value)
}
