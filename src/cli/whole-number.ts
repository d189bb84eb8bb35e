import { InvalidArgumentError } from 'commander'

/** The value of an option that counts something, 1 or more. Throws commander's InvalidArgumentError, which exits 2. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('write a whole number of 1 or more.')
}
