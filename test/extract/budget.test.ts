import { describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { defaultExtractLimits, extraTimeMs, MessageBudget } from '../../src/extract/budget.ts'

const { extractStreamFromBytes: LARGE, scanRateMinBytesPerSecond: RATE, extractInflatedPerByteMax: TIMES } = limits

describe('the budget of a message', () => {
  it.each([
    [0, 0],
    [LARGE, 0],
    [LARGE + RATE, 1_000],
    [LARGE + 100 * RATE, 100_000],
  ])('of %i bytes has %i milliseconds more than others', (size, ms) => {
    expect(extraTimeMs(size)).toBe(ms)
    const { left } = new MessageBudget(size, { ...defaultExtractLimits, timeMs: 1_000_000 })
    expect(Math.round(left.ms / 1_000)).toBe(1_000 + ms / 1_000)
  })

  it.each([
    [50 * 1024 * 1024, 50 * 1024 * 1024 * TIMES],
    [LARGE, limits.extractInflatedMaxBytes],
    [100 * 1024 * 1024, 100 * 1024 * 1024 * TIMES],
    [1024, limits.extractRatioFloorBytes],
    [1024 * 1024, 1024 * 1024 * limits.extractRatioMax],
  ])('of %i bytes may unpack to %i', (size, inflated) => {
    expect(new MessageBudget(size, defaultExtractLimits).left.inflatedBytes).toBe(inflated)
  })

  it('keeps the time that went by elsewhere, also for a part that has only a share', () => {
    const budget = new MessageBudget(0, { ...defaultExtractLimits, timeMs: 1_000_000 })
    const widen = budget.narrow(0.5)
    expect(Math.round(budget.msLeft / 10_000)).toBe(50)
    budget.waited(100_000)
    expect(Math.round(budget.msLeft / 10_000)).toBe(60)
    widen()
    expect(Math.round(budget.msLeft / 10_000)).toBe(110)
  })
})
