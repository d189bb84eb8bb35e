/**
 * The right to work on one submission, taken for as long as the work lasts. Two steps on one submission never run at
 * once, not even in one process: every claim has an owner of its own. Losing a claim loses nothing but time.
 */
import { asError } from '../core/errors.ts'
import type { PipelineDependencies } from './dependencies.ts'

let claims = 0

/** Runs `work` under a claim and gives its result; null when somebody else has the submission. */
export async function withClaim<T>(
  deps: Pick<PipelineDependencies, 'store' | 'clock' | 'log' | 'settings'>,
  id: string,
  work: () => Promise<T>,
): Promise<T | null> {
  const { store, clock, settings } = deps
  const owner = `${settings.owner}/${++claims}`
  const take = () => store.claim(id, owner, clock.now(), clock.now() + settings.claimTtlMs)
  if (!(await take())) return null
  const keep = setInterval(() => {
    take().catch((thrown: unknown) => deps.log.warn({ id, error: asError(thrown) }, 'a claim was not extended'))
  }, settings.claimTtlMs / 3)
  keep.unref()
  try {
    return await work()
  } finally {
    clearInterval(keep)
    await store.release(id, owner).catch((thrown: unknown) => {
      deps.log.warn({ id, error: asError(thrown) }, 'a claim was not given back; it runs out by itself')
    })
  }
}
