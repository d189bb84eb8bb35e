import { expect, it } from 'vitest'
import { AuthThrottle } from '../../../src/ingress/smtp/auth-throttle.ts'

it('failures of so many networks are remembered, and of one more the oldest forgotten', () => {
  const throttle = new AuthThrottle({ failuresMax: 1, windowMs: 1_000, networksMax: 2, now: () => 0 })
  for (const network of ['a', 'b']) expect(throttle.begin(network)).toBe(true)
  for (const network of ['a', 'b']) expect(throttle.begin(network)).toBe(false)
  expect(throttle.begin('c')).toBe(true)
  expect(throttle.begin('b')).toBe(false)
  expect(throttle.begin('a')).toBe(true)
})
