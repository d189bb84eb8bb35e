import { createConnection, type Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { MessageGuard } from '../../src/ingress/smtp/message-guard.ts'
import { createSmtpIngress } from '../../src/ingress/smtp/smtp-ingress.ts'
import { smtpLimitDefaults } from '../../src/ingress/smtp/smtp-options.ts'

/**
 * Messages a second that the SMTP side accepts, beside a plain smtp-server that discards, in the same process and run; and
 * what reading hostile content costs. `node test/bench/smtp-in.bench.ts [messages]`. The load generator's share is in all
 * figures alike.
 */
const messages = Number(process.argv[2] ?? 2000)
const sessions = 10

const nothing = (): void => {}
const ingress = createSmtpIngress({
  listeners: [
    {
      name: 'bench',
      host: '127.0.0.1',
      port: 0,
      kind: 'relay',
      clients: ['127.0.0.1'],
      tls: 'none',
      requireTls: false,
      replyMode: 'after-spool',
      xclientFrom: [],
      xforwardFrom: [],
      hostname: 'bench.example',
      lineEndings: 'reject',
    },
  ],
  intakeFor: () => ({
    refusal: () => null,
    begin: async () => ({
      write: async () => {},
      finish: async () => ({ code: 250, enhanced: '2.0.0', text: 'Ok' }),
      abort: async () => {},
    }),
  }),
  log: { info: nothing, warn: console.warn, error: console.error },
  metrics: {
    connectionOpened: nothing,
    connectionClosed: nothing,
    connectionRefused: nothing,
    messageAccepted: nothing,
    messageRefused: nothing,
    authentication: nothing,
  },
})
const [bound] = await ingress.listen()

const plain = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  logger: false,
  onData: (stream, _session, callback) => {
    stream.on('end', () => callback())
    stream.resume()
  },
})
const plainPort = await new Promise<number>((resolve) => {
  const server = plain.listen(0, '127.0.0.1', () => {
    const address = server.address()
    resolve(typeof address === 'object' && address !== null ? address.port : 0)
  })
})

/** Talks one dialogue, step by step or with pipelined envelopes; resolves when all messages of it were accepted. */
function talk(port: number, content: Buffer, count: number, pipelining: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    const envelope = ['MAIL FROM:<a@example.org>\r\n', 'RCPT TO:<b@example.net>\r\n', 'DATA\r\n']
    const once = pipelining ? [envelope.join(''), content] : [...envelope, content]
    const steps = ['EHLO c\r\n', ...Array.from({ length: count }, () => once).flat(), 'QUIT\r\n']
    let step = 0
    let text = ''
    socket.on('data', (reply: Buffer) => {
      text += reply.toString('latin1')
      if (!/^(?:[23].*\r\n)*$/.test(text)) reject(new Error(text))
      // A pipelined envelope is answered in full when its 354 is there.
      if (pipelining && step > 1 && !/^(?:354|221|250 2\.[06]\.0|250 OK)/m.test(text)) return
      text = ''
      const next = steps[step++]
      if (next !== undefined) socket.write(next)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve())
  })
}

async function rate(
  port: number,
  size: number,
  perConnection: number,
  pipelining: boolean,
): Promise<{ perSecond: number; cpuMs: number }> {
  const line = `${'x'.repeat(76)}\r\n`
  const content = Buffer.from(`Subject: bench\r\n\r\n${line.repeat(Math.ceil(size / line.length))}.\r\n`)
  let left = messages / perConnection
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: sessions }, async () => {
      while (left-- > 0) await talk(port, content, perConnection, pipelining)
    }),
  )
  const seconds = (performance.now() - start) / 1000
  const used = process.cpuUsage(cpu)
  return { perSecond: messages / seconds, cpuMs: (used.user + used.system) / 1000 / messages }
}

for (const [size, perConnection, pipelining] of [
  [10_240, 1, false],
  [102_400, 1, false],
  [10_240, 50, false],
  [10_240, 50, true],
] as const) {
  const rows: { perSecond: number; cpuMs: number }[] = []
  for (const port of [plainPort, bound?.port ?? 0]) {
    // The plain server waits 100 ms per greeting, so its rate says nothing with a connection per message; its CPU does.
    rows.push(await rate(port, size, perConnection, pipelining))
  }
  const [base, ours] = rows
  if (base === undefined || ours === undefined) break
  console.log(
    `${size / 1024} KiB, ${perConnection} a connection${pipelining ? ', pipelined' : ''}: smtp-server ${base.perSecond.toFixed(0)}/s ${base.cpuMs.toFixed(2)} ms CPU,` +
      ` sluice ${ours.perSecond.toFixed(0)}/s ${ours.cpuMs.toFixed(2)} ms CPU,` +
      ` rate ${(ours.perSecond / base.perSecond).toFixed(2)} CPU ${(ours.cpuMs / base.cpuMs).toFixed(2)} times`,
  )
}

const hostile: readonly (readonly [string, string])[] = [
  ['lines of two dots', '..\r\n'],
  ['lines of 76 characters', `${'x'.repeat(76)}\r\n`],
  ['empty lines', '\r\n'],
  ['one octet a line', 'x\r\n'],
]
for (const [name, line] of hostile) {
  const chunk = Buffer.from(line.repeat(Math.ceil(65_536 / line.length)))
  const guard = new MessageGuard({
    limits: { ...smtpLimitDefaults, traceHeadersMax: 50 },
    lineEndings: 'reject',
    trace: null,
  })
  const start = performance.now()
  for (let read = 0; read < 20 * 1024 * 1024; read += chunk.length) guard.push(chunk)
  console.log(`20 MiB of ${name}: ${(performance.now() - start).toFixed(0)} ms`)
}

await ingress.close(0)
plain.close()
