import { InvalidArgumentError } from 'commander'

/** Reads the value of an option that counts something. Throws commander's InvalidArgumentError, which exits 2. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value
    throw new InvalidArgumentError(`write a whole number of ${min} or more.`)
  }
}
