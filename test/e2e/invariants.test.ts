import { execFileSync } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { type Mail, type MailReply, sendMail } from '../support/mail-client.ts'
import { TestRedis } from '../support/redis.ts'
import { SmtpSink } from '../support/smtp-sink.ts'
import { swaks } from '../support/swaks.ts'
import { traceId } from '../support/trace-id.ts'
import { waitFor } from '../support/wait-for.ts'
import { WorkerProcess } from '../support/worker-process.ts'

/** What must hold whatever comes in, seen from outside a gateway with Redis and a worker. */
const CARD = '4929 1234 5678 9015'
const CARD_DIGITS = CARD.replaceAll(' ', '')
const BODY_WORD = 'zanzibarquokka'
const SUBJECT_WORD = 'xylophonewalrus'
const FILE_WORD = 'mergerwombat'
const RULE_NAMES = /credit_card|quarantine_word|block_word|encrypt_word|test\/|\bsealed\b|unseen|payment card/i

const TOLD = `policy: told
name: People are told
notify: [sender, reviewers]
rules:
  - { id: told, when: { finding: { detector: credit_card } }, action: pass, message: a number }
`

interface Shown {
  readonly item: { readonly status: string }
  readonly decision: {
    readonly action: string
    readonly groups: unknown
    readonly reasons: readonly { rule: string }[]
    readonly revisions: unknown
  }
  readonly report: { readonly uninspected: readonly { path: string; reason: string }[] }
  readonly audit: readonly { event: string; details: Record<string, unknown> }[]
}

const sink = new SmtpSink()
let redis: TestRedis
let gateway: GatewayProcess
let worker: WorkerProcess
let sealedZip: Buffer

beforeAll(async () => {
  redis = await TestRedis.start()
  await sink.start()
  gateway = await GatewayProcess.prepare({
    config: {
      listeners: [
        { name: 'relay', port: 0 },
        { name: 'inline', port: 0, reply: 'after-decision' },
      ],
      delivery: { default: { hosts: [{ host: '127.0.0.1', port: sink.port, tls: 'none' }] }, retry_first: '1s' },
      dispatch: { kind: 'bullmq', redis: redis.url },
      log: { level: 'debug' },
    },
  })
  await writeFile(join(gateway.dir, 'policies/told.yaml'), TOLD)
  await gateway.start()
  worker = await WorkerProcess.start(gateway.dir)
  await writeFile(join(gateway.dir, `${CARD_DIGITS}.txt`), `${BODY_WORD} ${CARD}`)
  execFileSync('zip', ['-q', '-P', 'pw', 'sealed.zip', `${CARD_DIGITS}.txt`], { cwd: gateway.dir })
  sealedZip = await readFile(join(gateway.dir, 'sealed.zip'))
})

afterAll(async () => {
  await worker?.stop('SIGKILL')
  await gateway?.remove()
  await redis?.stop()
  await sink.stop()
})

const send = (mail: Mail, listener = 'relay'): Promise<MailReply> =>
  sendMail(gateway.port(listener), { subject: `${SUBJECT_WORD} ${CARD}`, ...mail })

async function settled(): Promise<void> {
  await waitFor('everything to settle', async () => {
    const { body } = await gateway.admin('/metrics')
    return ['received', 'decided'].every((state) => body.includes(`sluice_submissions{state="${state}"} 0\n`))
  })
}

async function show(id: string): Promise<Shown> {
  await settled()
  return JSON.parse((await gateway.command(['quarantine', 'show', id, '--json'])).stdout)
}

describe('deterministic-verdict', () => {
  it('is the same through every door, in gateway and worker, and on the command line', {
    timeout: 90_000,
  }, async () => {
    const raw = [
      'From: a@example.com',
      'To: b@partner.example, in@example.com',
      `Subject: ${SUBJECT_WORD} ${CARD}`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      `QUARANTINEME ${BODY_WORD} ${CARD}`,
      '--b',
      'Content-Type: application/zip; name=sealed.zip',
      'Content-Transfer-Encoding: base64',
      '',
      ...(sealedZip.toString('base64').match(/.{1,76}/g) ?? []),
      '--b--',
      '',
    ].join('\r\n')
    const envelope = { from: 'a@example.com', to: ['b@partner.example', 'in@example.com'] }
    const ids: string[] = []
    for (const listener of ['inline', 'relay', 'relay', 'relay', 'relay', 'relay', 'relay'])
      ids.push((await send({ raw, envelope }, listener)).id)
    const verdicts: unknown[] = []
    for (const id of ids) {
      const { action, groups, reasons, revisions } = (await show(id)).decision
      verdicts.push({ action, groups, reasons, revisions })
    }
    await writeFile(join(gateway.dir, 'case.eml'), raw)
    const to = envelope.to.flatMap((address) => ['--to', address])
    const scan = await gateway.command(['scan', '--json', 'case.eml', '--from', envelope.from, ...to])
    verdicts.push(JSON.parse(scan.stdout).decision)
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size, JSON.stringify(verdicts, null, 1)).toBe(1)
    expect(verdicts[0]).toMatchObject({ action: 'quarantine' })
    await waitFor('the worker to have had a share', async () => {
      if (worker.decided.length > 0) return true
      await send({ text: 'nothing' })
      return false
    })
  })
})

describe('uninspected-is-visible', () => {
  it('to the policy, the reviewer and the audit', async () => {
    const { id } = await send({
      text: 'see attached',
      attachments: [{ filename: `${FILE_WORD}.zip`, content: sealedZip }],
      subject: 'x',
    })
    const shown = await show(id)
    expect(shown.decision.action).toBe('quarantine')
    expect(shown.decision.reasons.map(({ rule }) => rule)).toContain('sealed')
    expect(shown.report.uninspected).toMatchObject([
      { path: expect.stringMatching(new RegExp(`^mail/${FILE_WORD}\\.zip/`)), reason: 'encrypted' },
    ])
    const decided = shown.audit.find(({ event }) => event === 'decided')
    expect(decided?.details.uninspected).toEqual([{ path: 'mail/*.zip/*.txt', reason: 'encrypted' }])
    const { stdout } = await gateway.command(['quarantine', 'show', id])
    expect(stdout).toMatch(new RegExp(`^not inspected: mail/${FILE_WORD}\\.zip/.*: encrypted`, 'm'))
    expect((await gateway.admin('/metrics')).body).toMatch(/sluice_uninspected_total\{reason="encrypted"\} [1-9]/)
  })
})

describe('peer-learns-nothing', () => {
  it('from a reply: an id and nothing else, whatever the verdict', async () => {
    for (const body of ['clean', `card ${CARD}`, 'QUARANTINEME', 'BLOCKME']) {
      for (const listener of ['relay', 'inline']) {
        const { output } = await swaks(gateway.port(listener), { body: `${body} ${BODY_WORD}` })
        const replies = output.split('\n').filter((line) => /^<[-~*]/.test(line))
        expect(replies.length).toBeGreaterThan(5)
        expect(replies.join('\n')).not.toMatch(RULE_NAMES)
        expect(replies.join('\n')).not.toContain(BODY_WORD)
      }
    }
  })

  it('from a bounce', async () => {
    const { id } = await send({ text: `BLOCKME ${BODY_WORD}` })
    const bounce = await waitFor('the bounce', () =>
      sink.messages.find((m) => m.sender === '' && m.content.toString().includes(id)),
    )
    const text = bounce.content.toString()
    expect(text).not.toMatch(RULE_NAMES)
    expect(text).not.toContain(BODY_WORD)
    expect(text).not.toMatch(/blocked by|pattern|rule/i)
  })
})

describe('no-raw-value-outside-blobs', () => {
  const markers = [CARD, CARD_DIGITS, CARD.slice(0, 14), BODY_WORD, SUBJECT_WORD, FILE_WORD]

  async function filesBelow(dir: string): Promise<{ name: string; bytes: Buffer }[]> {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true })
    return await Promise.all(
      entries
        .filter((entry) => entry.isFile())
        .map(async (entry) => {
          const name = join(entry.parentPath, entry.name)
          return { name, bytes: await readFile(name) }
        }),
    )
  }

  function clean(where: string, content: string | Buffer): void {
    const bytes = Buffer.from(content as string)
    for (const marker of markers) {
      for (const encoded of [
        marker,
        Buffer.from(marker).toString('base64').slice(0, -4),
        Buffer.from(marker).toString('hex'),
      ])
        expect(bytes.includes(encoded), `${marker} as ${encoded} in ${where}`).toBe(false)
    }
  }

  it('after every action: not in logs, metrics, state, spool, Redis, command output or notices', async () => {
    const attachments = [
      { filename: `${FILE_WORD} ${CARD}.txt`, content: `${BODY_WORD} ${CARD}` },
      { filename: `${FILE_WORD}-${CARD_DIGITS}.zip`, content: sealedZip },
    ]
    const ids: string[] = []
    for (const word of ['', 'QUARANTINEME', 'BLOCKME', 'ENCRYPTME', 'TAGME']) {
      for (const listener of ['relay', 'inline']) {
        const text = `${word} ${BODY_WORD} ${CARD}`
        ids.push((await send({ to: ['in@example.com', 'b@partner.example'], text, attachments }, listener)).id)
        ids.push((await send({ text, headers: { 'X-Note': `${BODY_WORD} ${CARD}` } }, listener)).id)
        ids.push((await send({ subject: SUBJECT_WORD, text: `${word} ${BODY_WORD}` }, listener)).id)
      }
    }
    await settled()
    const shown = await gateway.command(['quarantine', 'show', ids[1] ?? ''])
    expect(shown.stdout).toContain('**** ****')
    expect(shown.stdout).not.toContain(CARD.slice(0, 9))
    const [reject = '', release = ''] = ids.filter((_, i) => i % 6 === 1)
    expect((await gateway.command(['quarantine', 'reject', reject, '--reason', 'no'])).code).toBe(0)
    expect((await gateway.command(['quarantine', 'release', release, '--reason', 'yes'])).code).toBe(0)
    await waitFor('the release', () => sink.messages.some(({ content }) => traceId(content) === release))
    await settled()

    clean('the log of the gateway', gateway.stderr)
    clean('the log of the worker', worker.stderr)
    expect(gateway.stderr).toContain('"msg":"decided"')
    clean('/metrics', (await gateway.admin('/metrics')).body)
    for (const args of [['quarantine', 'list'], ['quarantine', 'list', '--json'], ['audit', 'export'], ['doctor']])
      clean(args.join(' '), (await gateway.command(args)).stdout)
    const state = await filesBelow(join(gateway.dir, 'data'))
    expect(state.some(({ name, bytes }) => /state\.sqlite/.test(name) && bytes.includes(reject))).toBe(true)
    for (const { name, bytes } of state) clean(name, bytes)
    const redisFiles = await filesBelow(redis.dir)
    expect(redisFiles.some(({ bytes }) => bytes.includes(ids[0] ?? ''))).toBe(true)
    for (const { name, bytes } of redisFiles) clean(name, bytes)
    const notices = sink.messages.filter(
      ({ sender, content }) => sender === '' && !/multipart\/report/.test(content.toString()),
    )
    expect(notices.length).toBeGreaterThan(0)
    for (const { content, recipients } of notices) {
      clean('a notification', content)
      if (recipients[0]?.address === 'a@example.com') expect(content.toString()).not.toMatch(RULE_NAMES)
    }
  })

  it('and a bounce repeats no more than the header that its sender wrote', () => {
    const bounces = sink.messages.filter(
      ({ sender, content }) => sender === '' && /multipart\/report/.test(content.toString()),
    )
    expect(bounces.length).toBeGreaterThan(0)
    for (const { content } of bounces) {
      const returned = content.toString().indexOf('Content-Type: text/rfc822-headers')
      clean('a bounce above the returned header', content.subarray(0, returned))
      expect(content.includes(`${BODY_WORD} ${CARD}\r\n\r\n`)).toBe(false)
    }
  })
})
