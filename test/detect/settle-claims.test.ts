import { describe, expect, it } from 'vitest'
import type { Confidence, Family } from '../../src/core/finding.ts'
import { settleClaims } from '../../src/detect/settle-claims.ts'

const claim = (
  detector: string,
  family: Family,
  confidence: Confidence,
  start: number,
  end: number,
  via: string[] = [],
) => ({
  detector,
  family,
  confidence,
  start,
  end,
  via,
})
type Claim = ReturnType<typeof claim>

describe('overlapping claims', () => {
  it.each<[string, Claim[], string[]]>([
    [
      'of two rules stand both',
      [claim('a', 'financial', 'low', 0, 9), claim('b', 'financial', 'low', 0, 9)],
      ['a', 'b'],
    ],
    [
      'a surer one of the family covers a weaker',
      [claim('a', 'financial', 'low', 4, 9), claim('b', 'financial', 'high', 0, 20)],
      ['b'],
    ],
    [
      'but not one of another family',
      [claim('a', 'secret', 'low', 4, 9), claim('b', 'financial', 'high', 0, 20)],
      ['b', 'a'],
    ],
    [
      'nor one that reaches farther',
      [claim('a', 'financial', 'low', 4, 21), claim('b', 'financial', 'high', 0, 20)],
      ['b', 'a'],
    ],
    ['of one rule: the surer wins', [claim('a', 'secret', 'low', 0, 20), claim('a', 'secret', 'high', 5, 9)], ['a']],
    [
      'of one rule: the plain one before a view’s',
      [claim('a', 'secret', 'low', 0, 9), claim('a', 'secret', 'low', 0, 20, ['hex'])],
      ['a'],
    ],
  ])('%s', (_, claims, expected) => {
    expect(settleClaims(claims).map((c) => c.detector)).toEqual(expected)
  })

  it('keep the better of one rule’s', () => {
    const kept = settleClaims([
      claim('a', 'secret', 'low', 0, 20),
      claim('a', 'secret', 'high', 5, 9),
      claim('a', 'secret', 'low', 30, 40),
    ])
    expect(kept.map((c) => [c.start, c.end])).toEqual([
      [5, 9],
      [30, 40],
    ])
  })
})
