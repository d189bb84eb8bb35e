/**
 * End to end: a new connection per message, ten at once, through a relay to a sink of its own process. Sluice inspecting
 * with every shipped rule, Sluice without inspection (no rules, one policy that never matches), Postfix as a plain relay
 * where it is installed and we are root, and a plain smtp-server that discards. Medians of interleaved rounds; the ratio
 * is against Postfix. The processor time of a message is the relay's alone, without the load and the sink. Arguments:
 * messages per round, rounds.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from '../support/redis.ts'
import { cpuTimeMs } from './support/cpu-time.ts'

const root = resolve(import.meta.dirname, '../..')
const main = join(root, 'dist/cli/main.js')
const MESSAGES = Number(process.argv[2] ?? 1000)
const ROUNDS = Number(process.argv[3] ?? 3)
const SESSIONS = 10
/** A gateway is never restarted for a few hundred messages: until then much of its time goes into compiling itself. */
const WARM_UP_MESSAGES = Math.max(MESSAGES, 2000)
const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
const children: ChildProcess[] = []

interface Relay {
  readonly name: string
  readonly port: number
  /** Resolves when `count` more messages have reached the end of the chain. */
  readonly arrived: (count: number) => Promise<void>
  /** The process at the top of it; null for what runs in this one. */
  readonly pid: number | null
}

const WORDS = 'the quarterly figures of our valve trials in the northern plant look better than expected and'.split(' ')

/** Ordinary mail: headers, prose, a short quoted part. */
function message(bytes: number): Buffer {
  const lines = [
    'From: Sam Sender <sam@example.com>',
    'To: Alex Other <alex@partner.example>',
    'Subject: Figures of the month',
    'Message-ID: <1@example.com>',
    'Date: Mon, 2 Nov 2026 10:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
  ]
  let size = lines.join('\r\n').length
  for (let i = 0; size < bytes; i++) {
    const line = Array.from({ length: 11 }, (_, j) => WORDS[(i * 7 + j * 3) % WORDS.length]).join(' ')
    lines.push(line)
    size += line.length + 2
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n`)
}

async function startSink(): Promise<{ port: number; arrived: Relay['arrived'] }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'support/counting-sink.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  let count = 0
  let wanted = Number.POSITIVE_INFINITY
  let resolveWanted: () => void = () => undefined
  const port = await new Promise<number>((done) => {
    child.stdout?.setEncoding('utf8')
    let rest = ''
    child.stdout?.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line.startsWith('port ')) done(Number(line.slice(5)))
        else count += Number(line)
      }
      if (count >= wanted) resolveWanted()
    })
  })
  return {
    port,
    arrived: (more) =>
      new Promise((done) => {
        wanted = more
        resolveWanted = () => {
          count -= more
          wanted = Number.POSITIVE_INFINITY
          done()
        }
        if (count >= wanted) resolveWanted()
      }),
  }
}

async function startSluice(name: string, definitions: { rules: string[]; policies: string[] }): Promise<Relay> {
  const sink = await startSink()
  const folder = join(dir, name.replaceAll(' ', '-'))
  mkdirSync(folder)
  const config = {
    listeners: [{ name: 'bench', port: 0 }],
    admin: { port: 0 },
    delivery: { default: { hosts: [{ host: '127.0.0.1', port: sink.port, tls: 'none' }] } },
    log: { level: 'warn' },
    ...definitions,
  }
  writeFileSync(join(folder, 'sluice.yaml'), JSON.stringify(config))
  const child = spawn(process.execPath, [main, 'serve', '--config', 'sluice.yaml'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    // A session of its own, as Postfix has: Linux shares a busy processor between sessions first.
    detached: true,
  })
  children.push(child)
  let text = ''
  child.stderr?.setEncoding('utf8')
  const port = await new Promise<number>((done, fail) => {
    child.on('exit', () => fail(new Error(text)))
    child.stderr?.on('data', (more: string) => {
      text += more
      if (/^then /m.test(text)) done(Number(/^SMTP {2}\S+:(\d+)/m.exec(text)?.[1]))
    })
  })
  return { name, port, arrived: sink.arrived, pid: child.pid ?? null }
}

async function startPostfix(): Promise<Relay | null> {
  if (!existsSync('/usr/sbin/postfix') || process.getuid?.() !== 0) return null
  const { TestPostfix } = await import('../support/postfix.ts')
  const sink = await startSink()
  const postfix = await TestPostfix.start({ mode: 'plain', nextHop: sink.port, filterPort: async () => 0 })
  closers.push(() => postfix.stop())
  return { name: 'Postfix, plain relay', port: postfix.ports.submit, arrived: sink.arrived, pid: postfix.masterPid }
}

/** The floor: smtp-server alone, which reads and forgets. */
async function startPlain(): Promise<Relay> {
  const { SMTPServer } = createRequire(import.meta.url)('smtp-server') as typeof import('smtp-server')
  let count = 0
  let wanted = Number.POSITIVE_INFINITY
  let done: () => void = () => undefined
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    // A name server's time is not what is measured.
    disableReverseLookup: true,
    onData(stream, _session, callback) {
      stream.on('data', () => undefined)
      stream.on('end', () => {
        callback()
        if (++count >= wanted) done()
      })
    },
  })
  const port = await freePort()
  await new Promise<void>((ready) => server.listen(port, '127.0.0.1', () => ready()))
  closers.push(() => new Promise<void>((closed) => server.close(() => closed())))
  return {
    name: 'smtp-server, discarding',
    port,
    pid: null,
    arrived: (more) =>
      new Promise((resolve) => {
        wanted = more
        done = () => {
          count -= more
          wanted = Number.POSITIVE_INFINITY
          resolve()
        }
        if (count >= wanted) done()
      }),
  }
}

const closers: (() => Promise<unknown>)[] = []

/** One message over a connection of its own, commands pipelined as RFC 2920 lets them. */
function send(port: number, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let step = 0
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', (text: string) => {
      if (/^[45]/m.test(text)) reject(new Error(text))
      if (step === 0) socket.write('EHLO bench.example\r\n')
      else if (step === 1) socket.write('MAIL FROM:<sam@example.com>\r\nRCPT TO:<alex@partner.example>\r\nDATA\r\n')
      else if (/^354/m.test(text)) socket.write(Buffer.concat([content, Buffer.from('.\r\n')]))
      else if (step > 2 && /^250/m.test(text)) {
        socket.end('QUIT\r\n')
        resolve()
        return
      } else return
      if (step < 2 || /^354/m.test(text)) step++
    })
  })
}

interface Round {
  readonly perSecond: number
  readonly cpuMs: number | null
}

async function round(relay: Relay, content: Buffer, messages: number): Promise<Round> {
  const cpuBefore = relay.pid === null ? 0 : cpuTimeMs(relay.pid)
  const startedAt = performance.now()
  const all = relay.arrived(messages)
  let next = 0
  const session = async () => {
    while (next++ < messages) await send(relay.port, content)
  }
  await Promise.all(Array.from({ length: SESSIONS }, session))
  await all
  const perSecond = messages / ((performance.now() - startedAt) / 1000)
  return { perSecond, cpuMs: relay.pid === null ? null : (cpuTimeMs(relay.pid) - cpuBefore) / messages }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

try {
  const empty = join(dir, 'empty')
  mkdirSync(empty)
  writeFileSync(
    join(empty, 'rule.yaml'),
    'rules: [{ id: never, name: Never, family: custom, description: Never matches, references: [https://sluice.example], patterns: [{ id: never, regex: "QZXJKVNEVER", confidence: high }], examples: [QZXJKVNEVER, a QZXJKVNEVER, QZXJKVNEVER b], negative_examples: [a, b, c] }]',
  )
  writeFileSync(
    join(empty, 'policy.yaml'),
    'policy: never\nname: Never\nrules: [{ id: never, severity: low, when: { finding: { detector: never } }, action: block, message: never }]',
  )
  const relays = [
    await startSluice('Sluice, every rule', { rules: [join(root, 'rules')], policies: [join(root, 'policies')] }),
    await startSluice('Sluice, one rule', {
      rules: [join(empty, 'rule.yaml')],
      policies: [join(empty, 'policy.yaml')],
    }),
    await startPostfix(),
    await startPlain(),
  ].filter((relay) => relay !== null)
  for (const bytes of [10_240, 102_400]) {
    const content = message(bytes)
    const rates = new Map<string, Round[]>(relays.map((relay) => [relay.name, []]))
    // What runs in this process has been compiled by the load of the others.
    for (const relay of relays) await round(relay, content, relay.pid === null ? SESSIONS : WARM_UP_MESSAGES)
    for (let i = 0; i < ROUNDS; i++)
      for (const relay of relays) rates.get(relay.name)?.push(await round(relay, content, MESSAGES))
    const base = median((rates.get('Postfix, plain relay') ?? []).map(({ perSecond }) => perSecond))
    console.log(
      `\n${bytes / 1024} KB, ${SESSIONS} sessions, a connection per message, ${MESSAGES} messages a round, median of ${ROUNDS}:`,
    )
    for (const [name, rounds] of rates) {
      const rate = median(rounds.map(({ perSecond }) => perSecond))
      const times = rounds.flatMap(({ cpuMs }) => cpuMs ?? [])
      const cpu = times.length > 0 ? `  ${median(times).toFixed(2)} ms of processor time each` : ''
      const ratio = base > 0 ? `  ${(rate / base).toFixed(2)} × Postfix` : ''
      console.log(`  ${name.padEnd(26)} ${rate.toFixed(0).padStart(6)} messages/s${ratio}${cpu}`)
    }
    if (base === 0) console.log('  (Postfix is not installed here, or this is not root: no baseline)')
  }
} finally {
  for (const close of closers) await close()
  for (const child of children) {
    child.removeAllListeners('exit')
    if (child.exitCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  rmSync(dir, { recursive: true, force: true })
}
