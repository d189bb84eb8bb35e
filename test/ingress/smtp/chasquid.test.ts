import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Client, corpora, startIngress } from './harness.ts'

/**
 * Dialogues written for another server. Texts are its own, so codes are compared, and the lines on which we differ are
 * listed with the reason. Its fuzz inputs must neither crash nor block, and every line of them gets a reply.
 */
const folder = join(corpora, 'smtp/chasquid')
const dialogues = existsSync(folder)
  ? readdirSync(folder).filter((f) => f.endsWith('.cmy') && !/^(?:lmtp|auth)/.test(f))
  : []

/** Reply class that is right for us, by `dialogue: line that was sent`. */
const ours: Readonly<Record<string, string>> = {
  // No recipient without angle brackets (RFC 5321 section 4.1.1.3).
  'bad_data.cmy: RCPT TO: user@testserver': '501',
  'sendmail.cmy: RCPT TO: user@testserver': '501',
  'message_too_big.cmy: RCPT TO: user@testserver': '501',
  'bad_rcpt_to.cmy: RCPT TO:': '501',
  'bad_rcpt_to.cmy: RCPT LALA: <>': '501',
  // SMTPUTF8 was not given (RFC 6531 section 3.5).
  'bad_rcpt_to.cmy: RCPT TO:<henryⅣ@testserver>': '553',
}

interface Step {
  readonly kind: 'connect' | 'send' | 'code'
  readonly text: string
}

function stepsOf(file: string): Step[] {
  const steps: Step[] = []
  for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
    const match = /^c (tcp_connect|->|<-|<~|<\.\.\.)\s?(.*)$/.exec(line)
    if (match === null) continue
    const [, verb, text = ''] = match
    if (verb === 'tcp_connect') steps.push({ kind: 'connect', text })
    else steps.push({ kind: verb === '->' ? 'send' : 'code', text })
  }
  return steps
}

describe.skipIf(dialogues.length === 0)('dialogues', () => {
  it.each(dialogues)('%s', async (file) => {
    const { port } = await startIngress()
    let client: Client | null = null
    let sent = ''
    for (const step of stepsOf(file)) {
      if (step.kind === 'connect') {
        client = await Client.open(port, { greeting: false })
        sent = ''
      } else if (step.kind === 'send') {
        sent = step.text
        client?.send(`${sent}\r\n`)
      } else {
        const differs = ours[`${file}: ${sent}`]
        const reply = (await client?.reply()) ?? ''
        expect(reply.slice(0, 3), `${file}: ${sent}`).toBe(differs ?? step.text.slice(0, 3))
        // Without a recipient the rest of the dialogue means something else.
        if (differs !== undefined && sent === 'RCPT TO: user@testserver') return
      }
    }
  })
})

interface Fuzz {
  readonly id: string
  readonly input_latin1: string
}
const fuzzFile = join(corpora, 'smtp/chasquid-fuzz.json')
const fuzz: readonly Fuzz[] = existsSync(fuzzFile) ? JSON.parse(readFileSync(fuzzFile, 'utf8')) : []

describe.skipIf(fuzz.length === 0)('fuzz inputs', () => {
  it.each(['\n', '\r\n'].flatMap((end) => fuzz.map((f) => [f.id, end, f] as const)))(
    '%s with %j',
    async (_, end, { input_latin1 }) => {
      const { port, seen } = await startIngress()
      const client = await Client.open(port)
      client.send(Buffer.from(input_latin1.replaceAll('\n', end), 'latin1'))
      // An empty line first, since what follows a bare LF is refused up to the next CRLF.
      client.send('\r\nQUIT\r\n')
      const replies: string[] = []
      for (let reply = await client.reply(); reply !== ''; reply = await client.reply()) replies.push(reply)
      expect(replies.length).toBeGreaterThan(0)
      expect(replies.every((r) => /^\d{3}[ -]/.test(r))).toBe(true)
      expect(replies.at(-1)).toMatch(/^(?:221|421)/)
      expect(seen.lines.filter((l) => l.level === 'error')).toEqual([])
      expect((await Client.open(port)).ended).toBe(false)
    },
  )
})
