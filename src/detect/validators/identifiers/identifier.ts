/**
 * An identifier's definition: a check over its compact form and the prefixes that may stand before it. Tables of them
 * are grouped by region; `identifier-check.ts` looks them up. A check may not throw and must be exact about length.
 */
export interface Identifier {
  readonly prefixes: readonly string[]
  /** `compact`: upper case, without separators and without the prefix. */
  readonly check: (compact: string) => boolean
}

export type IdentifierTable = Readonly<Record<string, Identifier>>

/** An identifier by its check, with the prefixes (country code, register) that people write before it. */
export function identifier(check: (compact: string) => boolean, ...prefixes: string[]): Identifier {
  return { prefixes, check }
}

const SEPARATORS = /[\s\u00a0\u2010-\u2015.,\-/\\:;()[\]'’_·+*#]+/gu

/** Upper case without white space, dashes and the punctuation that groups digits. */
export function compactOf(value: string): string {
  return value.replace(SEPARATORS, '').toUpperCase()
}

/** Whether text consists of exactly this many ASCII digits. */
export function isDigits(text: string, ...lengths: number[]): boolean {
  return lengths.includes(text.length) && /^[0-9]+$/.test(text)
}
