import { describe, expect, it } from 'vitest'
import { readAsDigits } from '../../../src/detect/validators/look-alike-digits.ts'
import { resolveValidator } from '../../../src/detect/validators/registry.ts'

function normalized(name: string, value: string): string | null {
  const resolved = resolveValidator(name)
  if (typeof resolved === 'string') throw new Error(resolved)
  return resolved.validator.check(value, resolved.argument)
}

describe('digits taken for letters', () => {
  it.each<[string, string | null]>([
    ['4O12', '4012'],
    ['lI|i Oo', '1111 00'],
    ['5S8B2Z', '558822'],
    ['4012', null],
    ['4A12O', null],
    ['1234OOOOOO', '1234000000'],
    ['1234OOOOOOOOOOO', null],
  ])('%s', (written, read) => {
    expect(readAsDigits(written)).toBe(read)
  })

  it('count in a card only where Luhn holds and a scheme has the number', () => {
    expect(normalized('card(misread)', '4O12 8888 8888 l88l')).toBe('4012888888881881')
    expect(normalized('card(misread)', '4O12 8888 8888 l882')).toBeNull()
    expect(normalized('card(misread)', '4012 8888 8888 1881')).toBeNull()
    expect(normalized('card', '4O12 8888 8888 l88l')).toBeNull()
  })

  it('count in an account only where its check digits hold', () => {
    expect(normalized('iban(misread)', 'DE62 42O6 35O4 424l 79l9 57')).toBe('DE62420635044241791957')
    expect(normalized('iban(misread)', 'DE62 42O6 35O4 424l 79l9 58')).toBeNull()
    expect(normalized('iban(misread)', 'DE62 4206 3504 4241 7919 57')).toBeNull()
  })
})
