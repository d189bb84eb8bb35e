import { GatewayError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { QuarantineItem } from '../../core/quarantine.ts'
import type { SubmissionRecord } from '../../core/submission.ts'
import { type ReviewDependencies, reject, release } from '../../pipeline/review.ts'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/log.ts'
import { type OpenState, openInstallation } from '../open-state.ts'
import { pipelineSettings } from '../settings.ts'
import { commandName } from './command-name.ts'
import { print, visible } from './output.ts'

interface Flags {
  readonly json?: boolean
  readonly config?: string
}

export async function runQuarantineList(
  flags: Flags & { readonly status?: QuarantineItem['status'] | 'all'; readonly limit?: number },
): Promise<number> {
  const { state } = await openInstallation(flags)
  try {
    const limit =
      Number.isSafeInteger(flags.limit) && (flags.limit ?? 0) > 0
        ? Math.min(flags.limit ?? 100, limits.sweepBatchMax)
        : 100
    const status = flags.status && flags.status !== 'all' ? { status: flags.status } : {}
    const items = await state.store.quarantine({ ...status, limit })
    for (const item of items) await print(flags.json ? `${JSON.stringify(item)}\n` : visible(line(item)))
    if (!flags.json && items.length === 0) await print('nothing is held\n')
    return 0
  } finally {
    await state.close()
  }
}

function line(item: QuarantineItem): string {
  const when = new Date(item.heldAt).toISOString().replace('T', ' ').slice(0, 16)
  const status = item.status === 'open' ? (item.review ? 'being delivered' : 'open') : item.status
  return `${item.id}  ${when}  ${item.severity.padEnd(8)} ${item.cause.padEnd(10)} ${status}  ${item.sender || '<>'} -> ${item.recipients.join(', ')}\n`
}

export async function runQuarantineShow(
  id: string,
  flags: Flags & { readonly content?: boolean; readonly reviewer: string },
): Promise<number> {
  const { state } = await openInstallation(flags)
  try {
    const record = await state.store.get(id)
    const [item] = await state.store.quarantine({ id, limit: 1 })
    if (!record || !item) {
      const message = `nothing is or was held under ${id}; see \`sluice quarantine list --status all\``
      throw new GatewayError('not-found', { temporary: false, publicMessage: message, message })
    }
    if (flags.content) return await writeContent(state, record, flags.reviewer)
    await print(
      flags.json
        ? `${JSON.stringify(await showJson(state, record, item))}\n`
        : visible(await showText(state, record, item)),
    )
    return 0
  } finally {
    await state.close()
  }
}

/** Looking into a held message is an act of its own: it is on the record before the first byte is out. */
async function writeContent(state: OpenState, record: SubmissionRecord, reviewer: string): Promise<number> {
  const id = record.submission.id
  const details = { size: record.submission.blob.size }
  await state.audit.append({ event: 'viewed', actor: reviewer, details }, systemClock.now(), id)
  for await (const chunk of state.content.read(record.submission.blob)) {
    if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
  return 0
}

async function showJson(state: OpenState, record: SubmissionRecord, item: QuarantineItem): Promise<unknown> {
  const audit = []
  for await (const entry of state.audit.entries({ submission: item.id })) audit.push(entry)
  const { submission, results, report } = record
  return {
    item,
    envelope: submission.envelope,
    state: submission.state,
    decision: submission.decision,
    results,
    report,
    audit,
  }
}

async function showText(state: OpenState, record: SubmissionRecord, item: QuarantineItem): Promise<string> {
  const { submission, results, report } = record
  const lines = [
    line(item).trimEnd(),
    `received ${new Date(submission.receivedAt).toISOString()} from ${submission.envelope.client.address}, ${submission.blob.size} bytes, SHA-256 ${submission.blob.sha256}`,
  ]
  if (item.cause === 'held')
    lines.push('held because it could not be inspected or delivered; see the audit entries below')
  for (const reason of submission.decision?.reasons ?? []) {
    lines.push(`reason: ${reason.policy}/${reason.rule} [${reason.severity}] ${reason.message}`)
  }
  for (const finding of report?.findings ?? []) {
    lines.push(
      `finding ${finding.id}: ${finding.detector} (${finding.confidence}), ${finding.count} found, ${finding.unique} distinct`,
    )
    for (const match of finding.matches.slice(0, 3)) lines.push(`    ${match.part}: ${JSON.stringify(match.excerpt)}`)
  }
  for (const problem of report?.uninspected ?? [])
    lines.push(`not inspected: ${problem.path}: ${problem.reason} (${problem.detail})`)
  for (const part of report?.parts ?? []) lines.push(`part: ${part.path}  ${part.sniffedType}  ${part.size} bytes`)
  for (const result of results)
    lines.push(`recipient ${result.recipient}: ${result.status}${result.lastReply ? ` (${result.lastReply})` : ''}`)
  for await (const entry of state.audit.entries({ submission: item.id })) {
    lines.push(`audit ${entry.sequence} ${new Date(entry.at).toISOString()} ${entry.event} by ${entry.actor}`)
  }
  if (item.status === 'open')
    lines.push(
      `next: ${commandName(process.env)} quarantine release ${item.id} --reason "…"   or   reject ${item.id} --reason "…"`,
    )
  return `${lines.join('\n')}\n`
}

export async function runQuarantineAct(
  act: 'release' | 'reject',
  ids: readonly string[],
  flags: Flags & { readonly reason: string; readonly reviewer: string; readonly recipient?: readonly string[] },
): Promise<number> {
  if (flags.reason.trim() === '' || flags.reviewer.trim() === '') {
    process.stderr.write(`sluice quarantine ${act}: --reason and the reviewer's name must not be empty\n`)
    return 2
  }
  const { config, state } = await openInstallation(flags)
  const deps: ReviewDependencies = {
    store: state.store,
    clock: systemClock,
    log: createLog({ level: 'warn', process: 'command' }),
    settings: pipelineSettings(config, state.keys.trace, false),
    // The gateway's sweep finds what was decided here; a command has no queue of its own.
    dispatcher: { enqueue: async () => undefined },
  }
  let failed = 0
  try {
    for (const id of ids) {
      try {
        const recipients = flags.recipient && flags.recipient.length > 0 ? { recipients: flags.recipient } : {}
        const request = { id, reviewer: flags.reviewer, reason: flags.reason, ...recipients }
        await (act === 'release' ? release(deps, request) : reject(deps, request))
        const done =
          act === 'release'
            ? 'released; it is delivered by the running gateway within seconds'
            : 'rejected; its sender will be told'
        await print(flags.json ? `${JSON.stringify({ id, ok: true, act })}\n` : `${id} ${done}\n`)
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown
        failed++
        if (flags.json)
          await print(`${JSON.stringify({ id, ok: false, code: thrown.code, error: thrown.publicMessage })}\n`)
        else process.stderr.write(`sluice: ${thrown.publicMessage}\n`)
      }
    }
  } finally {
    await state.close()
  }
  return failed > 0 ? 1 : 0
}
