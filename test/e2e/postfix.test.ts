import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { TestPostfix } from '../support/postfix.ts'
import { SmtpSink } from '../support/smtp-sink.ts'
import { swaks } from '../support/swaks.ts'
import { waitFor } from '../support/wait-for.ts'

/** Mail from a real client through a real Postfix, Sluice, Postfix again, to a next hop that records every byte. */
interface Chain {
  readonly sink: SmtpSink
  readonly postfix: TestPostfix
  readonly gateway: GatewayProcess
  /** Where users hand in mail. */
  readonly port: number
}

/** One chain for the tests of a mode; the sink is empty when a test begins. */
function chain(mode: 'content_filter' | 'smtpd_proxy_filter'): () => Chain {
  let made: Chain | null = null

  beforeAll(async () => {
    const sink = new SmtpSink()
    const nextHop = await sink.start()
    let gateway: GatewayProcess | null = null
    const postfix = await TestPostfix.start({
      mode,
      nextHop,
      filterPort: async ({ reinject }) => {
        const reply = mode === 'content_filter' ? 'after-spool' : 'after-decision'
        gateway = await GatewayProcess.start({
          config: {
            listeners: [{ name: 'relay', port: 0, reply, xforward_from: ['127.0.0.0/8'] }],
            delivery: { default: { hosts: [{ host: '127.0.0.1', port: reinject }] } },
          },
        })
        return gateway.port()
      },
    })
    if (!gateway) throw new Error('the gateway was not started')
    made = { sink, postfix, gateway, port: postfix.ports.submit }
  })

  beforeEach(() => {
    if (made) made.sink.messages.length = 0
  })

  afterAll(async () => {
    await made?.postfix.stop()
    await made?.gateway.remove()
    await made?.sink.stop()
  })

  return () => {
    if (!made) throw new Error('the chain was not started')
    return made
  }
}

describe('behind Postfix as content_filter', () => {
  const started = chain('content_filter')

  it('passes what is clean, byte for byte below the trace headers', async () => {
    const { sink, port } = started()
    const body = 'First line\n.leading dot\n\nlast line without end'
    expect((await swaks(port, { body })).code).toBe(0)
    await sink.until(() => sink.messages.length === 1)
    const content = sink.messages[0]?.content.toString() ?? ''
    expect(content).toMatch(/^Received: from dlp\.example\.com [\s\S]*?by postfix\.test\.example/)
    expect(content).toContain('X-Sluice-Trace: v1; id=')
    expect(content.slice(content.indexOf('\r\n\r\n') + 4)).toBe(
      'First line\r\n.leading dot\r\n\r\nlast line without end\r\n\r\n',
    )
    expect(sink.messages[0]).toMatchObject({ sender: 'a@example.com', recipients: [{ address: 'b@partner.example' }] })
  })

  it('holds what a policy holds, and a release is delivered', async () => {
    const { sink, gateway, port } = started()
    await swaks(port, { body: 'the card is 4111 1111 1111 1111' })
    const item = await waitFor('the quarantine item', async () => {
      const { stdout } = await gateway.command(['quarantine', 'list', '--json'])
      return stdout.trim() === '' ? null : (JSON.parse(stdout.split('\n')[0] ?? '') as { id: string })
    })
    expect(sink.messages).toHaveLength(0)
    const released = await gateway.command([
      'quarantine',
      'release',
      item.id,
      '--reason',
      'a test',
      '--reviewer',
      'rita',
    ])
    expect(released).toMatchObject({ code: 0 })
    await sink.until(() => sink.messages.length === 1)
    expect(sink.messages[0]?.content.toString()).toContain('4111 1111 1111 1111')
    expect((await gateway.command(['audit', 'verify'])).code).toBe(0)
  })

  it('bounces a block to the sender without saying what was found', async () => {
    const { sink, port } = started()
    await swaks(port, { body: 'please BLOCKME now' })
    await sink.until(() => sink.messages.length === 1)
    const [bounce] = sink.messages
    expect(bounce).toMatchObject({ sender: '', recipients: [{ address: 'a@example.com' }] })
    const text = bounce?.content.toString() ?? ''
    expect(text).toContain('multipart/report')
    expect(text).toMatch(/Action: failed/i)
    expect(text).not.toMatch(/block_word|BLOCKME|test\/block|blocked by rule/)
  })
})

describe('behind Postfix as smtpd_proxy_filter', () => {
  const started = chain('smtpd_proxy_filter')

  it('passes what is clean', async () => {
    const { sink, port } = started()
    expect((await swaks(port, { body: 'clean' })).code).toBe(0)
    await sink.until(() => sink.messages.length === 1)
    expect(sink.messages[0]?.content.toString()).toContain('X-Sluice-Trace')
  })

  it('refuses a block while the sender waits, with 550 5.7.1 and a reference id alone', async () => {
    const { sink, port } = started()
    const { code, output } = await swaks(port, { body: 'please BLOCKME now' })
    expect(code).not.toBe(0)
    expect(output).toMatch(/550 5\.7\.1 Message refused by policy \(ref [0-9A-Z]{26}\)/)
    expect(sink.messages).toHaveLength(0)
  })
})
