import type { EnvelopeRecipient } from '../core/envelope.ts'
import type { DeliveryJob, DeliveryOutcome, DeliveryStatus } from '../ports/deliverer.ts'

/**
 * Policy's redirect: the message goes to other people than it was addressed to. Every original recipient's outcome is
 * the worst of theirs, so that a retry goes on until all of them have it; one that had it already may get it twice.
 */
const WORST: readonly DeliveryStatus[] = ['delivered', 'failed', 'no-key', 'deferred']

/** Null when the job has no redirect. DSN parameters of the original recipients don't go along. */
export function redirectJob(job: DeliveryJob): { readonly recipients: readonly EnvelopeRecipient[] } | null {
  const redirects = job.modifications.filter((modification) => modification.kind === 'redirect')
  if (redirects.length === 0) return null
  const addresses = new Set(redirects.flatMap(({ to }) => to))
  return { recipients: [...addresses].map((address) => ({ address })) }
}

export function redirectOutcomes(job: DeliveryJob, outcomes: readonly DeliveryOutcome[]): readonly DeliveryOutcome[] {
  let worst = outcomes[0]
  for (const outcome of outcomes)
    if (!worst || WORST.indexOf(outcome.status) > WORST.indexOf(worst.status)) worst = outcome
  const outcome = worst ?? {
    status: 'deferred' as const,
    reply: '4.3.5 the redirect names nobody',
    nextHop: 'local',
    dsnRelayed: false,
  }
  return job.recipients.map(({ address }) => ({ ...outcome, recipient: address }))
}
