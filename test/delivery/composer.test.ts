import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { afterAll, describe, expect, it } from 'vitest'
import type { Envelope } from '../../src/core/envelope.ts'
import { limits } from '../../src/core/limits.ts'
import type { RecipientResult, SubmissionRecord } from '../../src/core/submission.ts'
import { createComposer } from '../../src/delivery/composer/create-composer.ts'
import type { DsnRequest } from '../../src/ports/composer.ts'
import { pieces } from '../support/delivery-job.ts'

const AT = Date.UTC(2026, 10, 24, 9, 5, 7)
const ORIGINAL =
  'Received: from a\r\n\tby b\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\nMessage-ID: <m1@x.example>\r\nSubject: Card 4111 1111 1111 1111\r\n\r\nThe number is 4111 1111 1111 1111\r\n'

interface RecordOptions {
  readonly sender?: string
  readonly envelope?: Partial<Envelope>
  readonly action?: 'pass' | 'block'
  readonly size?: number
}

function record({
  sender = 'a@x.example',
  envelope = {},
  action = 'pass',
  size = ORIGINAL.length,
}: RecordOptions = {}): SubmissionRecord {
  return {
    submission: {
      id: '01JTESTREFERENCE',
      origin: 'peer',
      parent: null,
      envelope: {
        channel: 'mail',
        sender,
        recipients: [{ address: 'b@y.example' }],
        client: { address: '192.0.2.1', listener: 'relay', protocol: 'ESMTP' },
        body: '7BIT',
        smtpUtf8: false,
        dsn: {},
        receivedAt: AT - 60_000,
        ...envelope,
      },
      blob: { id: 'blob', size, sha256: '' },
      replyMode: 'after-spool',
      state: 'decided',
      version: 1,
      inspectAttempts: 0,
      nextAttemptAt: null,
      receivedAt: AT - 60_000,
      updatedAt: AT,
      decision: {
        action,
        groups: [],
        reasons: [
          reason('Card numbers must not leave', 'enforce'),
          reason('Trial of a rule', 'monitor'),
          reason('Card numbers must not leave', 'enforce'),
        ],
        revisions: { policies: '', rules: '', catalog: '' },
        decidedBy: { kind: 'policy' },
        decidedAt: AT,
      },
    },
    results: [],
    report: null,
  }
}

function reason(message: string, mode: 'enforce' | 'monitor') {
  return {
    policy: 'pci',
    rule: 'cards-to-external',
    severity: 'high',
    action: 'block',
    mode,
    message,
    findings: [],
    regulations: [],
    recipients: [],
  } as const
}

function result(over: Partial<RecipientResult> = {}): RecipientResult {
  return {
    recipient: 'b@y.example',
    status: 'failed',
    attempts: 1,
    nextAttemptAt: null,
    lastReply: '550 5.1.1 no such user',
    nextHop: 'mx.y.example:25',
    updatedAt: AT,
    delayNotifiedAt: null,
    ...over,
  }
}

async function dsn(request: Partial<Omit<DsnRequest, 'content'>> & { original?: string } = {}) {
  const composer = await createComposer({ hostname: 'gateway.example', contact: 'help@x.example' })
  const { original = ORIGINAL, ...rest } = request
  const bytes = Buffer.from(original)
  const out = await composer.dsn({
    kind: 'failed',
    record: record(),
    results: [result()],
    at: AT,
    ...rest,
    content: () => pieces(bytes, 1000),
  })
  const text = Buffer.from(out).toString('utf8')
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1] ?? 'none'
  const [header = '', human = '', status = '', original_ = '', end] = text.split(`--${boundary}`)
  expect(end).toBe('--\r\n')
  const [statusHead = '', message = '', ...recipients] = status.trim().split('\r\n\r\n')
  return { text, header, human, statusHead, message, recipients, returned: original_.slice(2, -2) }
}

describe('a delivery status notification', () => {
  it('is a multipart/report that a mail program reads', async () => {
    const made = await dsn({
      record: record({
        envelope: {
          dsn: { envid: 'id+2B1' },
          recipients: [{ address: 'b@y.example', orcpt: 'rfc822;B+2Bx@y.example' }],
        },
      }),
    })
    expect(made.header).toMatch(
      /^From: Mail Delivery System <MAILER-DAEMON@gateway\.example>\r\nTo: <a@x\.example>\r\nSubject: Undelivered: your message 01JTESTREFERENCE\r\nDate: Tue, 24 Nov 2026 09:05:07 \+0000\r\nMessage-ID: <01JTESTREFERENCE\.[0-9a-f]{16}@gateway\.example>\r\nAuto-Submitted: auto-replied\r\n/,
    )
    expect(made.header).toContain('Content-Type: multipart/report; report-type=delivery-status;\r\n')
    expect(made.statusHead).toBe('Content-Type: message/delivery-status')
    expect(made.message).toBe(
      'Original-Envelope-Id: id+1\r\nReporting-MTA: dns; gateway.example\r\nArrival-Date: Tue, 24 Nov 2026 09:04:07 +0000',
    )
    expect(made.recipients).toEqual([
      'Original-Recipient: rfc822; B+x@y.example\r\nFinal-Recipient: rfc822; b@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.y.example\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\nLast-Attempt-Date: Tue, 24 Nov 2026 09:05:07 +0000',
    ])
    expect(made.human).toContain('b@y.example\r\n    550 5.1.1 no such user\r\n')
    expect(made.human).toContain('help@x.example')
    const parsed = await simpleParser(made.text)
    expect(parsed.text).toContain('Final-Recipient: rfc822; b@y.example')
    expect(parsed.attachments.map(({ contentType }) => contentType)).toEqual(['text/rfc822-headers'])
  })

  it('is the same bytes when it is made again', async () => {
    expect((await dsn()).text).toBe((await dsn()).text)
  })

  it.each<[DsnRequest['kind'], Partial<RecipientResult>, string, string]>([
    ['failed', {}, 'failed', '5.1.1'],
    ['failed', { lastReply: '554 no' }, 'failed', '5.0.0'],
    ['failed', { lastReply: '5.6.3 8-bit', nextHop: 'local' }, 'failed', '5.6.3'],
    ['failed', { status: 'expired', lastReply: '4.4.1 connect failed: ECONNREFUSED' }, 'failed', '4.4.7'],
    ['delayed', { status: 'pending', lastReply: '451 4.3.0 later' }, 'delayed', '4.3.0'],
    ['delayed', { status: 'pending', lastReply: null }, 'delayed', '4.0.0'],
    ['relayed', { status: 'delivered', lastReply: '250 2.0.0 queued' }, 'relayed', '2.0.0'],
    ['delivered', { status: 'delivered', lastReply: '250 ok' }, 'delivered', '2.0.0'],
    ['blocked', { status: 'blocked', lastReply: null, nextHop: null }, 'failed', '5.7.1'],
  ])('%s with %j is %s %s', async (kind, over, action, status) => {
    const made = await dsn({ kind, results: [result(over)], ...(kind === 'delayed' && { expiresAt: AT + 86_400_000 }) })
    expect(made.recipients[0]).toContain(`Action: ${action}\r\nStatus: ${status}\r\n`)
    expect(made.recipients[0]?.includes('Will-Retry-Until: Wed, 25 Nov 2026 09:05:07 +0000')).toBe(kind === 'delayed')
    expect(made.human.includes('Wed, 25 Nov 2026')).toBe(kind === 'delayed')
  })

  it('tells local trouble from what a server said, and names no local path', async () => {
    const { recipients } = await dsn({
      results: [result({ lastReply: '4.4.1 connect failed', nextHop: '/var/mail/dir', status: 'expired' })],
    })
    expect(recipients[0]).toContain('Diagnostic-Code: x-sluice; 4.4.1 connect failed')
    expect(recipients[0]).not.toContain('Remote-MTA')
  })

  it('has a block for each recipient', async () => {
    const { recipients } = await dsn({ results: [result(), result({ recipient: 'c@y.example' })] })
    expect(recipients.map((block) => /Final-Recipient: rfc822; (.*)/.exec(block)?.[1]?.trim())).toEqual([
      'b@y.example',
      'c@y.example',
    ])
  })

  it('what a server said can not add fields or parts', async () => {
    const { recipients, text } = await dsn({ results: [result({ lastReply: '550 a\r\nAction: delivered\r\n\r\nx' })] })
    expect(recipients).toHaveLength(1)
    expect(text.match(/^Action:/gm)).toHaveLength(1)
  })
})

describe('how much of the original comes back', () => {
  const full = { dsn: { ret: 'FULL' } } as const
  const header = ORIGINAL.slice(0, ORIGINAL.indexOf('\r\n\r\n') + 2)
  it.each<[string, Parameters<typeof dsn>[0], string]>([
    ['the header without RET', {}, `Content-Type: text/rfc822-headers\r\n\r\n${header}`],
    [
      'the header with RET=HDRS',
      { record: record({ envelope: { dsn: { ret: 'HDRS' } } }) },
      `Content-Type: text/rfc822-headers\r\n\r\n${header}`,
    ],
    [
      'everything with RET=FULL',
      { record: record({ envelope: full }) },
      `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${ORIGINAL}`,
    ],
    [
      'the header of a delay notice',
      { kind: 'delayed', record: record({ envelope: full }) },
      `Content-Type: text/rfc822-headers\r\n\r\n${header}`,
    ],
    [
      'the header when the policy stopped it for somebody',
      { record: record({ envelope: full, action: 'block' }) },
      `Content-Type: text/rfc822-headers\r\n\r\n${header}`,
    ],
    [
      'what names a blocked message',
      { kind: 'blocked', record: record({ envelope: full, action: 'block' }) },
      'Content-Type: text/rfc822-headers\r\n\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\nMessage-ID: <m1@x.example>\r\n',
    ],
  ])('%s', async (_name, request, returned) => {
    expect((await dsn(request)).returned).toBe(returned)
  })

  it('a full message at its limit, and no more than the header one past it', async () => {
    const at = (size: number) => {
      const original = 'Subject: x\r\n\r\n'.padEnd(size, 'y')
      return dsn({ record: record({ envelope: full, size }), original })
    }
    expect((await at(limits.bounceFullMaxBytes)).returned).toContain('message/rfc822')
    expect((await at(limits.bounceFullMaxBytes + 1)).returned).toBe(
      'Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n',
    )
  })

  it('a header past its limit is cut between fields', async () => {
    const field = `X-Long: ${'y'.repeat(989)}\r\n`
    const { returned } = await dsn({ original: `${field.repeat(100)}\r\nbody` })
    const head = 'Content-Type: text/rfc822-headers\r\n\r\n'
    expect(returned).toBe(head + field.repeat(Math.floor(limits.bounceHeaderMaxBytes / field.length)))
  })

  it('8-bit comes back readable: header in base64, message as 8-bit', async () => {
    const original = 'Subject: gr\u00fc\u00df\r\n\r\n\u00fc\r\n'
    const inHeader = await dsn({ original })
    expect(inHeader.text).toMatch(/^[\x00-\x7f]*$/)
    expect(inHeader.returned).toContain(
      'Content-Type: text/rfc822-headers; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n',
    )
    expect((await dsn({ original, record: record({ envelope: full }) })).returned).toBe(
      `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${original}`,
    )
  })
})

describe('internationalised addresses (RFC 6533)', () => {
  it('of recipients are escaped for a sender who may not read them', async () => {
    const made = await dsn({
      results: [result({ recipient: '\u00fc@y.example' })],
      record: record({
        envelope: { smtpUtf8: true, recipients: [{ address: '\u00fc@y.example', orcpt: 'utf-8;\\x{FC}@y.example' }] },
      }),
    })
    expect(made.text).toMatch(/^[\x00-\x7f]*$/)
    expect(made.recipients[0]).toContain(
      'Original-Recipient: utf-8; \\x{FC}@y.example\r\nFinal-Recipient: utf-8; \\x{FC}@y.example\r\n',
    )
  })

  it('of the sender make a global report', async () => {
    const made = await dsn({
      record: record({ sender: '\u00f6@x.example', envelope: { smtpUtf8: true } }),
      results: [result({ recipient: '\u00fc@y.example' })],
    })
    expect(made.header).toContain('To: <\u00f6@x.example>\r\n')
    expect(made.statusHead).toBe('Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit')
    expect(made.recipients[0]).toContain('Final-Recipient: utf-8; \u00fc@y.example\r\n')
    expect(made.returned).toContain('Content-Type: message/global-headers\r\n')
  })
})

describe('peer-learns-nothing: a blocked message', () => {
  it('teaches the sender without a word of what was found', async () => {
    const { human, text } = await dsn({
      kind: 'blocked',
      record: record({ action: 'block' }),
      results: [result({ status: 'blocked', lastReply: null, nextHop: null })],
    })
    expect(human).toContain('What you can do:')
    expect(human).toContain('help@x.example')
    expect(human).toContain('01JTESTREFERENCE')
    for (const secret of ['4111', 'Card', 'pci', 'cards-to-external', 'rule']) expect(text).not.toContain(secret)
    expect(text).toContain('Diagnostic-Code: smtp; 550 5.7.1 refused by policy, reference 01JTESTREFERENCE\r\n')
  })
})

describe('notifications', () => {
  const folders: string[] = []
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  function templates(files: Record<string, string | Buffer>): string {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-templates-'))
    folders.push(folder)
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    return folder
  }

  async function notify(
    template: string,
    audience: 'sender' | 'manager' | 'reviewers' | 'address',
    options: { templatesDir?: string; contact?: string; to?: readonly string[] } = {},
  ) {
    const { to = ['r@x.example'], ...more } = options
    const composer = await createComposer({ hostname: 'gateway.example', ...more })
    const bytes = await composer.notification({
      template,
      record: record({ action: 'block' }),
      about: ['b@y.example', 'c@y.example'],
      to,
      audience,
      at: AT,
    })
    return Buffer.from(bytes).toString('utf8')
  }

  it.each(['passed', 'encrypted', 'held', 'blocked', 'released', 'rejected', 'reviewer-held'])(
    '`%s` is there for everybody, and says why to people inside alone',
    async (template) => {
      for (const audience of ['sender', 'address', 'manager', 'reviewers'] as const) {
        const text = await notify(template, audience, { contact: 'help@x.example' })
        expect(text).toContain('01JTESTREFERENCE')
        expect(text).toContain('  b@y.example\r\n  c@y.example\r\n')
        expect(text).toContain('Auto-Submitted: auto-generated\r\n')
        expect(text).toContain('Reply-To: <help@x.example>\r\n')
        expect(text).not.toContain('{{')
        expect(text).not.toContain('4111')
        expect(text).not.toContain('Trial of a rule')
        const inside =
          (audience === 'manager' || audience === 'reviewers') && !['released', 'rejected'].includes(template)
        expect(text.split('Card numbers must not leave')).toHaveLength(inside ? 2 : 1)
      }
    },
  )

  it('names what policies may use', async () => {
    const composer = await createComposer({
      hostname: 'g.example',
      templatesDir: templates({ 'our-own.txt': 'Subject: x\n\ny' }),
    })
    expect(composer.templateNames).toEqual([
      'blocked',
      'encrypted',
      'held',
      'our-own',
      'passed',
      'rejected',
      'released',
      'reviewer-held',
    ])
    await expect(notify('no-such', 'sender')).rejects.toMatchObject({ code: 'unknown-template' })
  })

  it('take the operator\u2019s words, in any script', async () => {
    const templatesDir = templates({
      'held.txt': 'Subject: Zur\u00fcckgehalten: {{ reference }}\r\n\r\nGr\u00fc\u00dfe an {{sender}}\r\n',
    })
    const parsed = await simpleParser(await notify('held', 'sender', { templatesDir }))
    expect(parsed.subject).toBe('Zur\u00fcckgehalten: 01JTESTREFERENCE')
    expect(parsed.text?.trim()).toBe('Gr\u00fc\u00dfe an a@x.example')
    expect(await notify('held', 'reviewers', { templatesDir })).toContain('Subject: To review:')
  })

  it('put values in once and never as a new field', async () => {
    const templatesDir = templates({ 'held.txt': 'Subject: {{contact}}\n\n{{contact}}\n' })
    const text = await notify('held', 'sender', { templatesDir, contact: 'x {{sender}}\r\nBcc: v@x.example\u0007' })
    expect(text).toContain('Subject: x {{sender}} Bcc: v@x.example\r\n')
    expect(text.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/m)
    expect(text).not.toContain('\u0007')
    expect(text).not.toContain('Reply-To')
  })

  it.each<[string, string | Buffer, [number, number, string][]]>([
    ['held.txt', 'Hello\n\nx', [[1, 1, 'missing-subject']]],
    ['held.txt', 'Subject:  \n\nx', [[1, 1, 'missing-subject']]],
    ['held.txt', 'Subject: x\ny', [[2, 1, 'missing-empty-line']]],
    [
      'held.txt',
      'Subject: {{nobody}}\n\n\u{1f512}{{sender}} {{what}}\n{{open',
      [
        [1, 10, 'unknown-placeholder'],
        [3, 13, 'unknown-placeholder'],
        [4, 1, 'unclosed-placeholder'],
      ],
    ],
    ['held.txt', 'Subject: x\n\n{{reasons}}', [[3, 1, 'unknown-placeholder']]],
    ['held.inside.txt', 'Subject: x\n\n{{details}}', [[3, 1, 'unknown-placeholder']]],
    ['held.txt', Buffer.from([0x53, 0xff]), [[1, 1, 'not-utf8']]],
    ['held.txt', 'Subject: x\u0000\n\ny', [[1, 1, 'not-utf8']]],
    ['Held.txt', 'Subject: x\n\ny', [[1, 1, 'bad-name']]],
    ['held.txt', `Subject: x\n\n${'y'.repeat(limits.templateFileMaxBytes)}`, [[1, 1, 'too-large']]],
  ])('%s with %j is refused with its place', async (name, content, expected) => {
    const templatesDir = templates({ [name]: content })
    const error = await createComposer({ hostname: 'g.example', templatesDir }).catch((thrown: unknown) => thrown)
    const { diagnostics } = error as {
      diagnostics: readonly { file: string; row: number; column: number; code: string }[]
    }
    expect(diagnostics.map(({ row, column, code }) => [row, column, code])).toEqual(expected)
    expect(diagnostics[0]?.file).toBe(join(templatesDir, name))
  })

  it('a missing folder is an error, one at its limits is not', async () => {
    await expect(createComposer({ hostname: 'g.example', templatesDir: '/nonexistent' })).rejects.toThrow(
      'unreadable-folder',
    )
    const text = 'Subject: x\n\n'.padEnd(limits.templateFileMaxBytes, 'y')
    await expect(
      createComposer({ hostname: 'g.example', templatesDir: templates({ 'held.txt': text }) }),
    ).resolves.toBeDefined()
  })

  it('as many as the limit, not one more', async () => {
    const files = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}.txt`, 'Subject: x\n\ny']))
    await expect(
      createComposer({ hostname: 'g.example', templatesDir: templates(files(limits.templateFilesMax)) }),
    ).resolves.toBeDefined()
    await expect(
      createComposer({ hostname: 'g.example', templatesDir: templates(files(limits.templateFilesMax + 1)) }),
    ).rejects.toThrow('too-many-files')
  })

  it('to an internationalised address', async () => {
    expect(await notify('held', 'sender', { to: ['\u00fc@x.example'] })).toContain('To: <\u00fc@x.example>\r\n')
  })
})
