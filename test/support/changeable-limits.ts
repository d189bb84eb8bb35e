import { afterEach } from 'vitest'

type Limits = typeof import('../../src/core/limits.ts').limits

/** The module of the limits with limits that can be changed: what `vi.mock` puts in its place. */
export function copyOf<T extends { readonly limits: object }>(shipped: T): T {
  return { ...shipped, limits: { ...shipped.limits } }
}

/** Changes some of the limits until the test ends. */
export function changeable(limits: Limits): (values: Partial<Record<keyof Limits, number>>) => void {
  const shipped = { ...limits }
  afterEach(() => void Object.assign(limits, shipped))
  return (values) => void Object.assign(limits, values)
}
