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

/** Talks one dialogue, step by step without pipelining; resolves when all messages of it were accepted. */
function talk(port: number, content: Buffer, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    const once = ['MAIL FROM:<a@example.org>\r\n', 'RCPT TO:<b@example.net>\r\n', 'DATA\r\n', content]
    const steps = ['EHLO c\r\n', ...Array.from({ length: count }, () => once).flat(), 'QUIT\r\n']
    let step = 0
    socket.on('data', (reply: Buffer) => {
      if (reply[0] !== 0x32 && reply[0] !== 0x33) reject(new Error(reply.toString()))
      const next = steps[step++]
      if (next !== undefined) socket.write(next)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve())
  })
}

async function rate(port: number, size: number, perConnection: number): Promise<{ perSecond: number; cpuMs: number }> {
  const line = `${'x'.repeat(76)}\r\n`
  const content = Buffer.from(`Subject: bench\r\n\r\n${line.repeat(Math.ceil(size / line.length))}.\r\n`)
  let left = messages / perConnection
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: sessions }, async () => {
      while (left-- > 0) await talk(port, content, perConnection)
    }),
  )
  const seconds = (performance.now() - start) / 1000
  const used = process.cpuUsage(cpu)
  return { perSecond: messages / seconds, cpuMs: (used.user + used.system) / 1000 / messages }
}

for (const [size, perConnection] of [
  [10_240, 1],
  [102_400, 1],
  [10_240, 50],
] as const) {
  const rows: { perSecond: number; cpuMs: number }[] = []
  for (const port of [plainPort, bound?.port ?? 0]) {
    // The plain server waits 100 ms per greeting, so its rate says nothing with a connection per message; its CPU does.
    rows.push(await rate(port, size, perConnection))
  }
  const [base, ours] = rows
  if (base === undefined || ours === undefined) break
  console.log(
    `${size / 1024} KiB, ${perConnection} a connection: smtp-server ${base.perSecond.toFixed(0)}/s ${base.cpuMs.toFixed(2)} ms CPU,` +
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
