/**
 * accept = content into the spool, durable with its row, then the reply. What an ingress is given: it streams bytes in
 * and gets back what to tell the client. `after-spool` answers once nothing can be lost; `after-decision` once the
 * verdict stands, or at its deadline as `after-spool` does. Peers learn a reference id and nothing about rules.
 */
import type { Envelope } from '../core/envelope.ts'
import { asError, GatewayError } from '../core/errors.ts'
import type { ReplyMode, SubmissionRecord } from '../core/submission.ts'
import type { BlobWriter } from '../ports/blob-store.ts'
import type { PipelineDependencies } from './dependencies.ts'
import { newId } from './ids.ts'
import type { WaitingClient } from './inspect.ts'
import { processSubmission } from './process.ts'

export interface Intake {
  /** Why nothing can be taken in right now (disk, store, draining), or null. */
  refusal(): GatewayError | null
  /** Begins storing. Throws a temporary GatewayError. */
  begin(envelope: Envelope, reply: ReplyOptions): Promise<IntakeWriter>
}

export interface ReplyOptions {
  readonly mode: ReplyMode
  /** How long `after-decision` waits for the verdict. */
  readonly decisionDeadlineMs: number
}

export interface IntakeWriter {
  /** Wait for it: that is the back-pressure. */
  write(chunk: Uint8Array): Promise<void>
  /** Resolves when the client may be told; throws a temporary GatewayError when it must keep the message. */
  finish(): Promise<IntakeReply>
  /** Forgets what was written: the client went away or broke a limit. */
  abort(): Promise<void>
}

/** An SMTP reply in RFC 5321 and RFC 3463 terms; other channels translate it. */
export interface IntakeReply {
  readonly code: 250 | 451 | 550 | 554
  readonly enhanced: string
  /** Public: a reference id, never a reason. */
  readonly text: string
}

export function createIntake(deps: PipelineDependencies, refusal: () => GatewayError | null): Intake {
  return {
    refusal,
    begin: async (envelope, reply) => {
      const writer = await deps.blobs.create()
      return {
        write: (chunk) => writer.write(chunk),
        abort: () => writer.abort(),
        finish: () => finish(deps, Object.freeze(envelope), reply, writer),
      }
    },
  }
}

async function finish(
  deps: PipelineDependencies,
  envelope: Envelope,
  reply: ReplyOptions,
  writer: BlobWriter,
): Promise<IntakeReply> {
  const blob = await writer.commit()
  const receivedAt = envelope.receivedAt
  const id = newId(receivedAt)
  const create = { id, origin: 'peer' as const, parent: null, envelope, blob, replyMode: reply.mode, receivedAt }
  const outcome = await deps.store.transition({
    id,
    from: null,
    version: 0,
    to: 'received',
    at: deps.clock.now(),
    nextAttemptAt: receivedAt,
    create,
    audit: {
      event: 'accepted',
      actor: 'system',
      details: {
        listener: envelope.client.listener,
        client: envelope.client.address,
        sender: envelope.sender,
        recipients: envelope.recipients.map((recipient) => recipient.address),
        size: blob.size,
        sha256: blob.sha256,
      },
    },
  })
  if (outcome !== 'applied') {
    throw new GatewayError('store-conflict', { temporary: true, publicMessage: 'Try again later.' })
  }
  deps.observe.accepted(envelope, blob.size)
  if (reply.mode === 'after-decision') return await decideNow(deps, id, blob.size, reply.decisionDeadlineMs)
  await deps.dispatcher.enqueue(id, { step: 'inspect', size: blob.size })
  return queued(id)
}

/** Inspects and acts while the client waits, in this process, whatever the dispatcher: the fewest things can go wrong. */
async function decideNow(
  deps: PipelineDependencies,
  id: string,
  size: number,
  deadlineMs: number,
): Promise<IntakeReply> {
  const client = new Waiting()
  const work = processSubmission(deps, id, client)
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<'deadline'>((resolve) => {
    timer = setTimeout(() => resolve('deadline'), deadlineMs)
  })
  const first = await Promise.race([work, deadline])
  clearTimeout(timer)
  if (first !== 'deadline') return replyFor(id, first)
  // A refusal that was taken is being persisted right now: the client must hear it, or it would be told 250 and lose.
  if (client.stopWaiting() === 'refusal-taken') return replyFor(id, await work)
  work.catch((thrown: unknown) => deps.log.error({ id, size, error: asError(thrown) }, 'a late decision failed'))
  return queued(id)
}

class Waiting implements WaitingClient {
  #state: 'waiting' | 'refusal-taken' | 'gone' = 'waiting'

  takeRefusal(): boolean {
    if (this.#state === 'waiting') this.#state = 'refusal-taken'
    return this.#state === 'refusal-taken'
  }

  stopWaiting(): 'gone' | 'refusal-taken' {
    if (this.#state === 'waiting') this.#state = 'gone'
    return this.#state === 'gone' ? 'gone' : 'refusal-taken'
  }
}

/** No record: another worker has it or the step failed; it is durable and the sweep knows it, so it is queued. */
function replyFor(id: string, record: SubmissionRecord | null): IntakeReply {
  const refused = record?.results.length ? record.results.every((result) => result.status === 'refused') : false
  if (!record || !refused) {
    return record?.results.every((result) => result.status === 'delivered') ? delivered(id) : queued(id)
  }
  if (record.submission.decision === null) {
    return { code: 451, enhanced: '4.3.0', text: `Message could not be inspected, try again later (ref ${id})` }
  }
  if (record.submission.decision.action === 'block') {
    return { code: 550, enhanced: '5.7.1', text: `Message refused by policy (ref ${id})` }
  }
  return { code: 554, enhanced: '5.0.0', text: `Message refused by the next hop (ref ${id})` }
}

function queued(id: string): IntakeReply {
  return { code: 250, enhanced: '2.0.0', text: `Ok: queued as ${id}` }
}

function delivered(id: string): IntakeReply {
  return { code: 250, enhanced: '2.0.0', text: `Ok: delivered as ${id}` }
}
