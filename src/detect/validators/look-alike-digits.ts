/**
 * Digits that a person or a reader of pictures took for letters: O for 0, l for 1 and their like. Pure. Says nothing of
 * what was meant: only a check digit behind it can.
 */
const DIGIT_OF: Readonly<Record<string, string>> = {
  ...{ O: '0', o: '0', Q: '0', D: '0' },
  ...{ l: '1', I: '1', i: '1', '|': '1' },
  ...{ Z: '2', z: '2', S: '5', s: '5', B: '8' },
}
/** More letters than this are a word or a code. */
const LETTERS_MAX = 10

/** The value with every such letter as its digit; null when it has none, too many, or any other letter. */
export function readAsDigits(value: string): string | null {
  let letters = 0
  let read = ''
  for (const character of value) {
    const digit = DIGIT_OF[character]
    if (digit !== undefined) letters++
    else if (/\p{L}/u.test(character)) return null
    read += digit ?? character
  }
  return letters > 0 && letters <= LETTERS_MAX ? read : null
}
