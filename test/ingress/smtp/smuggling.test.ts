import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Client, corpora, readyForData, startIngress } from './harness.ts'

interface Vector {
  readonly id: string
  readonly data_phase_latin1?: string
  readonly expected: { readonly messages_accepted_max?: number; readonly body?: string }
}

const file = join(corpora, 'smtp/smuggling.json')
const vectors: readonly Vector[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
/** Ends of data that are none, of our own: every mix of what some receiver somewhere has taken for one. */
const breaks = ['\r\n', '\n', '\r', '\r\r\n', '\n\r', '\0\r\n', '\r\0\n', '\x85', '\v', '\f', ' \r\n', '\r\n ']
const mixes = breaks
  .flatMap((before) => breaks.map((after) => `${before}.${after}`))
  .filter((mix) => !mix.includes('\r\n.\r\n'))

function smuggled(sequence: string): string {
  return `From: a@example.org\r\nSubject: outer\r\n\r\ntext${sequence}MAIL FROM:<s@example.org>\r\nRCPT TO:<v@example.net>\r\nDATA\r\nSubject: inner\r\n\r\nsmuggled\r\n.\r\n`
}

async function deliver(
  lineEndings: 'reject' | 'canonicalise',
  octets: string,
): Promise<{ replies: string[]; messages: string[] }> {
  const { port, intake } = await startIngress([{ lineEndings }])
  const client = await readyForData(port)
  await client.ask('DATA')
  client.send(Buffer.from(octets, 'latin1'))
  client.send('QUIT\r\n')
  const replies: string[] = []
  for (let reply = await client.reply(); reply !== ''; reply = await client.reply()) replies.push(reply)
  return { replies, messages: intake.messages.map((m) => m.content.toString('latin1')) }
}

describe.each(['reject', 'canonicalise'] as const)('%s', (lineEndings) => {
  const hostile = vectors.filter((v) => v.expected.messages_accepted_max === 1)

  it.skipIf(vectors.length === 0).each(hostile)(
    'the published vector $id stays one message and runs no command',
    async (vector) => {
      const { replies, messages } = await deliver(lineEndings, vector.data_phase_latin1 ?? '')
      expect(replies.map((r) => r.slice(0, 3))).toEqual([lineEndings === 'reject' ? '554' : '250', '221'])
      expect(messages.length).toBe(lineEndings === 'reject' ? 0 : 1)
      for (const message of messages) {
        expect(message).toContain('MAIL FROM:<smuggled@example.org>\r\n')
        expect(message.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/)
      }
    },
  )

  it('and so does every other mix of line ends around a dot', async () => {
    const { port, intake } = await startIngress([{ lineEndings }])
    for (const mix of mixes) {
      const client = await readyForData(port)
      await client.ask('DATA')
      client.send(Buffer.from(smuggled(mix), 'latin1'))
      client.send('QUIT\r\n')
      const replies = [await client.reply(), await client.reply()].map((r) => r.slice(0, 3))
      const legal = /^(?:\r\n|[^\r\n\0]*)+$/.test(`x${mix}`)
      expect(replies, JSON.stringify(mix)).toEqual([legal || lineEndings === 'canonicalise' ? '250' : '554', '221'])
    }
    expect(intake.messages.every((m) => m.envelope.sender === 'a@example.org')).toBe(true)
    expect(intake.messages.every((m) => m.content.includes('RCPT TO:<v@example.net>'))).toBe(true)
  })
})

it.skipIf(vectors.length === 0)('the published dot-stuffed vector loses one dot', async () => {
  const vector = vectors.find((v) => v.id === 'dot-stuffed')
  const { messages } = await deliver('reject', vector?.data_phase_latin1 ?? '')
  expect(messages[0]?.endsWith(vector?.expected.body ?? '?')).toBe(true)
})

it('content sent with DATA, ahead of 354, is content', async () => {
  const { port, intake } = await startIngress()
  const client = await readyForData(port)
  client.send('DATA\r\nMAIL FROM:<s@x>\r\nRCPT TO:<v@x>\r\n.\r\nQUIT\r\n')
  expect([await client.reply(), await client.reply(), await client.reply()].map((r) => r.slice(0, 3))).toEqual([
    '354',
    '250',
    '221',
  ])
  expect(intake.messages.length).toBe(1)
})

it('content sent with a DATA that is refused is never run as commands', async () => {
  const { port, intake } = await startIngress()
  const client = await Client.open(port)
  await client.ask('EHLO c')
  client.send(
    'MAIL FROM:<a@x>\r\nRCPT TO:<not an address>\r\nDATA\r\nMAIL FROM:<s@x>\r\nRCPT TO:<v@x>\r\nDATA\r\nx\r\n.\r\n',
  )
  const replies: string[] = []
  for (let reply = await client.reply(); reply !== ''; reply = await client.reply()) replies.push(reply.slice(0, 3))
  expect(replies).toEqual(['250', '501', '503', '421'])
  expect(intake.begun).toBe(0)
})

describe('command lines', () => {
  it('with a bare LF run nothing, nor does what follows it before the next CRLF', async () => {
    const { port, intake } = await startIngress()
    const client = await Client.open(port)
    await client.ask('EHLO c')
    client.send('MAIL FROM:<a@x>\nMAIL FROM:<b@x>\r\n')
    expect([await client.reply(), await client.reply()].map((r) => r.slice(0, 9))).toEqual(['500 5.5.2', '500 5.5.2'])
    expect(await client.ask('RCPT TO:<c@x>')).toMatch(/^503/)
    for (const line of ['NOOP\rNOOP', 'NOOP\0', 'NOOP \r']) expect(await client.ask(line)).toMatch(/^500 5\.5\.2/)
    expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^250/)
    expect(intake.begun).toBe(0)
  })

  it('with a bare LF are taken by a listener that mends line ends', async () => {
    const { port } = await startIngress([{ lineEndings: 'canonicalise' }])
    const client = await Client.open(port)
    client.send('EHLO c\nMAIL FROM:<a@x>\n')
    expect(await client.reply()).toMatch(/^250/)
    expect(await client.reply()).toMatch(/^250/)
  })

  it('that are no UTF-8 are refused', async () => {
    const { port } = await startIngress()
    const client = await Client.open(port)
    await client.ask('EHLO c')
    client.send(Buffer.from('MAIL FROM:<\xff@x> SMTPUTF8\r\n', 'latin1'))
    expect(await client.reply()).toMatch(/^501 5\.5\.4/)
  })
})
