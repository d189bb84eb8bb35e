/** Letters that recognition takes digits for, by their look. */
const digitOf: Readonly<Record<string, string>> = {
  O: '0',
  o: '0',
  Q: '0',
  D: '0',
  l: '1',
  I: '1',
  i: '1',
  '|': '1',
  '!': '1',
  Z: '2',
  z: '2',
  S: '5',
  s: '5',
  G: '6',
  b: '6',
  B: '8',
  g: '9',
  '£': '4',
}

const TOKEN_MIN = 2
const DIGIT_SHARE_MIN = 0.5
const confusable = new RegExp(`[${Object.keys(digitOf).join('')}]`, 'g')

/**
 * The line with confusable letters made digits inside of words that are digits but for those (`4l11` -> `4111`, while
 * `7KQ2` stays) and in the check digits of an IBAN (`GBB2` -> `GB82`); null where that changes nothing.
 */
export function foldDigits(line: string): string | null {
  const folded = line.replace(/[^\s.,:;/()-]+/g, (token) => {
    if (token.length < TOKEN_MIN) return token
    if (ibanHead.test(token)) return token.slice(0, 2) + fold(token.slice(2))
    const candidate = fold(token)
    const digits = token.replace(/\D/g, '').length
    return /^\d+$/.test(candidate) && digits >= token.length * DIGIT_SHARE_MIN ? candidate : token
  })
  return folded === line ? null : folded
}

/** Country and check digits, of which one was read as such. */
const ibanHead = /^[A-Z]{2}(?:\d[OoQDlI|ZSB\d]|[OoQDlI|ZSB]\d)$/

function fold(token: string): string {
  return token.replace(confusable, (letter) => digitOf[letter] ?? letter)
}
