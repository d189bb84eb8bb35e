import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Action, Decision, DecisionGroup } from '../../src/core/decision.ts'
import type { Envelope, EnvelopeRecipient } from '../../src/core/envelope.ts'
import { limits } from '../../src/core/limits.ts'
import type { ScanReport } from '../../src/core/report.ts'
import type { SubmissionRecord } from '../../src/core/submission.ts'
import { createIntake, type IntakeReply } from '../../src/pipeline/accept.ts'
import type { PipelineDependencies } from '../../src/pipeline/dependencies.ts'
import { processSubmission } from '../../src/pipeline/process.ts'
import type { Retention } from '../../src/pipeline/retention.ts'
import type { DeliveryJob, DeliveryOutcome } from '../../src/ports/deliverer.ts'
import { type DiskBlobStore, openDiskBlobStore } from '../../src/store/blob-disk/disk-blob-store.ts'
import { openSqliteState } from '../../src/store/sqlite/open-sqlite-state.ts'
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { ephemeralKeys } from '../support/memory-keys.ts'

export const MESSAGE = 'From: a@example.com\r\nTo: b@partner.example\r\nSubject: s\r\n\r\nHello\r\n'

/** The real pipeline over the real embedded store and spool; scanning, judging and delivering are scripted. */
export class PipelineHarness {
  now = Date.UTC(2026, 10, 1)
  readonly delivered: { readonly job: DeliveryJob; readonly bytes: string }[] = []
  readonly dispatched: string[] = []
  readonly composed: string[] = []
  /** What the policies say. */
  decide: (envelope: Envelope) => Decision = (envelope) => decision(envelope, 'pass')
  /** What the scan pool says. */
  scan: () => Promise<ScanReport> = () => Promise.resolve(emptyReport())
  /** What the next hop says to one recipient. */
  nextHop: (recipient: string, job: DeliveryJob) => DeliveryOutcome['status'] = () => 'delivered'
  readonly deps: PipelineDependencies
  readonly store: SqliteStore
  readonly blobs: DiskBlobStore
  readonly #dir: string

  private constructor(dir: string, store: SqliteStore, blobs: DiskBlobStore) {
    this.#dir = dir
    this.store = store
    this.blobs = blobs
    this.deps = this.#dependencies()
  }

  static async open(): Promise<PipelineHarness> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-pipeline-'))
    const keys = ephemeralKeys()
    const clock = { now: () => Date.UTC(2026, 10, 1) }
    const blobs = await openDiskBlobStore({
      dir: join(dir, 'spool'),
      keys: keys.keyEncryption,
      clock,
      limits: { spoolFreeBytesMin: 0 },
    })
    const { store } = await openSqliteState({ dir: join(dir, 'state'), keys, clock })
    return new PipelineHarness(dir, store, blobs)
  }

  async close(): Promise<void> {
    await this.blobs.close()
    await this.store.close()
    await rm(this.#dir, { recursive: true, force: true })
  }

  /** Puts one message through accept; what follows is the caller's. */
  async accept(
    to: readonly (string | EnvelopeRecipient)[],
    options: { sender?: string; mode?: 'after-spool' | 'after-decision'; deadlineMs?: number } = {},
  ): Promise<{ id: string; reply: IntakeReply }> {
    const intake = createIntake(this.deps, () => null)
    const writer = await intake.begin(envelope(options.sender ?? 'a@example.com', to, this.now), {
      mode: options.mode ?? 'after-spool',
      decisionDeadlineMs: options.deadlineMs ?? 10_000,
    })
    await writer.write(Buffer.from(MESSAGE))
    const reply = await writer.finish()
    return { reply, id: /[0-9A-Z]{26}/.exec(reply.text)?.[0] ?? '' }
  }

  process(id: string): Promise<SubmissionRecord | null> {
    return processSubmission(this.deps, id)
  }

  async record(id: string): Promise<SubmissionRecord> {
    const record = await this.store.get(id)
    if (!record) throw new Error(`no submission ${id}`)
    return record
  }

  async statuses(id: string): Promise<Record<string, string>> {
    return Object.fromEntries((await this.record(id)).results.map((result) => [result.recipient, result.status]))
  }

  async auditEvents(id: string): Promise<string[]> {
    const events: string[] = []
    for await (const entry of this.store.entries({ submission: id })) events.push(entry.event)
    return events
  }

  get retention(): Retention {
    const clock = { now: () => this.now }
    return { store: this.store, audit: this.store, clock, recordsMs: 7 * 86_400_000, auditMs: 30 * 86_400_000 }
  }

  #dependencies(): PipelineDependencies {
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
    return {
      store: this.store,
      blobs: this.blobs,
      clock: { now: () => this.now },
      log: quiet,
      observe: {
        accepted: () => undefined,
        scanned: () => undefined,
        decided: () => undefined,
        held: () => undefined,
        delivery: () => undefined,
      },
      scanner: {
        scan: async ({ content }) => {
          await content()
          return await this.scan()
        },
      },
      judge: { decide: (given) => this.decide(given) },
      dispatcher: {
        start: async () => undefined,
        enqueue: async (id) => void this.dispatched.push(id),
        stats: async () => ({ waiting: 0, active: 0, healthy: true }),
        stop: async () => undefined,
      },
      composer: {
        dsn: async ({ kind, results }) => {
          this.composed.push(`dsn ${kind} ${results.map((result) => result.recipient).join(' ')}`)
          return Buffer.from(`dsn ${kind}\r\n`)
        },
        notification: async ({ template, to, about }) => {
          this.composed.push(`${template} to ${to.join(' ')} about ${about.join(' ')}`)
          return Buffer.from(`notification ${template}\r\n`)
        },
      },
      deliverer: {
        deliver: async (job) => {
          const chunks: Uint8Array[] = []
          for await (const chunk of job.content()) chunks.push(chunk)
          this.delivered.push({ job, bytes: Buffer.concat(chunks).toString() })
          return job.recipients.map(({ address }) => ({
            recipient: address,
            status: this.nextHop(address, job),
            reply: `scripted ${this.nextHop(address, job)}`,
            nextHop: 'next.example:25',
            dsnRelayed: false,
          }))
        },
        health: () => [],
        close: async () => undefined,
      },
      settings: {
        hostname: 'dlp.example.com',
        traceKey: Buffer.alloc(32, 7),
        owner: 'test',
        acts: true,
        reviewers: ['security@example.com'],
        inspectAttemptsMax: 3,
        inspectRetryFirstMs: 1_000,
        inspectOwnersLostMax: 3,
        claimTtlMs: limits.claimTtlMs,
        deliveryExpireMs: 3_600_000,
        deliveryDelayNoticeMs: 600_000,
        deliveryRetryFirstMs: 60_000,
        deliveryRetryMaxMs: 600_000,
        quarantineRetentionMs: 86_400_000,
        sweepIntervalMs: 1_000_000,
        sweepBatchMax: 100,
      },
    }
  }
}

export function envelope(sender: string, to: readonly (string | EnvelopeRecipient)[], receivedAt: number): Envelope {
  return {
    channel: 'mail',
    sender,
    recipients: to.map((recipient) => (typeof recipient === 'string' ? { address: recipient } : recipient)),
    client: { address: '192.0.2.1', helo: 'client.example', listener: 'test', protocol: 'ESMTP' },
    body: '7BIT',
    smtpUtf8: false,
    dsn: {},
    receivedAt,
  }
}

export function decision(
  { recipients }: Envelope,
  action: Action | ((recipient: string) => Action),
  more: Partial<Omit<DecisionGroup, 'action' | 'recipients'>> = {},
): Decision {
  const groups = new Map<Action, string[]>()
  for (const { address } of recipients) {
    const chosen = typeof action === 'string' ? action : action(address)
    groups.set(chosen, [...(groups.get(chosen) ?? []), address])
  }
  return {
    action: [...groups.keys()].at(-1) ?? 'pass',
    groups: [...groups].map(([chosen, members]) => ({
      recipients: members,
      action: chosen,
      modifications: [],
      notify: [],
      ...more,
    })),
    reasons: [],
    revisions: { policies: 'p', rules: 'r', catalog: 'c' },
    decidedBy: { kind: 'policy' },
    decidedAt: Date.UTC(2026, 10, 1),
  }
}

export function emptyReport(): ScanReport {
  return {
    parts: [],
    uninspected: [],
    findings: [],
    labels: [],
    nearMisses: [],
    revisions: { rules: 'r', catalog: 'c' },
    elapsedMs: 1,
  }
}
