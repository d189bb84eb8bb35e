/**
 * Messages a second, and CPU a message, through our SMTP client and through nodemailer's pool, to the same sink in a
 * process of its own, in the same run. `node test/bench/delivery.bench.ts [messages]`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import nodemailer from 'nodemailer'
import { createDeliverer } from '../../src/delivery/create-deliverer.ts'
import { createProtector } from '../../src/protect/protector.ts'
import { deliveryJob } from '../support/delivery-job.ts'
import { SmtpSink } from '../support/smtp-sink.ts'

const CONNECTIONS = 10

if (process.argv[2] === 'sink') {
  const sink = new SmtpSink({ keepContent: false })
  process.stdout.write(`${await sink.start()}\n`)
} else {
  const messages = Number(process.argv[2] ?? 5_000)
  const sink = spawn(process.execPath, [import.meta.filename, 'sink'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(sink.stdout), 'line')) as [string]
  const port = Number(line)
  for (const size of [10_000, 100_000]) {
    const content = `From: a@example.com\r\nTo: b@example.com\r\nSubject: bench\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(size / 78)}`
    const ours = await measure(messages, clientOfOurs(port, content))
    const theirs = await measure(messages, nodemailerPool(port, content))
    process.stdout.write(
      `${JSON.stringify({ size, messages, sluice: ours, nodemailer: theirs, ratio: round(ours.perSecond / theirs.perSecond) })}\n`,
    )
  }
  sink.kill()
}

interface Client {
  send(): Promise<unknown>
  close(): unknown
}

function clientOfOurs(port: number, content: string): Client {
  const deliverer = createDeliverer({
    routes: [
      { match: '*', target: { hosts: [{ host: '127.0.0.1', port, tls: 'none', connectionsMax: CONNECTIONS }] } },
    ],
    protector: createProtector(),
    clock: Date,
    hostname: 'bench.example',
  })
  const job = deliveryJob({ content, recipients: ['b@example.com'] })
  return {
    async send() {
      const [outcome] = await deliverer.deliver(job)
      if (outcome?.status !== 'delivered') throw new Error(outcome?.reply)
    },
    close: () => deliverer.close(),
  }
}

function nodemailerPool(port: number, content: string): Client {
  const pool = nodemailer.createTransport({
    pool: true,
    host: '127.0.0.1',
    port,
    ignoreTLS: true,
    maxConnections: CONNECTIONS,
    maxMessages: Number.POSITIVE_INFINITY,
  })
  const raw = Buffer.from(content)
  return {
    send: () => pool.sendMail({ envelope: { from: 'a@example.com', to: ['b@example.com'] }, raw }),
    close: () => pool.close(),
  }
}

async function measure(messages: number, client: Client): Promise<{ perSecond: number; cpuMsPerMessage: number }> {
  let left = messages
  const worker = async (): Promise<void> => {
    while (left-- > 0) await client.send()
  }
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  const elapsedMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  await client.close()
  return {
    perSecond: Math.round((messages / elapsedMs) * 1000),
    cpuMsPerMessage: round((user + system) / 1000 / messages),
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
