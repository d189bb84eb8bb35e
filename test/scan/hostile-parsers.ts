/** Entry of a sandbox whose PDF reader does what its input says: the worst that a parser could. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import type { ExtractContext, Format, FormatInput } from '../../src/extract/format.ts'
import { formatFor } from '../../src/extract/registry.ts'
import { serveSandbox } from '../../src/scan/sandbox-serve.ts'

type MemoryConstructor = new (limits: { initial: number; maximum: number }) => WebAssembly.Memory

const CHUNK = 32 * 1024 * 1024

const deeds: Readonly<Record<string, (context: ExtractContext, argument: string) => unknown>> = {
  hang: () => {
    for (;;);
  },
  /** Looks at the clock, as a parser should. */
  wait: (context) => {
    while (context.budget.hasTime());
    context.text('waited')
  },
  abort: () => process.abort(),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  exit: () => process.exit(0),
  heap: () => {
    const all: number[][] = []
    for (;;) all.push(Array.from({ length: 10_000 }, Math.random))
  },
  buffers: () => {
    const all: Buffer[] = []
    for (;;) all.push(Buffer.alloc(CHUNK, 1))
  },
  wasm: () => {
    const memory = new (WebAssembly.Memory as unknown as MemoryConstructor)({ initial: 1, maximum: 65_536 })
    for (;;) {
      const from = memory.buffer.byteLength
      memory.grow(CHUNK / 65_536)
      new Uint8Array(memory.buffer, from).fill(1)
    }
  },
  /** Claims to have read a part of another message. */
  stray: () => {
    const part = {
      id: 1,
      parent: 0,
      path: 'mail/other.pdf',
      filename: null,
      declaredType: null,
      sniffedType: 'text/plain',
    }
    const more = { size: 1, sha256: 'ab'.repeat(32), depth: 2, via: [], traits: [] }
    const left = { budget: { inflatedBytes: 1, textBytes: 1, parts: 1, ms: 1 }, pictures: null }
    const lists = { sniffedType: null, via: [], traits: [], texts: [], uninspected: [], labels: [], prints: [] }
    const use = { memoryBytes: 1, cpuMs: 1 }
    const json = Buffer.from(JSON.stringify({ kind: 'done', ...lists, parts: [{ ...part, ...more }], left, use }))
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(json.length)
    writeSync(3, Buffer.concat([lengths, json]))
    for (;;);
  },
  /** Hands text on and goes on without waiting until it was taken. */
  overtake: () => {
    const header = Buffer.from(JSON.stringify({ kind: 'text', path: 'a.pdf', isEnd: false }))
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(header.length)
    lengths.writeUInt32LE(1, 4)
    const frame = Buffer.concat([lengths, header, Buffer.from('x')])
    writeSync(3, Buffer.concat([frame, frame]))
    for (;;);
  },
  /** Hands text on of a part of another message. */
  elsewhere: () => {
    const header = Buffer.from(JSON.stringify({ kind: 'text', path: 'mail/other.pdf', isEnd: false }))
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(header.length)
    lengths.writeUInt32LE(1, 4)
    writeSync(3, Buffer.concat([lengths, header, Buffer.from('x')]))
    for (;;);
  },
  /** Asks for bytes of a part that it was given whole. */
  ask: () => {
    const header = Buffer.from(JSON.stringify({ kind: 'read', at: 0, length: 10 }))
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(header.length)
    writeSync(3, Buffer.concat([lengths, header]))
    for (;;);
  },
  babble: () => writeSync(3, Buffer.alloc(64, 0xff)),
  lie: () => {
    const header = Buffer.from(JSON.stringify({ kind: 'done', parts: [{ id: 7 }] }))
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(header.length)
    writeSync(3, Buffer.concat([lengths, header]))
  },
  environment: (context) => context.text(JSON.stringify(process.env)),
  list: (context, path) => attempt(context, () => readdirSync(path).join(' ')),
  read: (context, path) => attempt(context, () => `read ${readFileSync(path).length} bytes`),
  write: (context, path) => attempt(context, () => `${writeFileSync(path, 'x')}`),
  fork: (context) =>
    attempt(context, () => {
      const { error, stdout } = spawnSync(process.execPath, ['--version'])
      if (error) throw error
      return `forked ${stdout}`
    }),
  network: (context, port) =>
    new Promise<void>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: Number(port) })
      const end = (word: string) => {
        context.text(word)
        socket.destroy()
        resolve()
      }
      socket.on('connect', () => end('connected'))
      socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    }),
  say: (context, words) => context.text(words),
}

function attempt(context: ExtractContext, deed: () => string): void {
  try {
    context.text(deed())
  } catch (thrown) {
    context.text((thrown as NodeJS.ErrnoException).code ?? String(thrown))
  }
}

const hostile: Format = {
  id: 'hostile',
  types: ['application/pdf'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const [, deed = '', argument = ''] = Buffer.from(input.bytes).toString('latin1').split('\n')
    await deeds[deed]?.(context, argument)
  },
}

await serveSandbox((type) => (type === 'application/pdf' ? hostile : formatFor(type)))
process.exit(0)
