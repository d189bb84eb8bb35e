import type { EnvelopeRecipient } from '../core/envelope.ts'
import { limits } from '../core/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { Deliverer, DeliveryJob, DeliveryOutcome, NextHopHealth } from '../ports/deliverer.ts'
import type { OutgoingVariant, Protector } from '../protect/protector.ts'
import { HopPool } from './hop-pool.ts'
import { deliverToMaildir } from './maildir.ts'
import { redirectJob, redirectOutcomes } from './redirect.ts'
import { createRoutes, domainOf, hopName, type RouteOptions, type RouteTarget } from './routes.ts'
import type { SmtpTimeouts } from './smtp-connection.ts'
import { deliverToHops, type OutgoingMessage } from './smtp-delivery.ts'
import { isWireAddress } from './wire-address.ts'

/**
 * The Deliverer: protect, route, send, one outcome per recipient. Throws only what `protect` throws before anything
 * was sent; a next hop's doings and a failing read of the content are outcomes. Retrying is the caller's.
 */
export interface DelivererOptions {
  readonly routes: readonly RouteOptions[]
  readonly protector: Protector
  readonly clock: Clock
  /** Name given in EHLO. */
  readonly hostname: string
  readonly timeouts?: Partial<SmtpTimeouts>
  /** How long a connection is kept without work; default `limits.deliveryPoolIdleMs`. */
  readonly poolIdleMs?: number
  readonly messagesPerConnectionMax?: number
}

/** Throws GatewayError `bad-routes`. Opens nothing until there is something to deliver. */
export function createDeliverer(options: DelivererOptions): Deliverer {
  const routes = createRoutes(options.routes)
  const timeouts: SmtpTimeouts = {
    connectMs: limits.deliveryConnectTimeoutMs,
    commandMs: limits.deliveryCommandTimeoutMs,
    dataMs: limits.deliveryDataTimeoutMs,
    ...options.timeouts,
  }
  const pools = createPools(routes.targets, options, timeouts)
  const maildirs = new Map<string, NextHopHealth>()
  const context: DeliveryContext = {
    route: (recipient) => routes.find(domainOf(recipient)),
    pools,
    timeouts,
    noteMaildir: (path, problem) => {
      const lastSuccessAt = problem ? (maildirs.get(path)?.lastSuccessAt ?? null) : options.clock.now()
      maildirs.set(path, { nextHop: path, healthy: problem === null, lastProblem: problem, lastSuccessAt })
    },
  }
  for (const target of routes.targets)
    if ('maildir' in target)
      maildirs.set(target.maildir, { nextHop: target.maildir, healthy: true, lastProblem: null, lastSuccessAt: null })
  return {
    deliver: (job) => deliver(job, options.protector, context),
    health: () => [...[...pools.values()].map((pool) => pool.health()), ...maildirs.values()],
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
    },
  }
}

interface DeliveryContext {
  readonly route: (recipient: string) => RouteTarget | null
  readonly pools: ReadonlyMap<string, HopPool>
  readonly timeouts: SmtpTimeouts
  readonly noteMaildir: (path: string, problem: string | null) => void
}

function createPools(
  targets: readonly RouteTarget[],
  options: DelivererOptions,
  timeouts: SmtpTimeouts,
): Map<string, HopPool> {
  const pools = new Map<string, HopPool>()
  for (const target of targets) {
    if (!('hosts' in target)) continue
    for (const hop of target.hosts) {
      const key = poolKey(hop)
      if (pools.has(key)) continue
      const { hostname: ehloName, clock } = options
      const idleMs = options.poolIdleMs ?? limits.deliveryPoolIdleMs
      const messagesPerConnectionMax = options.messagesPerConnectionMax ?? limits.deliveryMessagesPerConnectionMax
      pools.set(key, new HopPool({ hop, ehloName, timeouts, clock, idleMs, messagesPerConnectionMax }))
    }
  }
  return pools
}

/** Hops that differ in anything but their place in a list have connections of their own. */
function poolKey(hop: object): string {
  return JSON.stringify(hop)
}

async function deliver(
  job: DeliveryJob,
  protector: Protector,
  context: DeliveryContext,
): Promise<readonly DeliveryOutcome[]> {
  const deadlineAt = performance.now() + limits.deliveryJobMaxMs
  const redirect = redirectJob(job)
  const due = redirect?.recipients ?? job.recipients
  const refused = refuseUnsendable(job.envelope.sender, due)
  const sendable = due.filter(({ address }) => !refused.has(address))
  const { variants, noKey } = await protector.prepare({
    recipients: sendable.map(({ address }) => address),
    content: job.content,
    size: job.size,
    traceHeaders: job.traceHeaders,
    modifications: job.modifications,
    ...(job.encrypt && { encrypt: job.encrypt }),
  })
  const outcomes = [
    ...refused.values(),
    ...noKey.map((recipient) => local(recipient, 'no-key', '5.7.5 there is no key to encrypt to this recipient')),
  ]
  const sendings = variants.flatMap((variant) => sendVariant(job, variant, sendable, context, deadlineAt))
  for (const sent of await Promise.all(sendings)) outcomes.push(...sent)
  return redirect ? redirectOutcomes(job, outcomes) : outcomes
}

/** One sending per route that the variant's recipients take. */
function sendVariant(
  job: DeliveryJob,
  variant: OutgoingVariant,
  due: readonly EnvelopeRecipient[],
  context: DeliveryContext,
  deadlineAt: number,
): Promise<readonly DeliveryOutcome[]>[] {
  const byTarget = new Map<RouteTarget | null, EnvelopeRecipient[]>()
  for (const recipient of due) {
    if (!variant.recipients.includes(recipient.address)) continue
    const target = context.route(recipient.address)
    const list = byTarget.get(target)
    if (list) list.push(recipient)
    else byTarget.set(target, [recipient])
  }
  return [...byTarget].map(([target, recipients]) => {
    if (!target)
      return Promise.resolve(
        recipients.map(({ address }) => local(address, 'deferred', '4.3.5 no route is configured for this domain')),
      )
    const { envelope } = job
    const message: OutgoingMessage = {
      sender: envelope.sender,
      recipients,
      body: variant.sevenBit ? '7BIT' : envelope.body,
      smtpUtf8: envelope.smtpUtf8,
      dsn: envelope.dsn,
      ...(variant.size !== undefined && { size: variant.size }),
      content: variant.content,
    }
    return 'maildir' in target
      ? storeLocally(target.maildir, message, context)
      : deliverToHops(poolsOf(target, context), message, context.timeouts, deadlineAt)
  })
}

function poolsOf(target: Extract<RouteTarget, { hosts: unknown }>, context: DeliveryContext): HopPool[] {
  return target.hosts.map((hop) => {
    const pool = context.pools.get(poolKey(hop))
    if (!pool) throw new Error(`no pool for ${hopName(hop)}`)
    return pool
  })
}

async function storeLocally(
  path: string,
  message: OutgoingMessage,
  context: DeliveryContext,
): Promise<readonly DeliveryOutcome[]> {
  const { sender, content } = message
  const recipients = message.recipients.map(({ address }) => address)
  const { status, reply } = await deliverToMaildir(path, { sender, recipients, content })
  context.noteMaildir(path, status === 'delivered' ? null : reply)
  return recipients.map((recipient) => ({ recipient, status, reply, nextHop: path, dsnRelayed: false }))
}

/** Addresses that must never reach the wire: all recipients when it is the sender's. */
function refuseUnsendable(sender: string, recipients: readonly EnvelopeRecipient[]): Map<string, DeliveryOutcome> {
  const refused = new Map<string, DeliveryOutcome>()
  const senderFine = sender === '' || isWireAddress(sender)
  for (const { address } of recipients) {
    if (!senderFine) refused.set(address, local(address, 'failed', '5.1.7 the sender is not an RFC 5321 mailbox'))
    else if (!isWireAddress(address))
      refused.set(address, local(address, 'failed', '5.1.3 the recipient is not an RFC 5321 mailbox'))
  }
  return refused
}

function local(recipient: string, status: DeliveryOutcome['status'], reply: string): DeliveryOutcome {
  return { recipient, status, reply, nextHop: 'local', dsnRelayed: false }
}
