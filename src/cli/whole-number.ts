import { InvalidArgumentError } from 'commander'

/** Reads the value of an option that counts something. Throws commander's InvalidArgumentError, which exits 2. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`
    throw new InvalidArgumentError(`write a whole number ${range}.`)
  }
}
