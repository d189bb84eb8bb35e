/**
 * `npm run demo`: a gateway on free ports in a folder of its own, about ten real messages over SMTP, and what became of
 * each and why, read from its state as any other command would. Leaves nothing behind unless asked to.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Table from 'cli-table3'
import { createTransport } from 'nodemailer'
import { parseConfig } from '../../config/load-config.ts'
import type { Config } from '../../config/schema.ts'
import { DiagnosticsError } from '../../core/diagnostic.ts'
import { limits } from '../../core/limits.ts'
import type { SubmissionRecord } from '../../core/submission.ts'
import { createKeys } from '../../platform/keys.ts'
import { catalogAudit } from '../audit-catalog.ts'
import { commandName } from '../commands/command-name.ts'
import { stopRequest, untilStopped } from '../commands/until-stopped.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import { packagedPolicies, packagedRules } from '../installation.ts'
import { type OpenState, openState } from '../open-state.ts'
import { registerDocuments } from '../register-documents.ts'
import { DEMO_CERTIFICATE, DESIGN_DOCUMENT } from './demo-files.ts'
import { DEMO_POLICY, DEMO_RULE, type DemoMessage, demoMessages } from './demo-messages.ts'

const SETTLE_TIMEOUT_MS = 120_000
const LOOK_INTERVAL_MS = 100

const HOW_TO_KEEP = `
To look closer, run \`npm run demo -- --keep\` (or \`sluice demo --keep\`): the gateway stays up, and you are told how to see
why a message is held, release it, prove the audit record, read what was delivered, and send mail of your own.
`

export async function runDemo(flags: { readonly keep?: boolean }): Promise<number> {
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const dir = await mkdtemp(join(tmpdir(), 'sluice-demo-'))
  say(`Setting up in ${dir} …`)
  const config = await prepare(dir)
  await registerDocuments(config, [join(dir, 'valve-design.txt')], {
    name: 'valve-design',
    label: 'secret',
    audit: catalogAudit(config, 'demo'),
  })
  const gateway = await startGateway(config)
  const state = await openState(config)
  try {
    const port = gateway.smtp[0]?.port ?? 0
    say(`Gateway on port ${port}. Sending over SMTP:`)
    const messages = await demoMessages(privateKey())
    const ids = await send(messages, port, say)
    say('Waiting for verdicts and deliveries …')
    const records = await settled(state, ids)
    process.stdout.write(`${table(messages, records)}\n`)
    process.stdout.write(flags.keep ? howToLook(dir, port, records) : HOW_TO_KEEP)
    if (flags.keep) await untilStopped(stopRequest(), async () => void say('Stopping …'))
  } finally {
    await state.close()
    await closeAndClean(gateway, dir, flags.keep ?? false)
  }
  return 0
}

async function prepare(dir: string): Promise<Config> {
  for (const folder of ['policies', 'rules', 'recipient-keys']) await mkdir(join(dir, folder))
  await writeFile(join(dir, 'policies/demo.yaml'), DEMO_POLICY)
  await writeFile(join(dir, 'rules/demo.yaml'), DEMO_RULE)
  await writeFile(join(dir, 'recipient-keys/dana.pem'), DEMO_CERTIFICATE)
  await writeFile(join(dir, 'valve-design.txt'), DESIGN_DOCUMENT)
  const text = JSON.stringify({
    hostname: 'sluice.example.com',
    data_dir: './data',
    listeners: [{ name: 'demo', port: 0 }],
    admin: { port: 0 },
    organisation: { domains: ['example.com'], reviewers: ['security@example.com'], contact: 'security@example.com' },
    rules: [packagedRules, './rules'],
    policies: [packagedPolicies, './policies'],
    encryption: { keys: './recipient-keys' },
    log: { level: 'silent' },
  })
  const file = join(dir, 'sluice.yaml')
  await writeFile(file, text)
  const { config, diagnostics } = parseConfig(file, text, {})
  if (!config) throw new DiagnosticsError(diagnostics)
  await createKeys(join(config.data_dir, 'keys'))
  return config
}

function privateKey(): string {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return key.export({ type: 'pkcs8', format: 'pem' }).toString().trim()
}

/** Sends one after the other and returns the ids that the replies name. */
async function send(messages: readonly DemoMessage[], port: number, say: (text: string) => void): Promise<string[]> {
  const transport = createTransport({ host: '127.0.0.1', port, secure: false, ignoreTLS: true, pool: true })
  const ids: string[] = []
  for (const [index, message] of messages.entries()) {
    const info = await transport.sendMail({
      from: message.from,
      to: [...message.to],
      subject: message.subject,
      text: message.text,
      attachments: message.attachments.map(({ filename, content }) => ({ filename, content: Buffer.from(content) })),
    })
    const id = /[0-9A-HJKMNP-TV-Z]{26}/.exec(info.response)?.[0] ?? ''
    ids.push(id)
    say(`  ${String(index + 1).padStart(2)}/${messages.length}  ${message.title.padEnd(38)} ${info.response}`)
  }
  transport.close()
  return ids
}

/** Waits until nothing of the messages is under way any more. */
async function settled(state: OpenState, ids: readonly string[]): Promise<SubmissionRecord[]> {
  const until = Date.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    const records = (await Promise.all(ids.map((id) => state.store.get(id)))).filter((record) => record !== null)
    const open = records.filter(({ submission }) => submission.state === 'received' || submission.state === 'decided')
    if ((open.length === 0 && records.length === ids.length) || Date.now() > until) return records
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS))
  }
}

function table(messages: readonly DemoMessage[], records: readonly SubmissionRecord[]): string {
  const output = new Table({
    head: ['message', 'recipient', 'verdict', 'now', 'why'],
    colWidths: [24, 24, 12, 13, 58],
    wordWrap: true,
    style: { head: [], border: [] },
  })
  for (const [index, record] of records.entries()) {
    for (const result of record.results) {
      const group = record.submission.decision?.groups.find((g) => g.recipients.includes(result.recipient))
      output.push([
        messages[index]?.title ?? '',
        result.recipient,
        group?.action ?? '–',
        result.status,
        why(record, result.recipient),
      ])
    }
  }
  return output.toString()
}

function why({ submission, report }: SubmissionRecord, recipient: string): string {
  const reasons = (submission.decision?.reasons ?? []).filter(
    (r) => r.mode === 'enforce' && r.recipients.includes(recipient),
  )
  const found = (report?.findings ?? [])
    .filter((finding) => reasons.some((reason) => reason.findings.includes(finding.id)))
    .map(
      (finding) =>
        `${finding.count} × ${finding.detector} (${finding.confidence}) in ${finding.matches[0]?.part ?? '?'}`,
    )
  const sealed = reasons.length > 0 ? (report?.uninspected ?? []).map((item) => `${item.path} is ${item.reason}`) : []
  if (reasons.length === 0) return 'no policy rule applies to this recipient'
  return [...reasons.map((reason) => `${reason.policy}/${reason.rule}: ${reason.message}`), ...found, ...sealed].join(
    '\n',
  )
}

function howToLook(dir: string, port: number, records: readonly SubmissionRecord[]): string {
  const sluice = commandName(process.env)
  const held = records.find((record) => record.results.some((result) => result.status === 'quarantined'))
  const id = held?.submission.id ?? '<id>'
  const config = join(dir, 'sluice.yaml')
  const look = [
    `${sluice} quarantine show ${id} --config ${config}`,
    `${sluice} quarantine release ${id} --reason "agreed with legal" --config ${config}`,
    `${sluice} audit verify --config ${config}`,
    `ls ${dir}/data/maildir/new    (what was delivered, bounces and notices among it)`,
    `swaks --server 127.0.0.1:${port} --from you@example.com --to partner@example.net --body 'Card 4111 1111 1111 1111'`,
  ]
  return `\nLook closer while it runs (Ctrl-C ends it):\n${look.map((line) => `  ${line}`).join('\n')}\n`
}

async function closeAndClean(gateway: Gateway, dir: string, keep: boolean): Promise<void> {
  await gateway.close(limits.drainTimeoutMs)
  if (keep) process.stderr.write(`The folder ${dir} is still there; remove it when you are done.\n`)
  else await rm(dir, { recursive: true, force: true })
}
