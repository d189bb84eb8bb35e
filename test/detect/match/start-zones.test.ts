import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  ALL_BOUNDARIES,
  ALL_STARTS,
  DIGIT_REACH,
  DIGIT_SHIFT,
  NEAR_DIGIT_REACH,
  NEAR_DIGIT_SHIFT,
  RUN_REACH,
  RUN_SHIFT,
} from '../../../src/detect/match/boundary.ts'
import { StartZones } from '../../../src/detect/match/start-zones.ts'

/** What the place allows, looked at alone: bytes beyond ASCII count as digits and as letters. */
function maskAt(text: Buffer, at: number): number {
  const ahead = text.toString('latin1', at)
  const digit = ahead.search(/[0-9\x80-\xff]/)
  const run = (/^[\w\x80-\xff]*/.exec(ahead)?.[0] ?? '').length
  let mask = ALL_STARTS
  if (digit < 0 || digit >= NEAR_DIGIT_REACH) mask &= ~(ALL_BOUNDARIES << NEAR_DIGIT_SHIFT)
  if (digit < 0 || digit >= DIGIT_REACH) mask &= ~(ALL_BOUNDARIES << DIGIT_SHIFT)
  if (run < RUN_REACH) mask &= ~(ALL_BOUNDARIES << RUN_SHIFT)
  return mask
}

const piece = fc.constantFrom('a', 'word', ' ', '. ', '7', '1234', 'é', 'longer_than_eleven', 'x'.repeat(11), '\n')
const longer = fc.string({ unit: fc.constantFrom('b', ' ', '-'), maxLength: 40 })

it('allows at each place what a look at that place alone allows', () => {
  let places = 0
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, longer), { maxLength: 12 }), fc.nat(7), (pieces, shift) => {
      // Texts begin anywhere in memory, also where no aligned word does.
      const text = Buffer.from(' '.repeat(shift) + pieces.join('')).subarray(shift)
      const zones = new StartZones(text)
      for (let at = 0; at < text.length; ) {
        zones.seek(at)
        expect(zones.end).toBeGreaterThan(at)
        for (; at < Math.min(zones.end, text.length); at++, places++)
          expect(zones.mask, `${at} of ${JSON.stringify(text.toString())}`).toBe(maskAt(text, at))
      }
    }),
    { numRuns: 2_000, seed: 3 },
  )
  expect(places).toBeGreaterThan(10_000)
})
