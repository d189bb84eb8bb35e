import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../src/core/limits.ts'
import { extract } from '../../src/extract/extract.ts'
import { MAGIC_SAMPLE_BYTES } from '../../src/extract/sniff-magic.ts'
import { Sandbox } from '../../src/scan/sandbox.ts'
import {
  type PreparedSandbox,
  prepareSandbox,
  type SandboxKind,
  sandboxEnvironment,
} from '../../src/scan/sandbox-launch.ts'
import { openProcesses } from '../../src/scan/sandbox-process.ts'
import { zipOf } from '../extract/formats/making.ts'
import { waitFor } from '../support/wait-for.ts'
import {
  descendantsOf,
  hostileEntry,
  hostileFile,
  hostileSandbox,
  isRunning,
  read,
  readMail,
  sandboxOn,
} from './sandboxes.ts'

const bubblewrap = await hostileSandbox()
const plain = await hostileSandbox('process')
const kinds: readonly (readonly [SandboxKind, PreparedSandbox])[] = [
  ...(bubblewrap.missing === null ? ([['bubblewrap', bubblewrap]] as const) : []),
  ['process', plain],
]
const text = (words: string) => Buffer.from(words)
const said = hostileFile('say', 'SIBLING')

let sandbox: Sandbox
afterEach(() => sandbox?.close())

const deeds: readonly [name: string, deed: string, problem: string, withoutBubblewrap?: boolean][] = [
  ['aborts', 'abort', 'corrupt (parser crashed)', true],
  ['is killed', 'kill', 'corrupt (parser crashed)'],
  ['ends its process', 'exit', 'corrupt (parser crashed)'],
  ['says what is no frame', 'babble', 'corrupt (parser crashed)'],
  ['tells of a part that is not below it', 'stray', 'corrupt (parser crashed)'],
  ['tells a result that does not hold together', 'lie', 'corrupt (parser crashed)'],
  ['fills the heap', 'heap', 'too-large (memory)', true],
  ['fills memory with Buffers', 'buffers', 'too-large (memory)', true],
  ['fills memory of WebAssembly', 'wasm', 'too-large (memory)'],
]

describe.each(kinds)('hostile parsers, %s', (kind, prepared) => {
  it.each(kind === 'process' && kinds.length > 1 ? deeds.filter(([, , , also]) => also) : deeds)(
    'one that %s is told by the path of its part, siblings are read',
    async (_name, deed, problem) => {
      sandbox = sandboxOn(prepared)
      const read = await readMail(sandbox, {
        'before.pdf': said,
        'bad.pdf': hostileFile(deed),
        'after.pdf': said,
        'words.txt': text('plain words'),
      })
      expect(read.uninspected).toEqual([`mail/bad.pdf: ${problem}`])
      expect(read.texts).toMatchObject({
        'mail/before.pdf': 'SIBLING',
        'mail/after.pdf': 'SIBLING',
        'mail/words.txt': 'plain words',
      })
      expect(read.paths).toEqual(['mail', 'mail/before.pdf', 'mail/bad.pdf', 'mail/after.pdf', 'mail/words.txt'])
      expect(await readMail(sandbox, { 'next.pdf': said })).toMatchObject({
        texts: { 'mail/next.pdf': 'SIBLING' },
        uninspected: [],
      })
    },
  )

  it('an infinite loop is ended by its share of the time, siblings and the next message are read', async () => {
    sandbox = sandboxOn(prepared)
    const files = { 'before.pdf': said, 'loop.pdf': hostileFile('hang'), 'after.pdf': said }
    const read = await readMail(sandbox, files, { timeMs: 4_000 })
    expect(read.uninspected).toEqual(['mail/loop.pdf: timeout (parser)'])
    expect(read.texts).toMatchObject({ 'mail/before.pdf': 'SIBLING', 'mail/after.pdf': 'SIBLING' })
    expect((await readMail(sandbox, { 'next.pdf': said })).uninspected).toEqual([])
  })

  it('a crash inside an archive names the member, and the other members are read', async () => {
    sandbox = sandboxOn(prepared)
    const archive = zipOf([
      { name: 'one.pdf', data: said },
      { name: 'inner/two.pdf', data: hostileFile('abort') },
      { name: 'three.pdf', data: said },
      { name: 'four.pdf', data: hostileFile('kill') },
      { name: 'five.txt', data: text('the fifth') },
    ])
    const read = await readMail(sandbox, { 'all.zip': archive })
    expect(read.uninspected).toEqual([
      'mail/all.zip/inner/two.pdf: corrupt (parser crashed)',
      'mail/all.zip/four.pdf: corrupt (parser crashed)',
    ])
    expect(read.texts).toMatchObject({
      'mail/all.zip/one.pdf': 'SIBLING',
      'mail/all.zip/three.pdf': 'SIBLING',
      'mail/all.zip/five.txt': 'the fifth',
    })
    expect(read.paths).toContain('mail/all.zip/four.pdf')
  })

  it('sees no environment, and can write no file', async () => {
    sandbox = sandboxOn(prepared)
    const files = {
      'a.pdf': hostileFile('environment'),
      'b.pdf': hostileFile('write', '/tmp/sluice-sandbox-was-here'),
      'c.pdf': hostileFile('write', join(import.meta.dirname, 'sluice-sandbox-was-here')),
    }
    const { texts } = await readMail(sandbox, files)
    expect(Object.keys(JSON.parse(texts['mail/a.pdf'] ?? '')).filter((name) => name !== 'PWD')).toEqual(
      Object.keys(sandboxEnvironment),
    )
    expect(['ERR_ACCESS_DENIED']).toContain(texts['mail/b.pdf'])
    expect(['ERR_ACCESS_DENIED']).toContain(texts['mail/c.pdf'])
  })

  it.runIf(kind === 'process')('members of an archive that take too long leave time for the rest', async () => {
    sandbox = sandboxOn(prepared)
    const bytes = zipOf([
      { name: 'hang.pdf', data: hostileFile('hang') },
      { name: 'after.pdf', data: said },
      { name: 'patient.pdf', data: hostileFile('wait') },
    ])
    const upload = { bytes, as: 'upload', filename: 'all.zip', declaredType: null } as const
    const { texts, uninspected } = await read(sandbox, upload, { timeMs: 8_000 })
    expect(uninspected).toEqual(['all.zip/hang.pdf: timeout (parser)'])
    expect(texts).toMatchObject({ 'all.zip/patient.pdf': 'waited', 'all.zip/after.pdf': 'SIBLING' })
  })

  it.runIf(kind === 'process')('one message can end only so many', async () => {
    sandbox = sandboxOn(prepared)
    const names = Array.from({ length: limits.sandboxFailuresMax + 3 }, (_each, at) => `bad${at}.pdf`)
    const read = await readMail(sandbox, Object.fromEntries(names.map((name) => [name, hostileFile('exit')])))
    const crashed = read.uninspected.filter((line) => line.includes('corrupt'))
    expect(crashed).toHaveLength(limits.sandboxFailuresMax + 1)
    expect(read.uninspected.slice(crashed.length)).toEqual([
      `mail/bad9.pdf: too-many (${limits.sandboxFailuresMax} failed parsers)`,
      `mail/bad10.pdf: too-many (${limits.sandboxFailuresMax} failed parsers)`,
    ])
  })

  it('a part that its memory does not hold is too large, and nothing else', async () => {
    const small = await prepareSandbox({ memoryMaxBytes: 64 * 1024 * 1024, entry: hostileEntry, kind })
    sandbox = sandboxOn(small)
    const bytes = Buffer.alloc(192 * 1024 * 1024)
    said.copy(bytes)
    const large = await extract(
      { bytes, as: 'upload', filename: 'large.pdf', declaredType: null },
      { isolate: (part) => sandbox.extract(part) },
    )
    expect(large.uninspected).toEqual([{ path: 'large.pdf', reason: 'too-large', detail: 'memory' }])
    expect((await readMail(sandbox, { 'a.pdf': said })).uninspected).toEqual([])
  })

  it('one process reads many parts, and a death is no end', async () => {
    sandbox = sandboxOn(prepared)
    await readMail(sandbox, { 'a.pdf': said })
    const before = descendantsOf(process.pid)
    for (let at = 0; at < 5; at++) expect((await readMail(sandbox, { 'a.pdf': said })).uninspected).toEqual([])
    expect(descendantsOf(process.pid)).toEqual(before)
    for (const pid of before) process.kill(pid, 'SIGKILL')
    await waitFor('the death of the sandbox', () => !before.some(isRunning))
    expect((await readMail(sandbox, { 'a.pdf': said })).uninspected).toEqual([])
  })

  it('dies with the process that started it, even in an infinite loop', async () => {
    const script = join(import.meta.dirname, 'hang-in-sandbox.ts')
    const before = new Set(descendantsOf(process.pid))
    const launch = JSON.stringify({ ...prepared.launch, filter: Array.from(prepared.launch.filter ?? []) })
    const owner = spawn(process.execPath, [script, launch], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(owner.stdout, 'data')
    const pids = descendantsOf(process.pid).filter((pid) => !before.has(pid))
    expect(pids.length).toBeGreaterThan(1)
    owner.kill('SIGKILL')
    await waitFor('the death of everything', () => !pids.some(isRunning))
  })
})

describe.skipIf(bubblewrap.missing !== null)('under bubblewrap', () => {
  let server: Server
  let port = 0
  let connections = 0
  beforeAll(async () => {
    server = createServer((socket) => {
      connections++
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as { port: number }).port
  })
  afterAll(() => server.close())

  /** Without what Node itself would refuse. */
  const unguarded: PreparedSandbox = {
    ...bubblewrap,
    launch: {
      ...bubblewrap.launch,
      args: bubblewrap.launch.args.filter((arg) => !/^--(?:permission|allow-)/.test(arg)),
    },
  }

  it.each([
    ['as it is', bubblewrap, 'ERR_ACCESS_DENIED'],
    ['with nothing refused by Node', unguarded, 'EPERM'],
  ])('no fork and no network, %s', async (_, prepared, refusal) => {
    sandbox = sandboxOn(prepared)
    const { texts } = await readMail(sandbox, {
      'fork.pdf': hostileFile('fork'),
      'network.pdf': hostileFile('network', String(port)),
    })
    expect(texts['mail/fork.pdf']).toBe(refusal)
    expect(texts['mail/network.pdf']).toBe('EPERM')
    expect(connections).toBe(0)
  })

  it('no file but the program’s own, none that can be written', async () => {
    sandbox = sandboxOn(unguarded)
    const { texts } = await readMail(sandbox, {
      'root.pdf': hostileFile('list', '/'),
      'secret.pdf': hostileFile('read', '/etc/passwd'),
      'keys.pdf': hostileFile('read', join(import.meta.dirname, '../../package-lock.json')),
      'tmp.pdf': hostileFile('write', '/tmp/x'),
      'own.pdf': hostileFile('write', join(import.meta.dirname, 'x')),
    })
    expect(texts['mail/root.pdf']?.split(' ')).not.toEqual(expect.arrayContaining(['etc']))
    expect(texts['mail/root.pdf']?.split(' ')).not.toEqual(expect.arrayContaining(['home']))
    expect(texts['mail/secret.pdf']).toBe('ENOENT')
    expect(texts['mail/keys.pdf']).toBe('ENOENT')
    expect(['EROFS', 'ENOENT']).toContain(texts['mail/tmp.pdf'])
    expect(texts['mail/own.pdf']).toBe('EROFS')
  })
})

/** A picture of GIMP: its mark, then numbers. */
const xcf = Buffer.concat([Buffer.from('gimp xcf v011\0'), Buffer.from([0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 0])])

describe('the shipped sandbox', () => {
  it('reads what is read without it, pictures and archives included', async () => {
    sandbox = sandboxOn(await prepareSandbox({ memoryMaxBytes: limits.sandboxMemoryMaxBytes }))
    const inner = zipOf([{ name: 'same.txt', data: text('first') }])
    const bytes = zipOf([
      { name: 'a.txt', data: text('words') },
      { name: 'in.zip', data: inner },
      { name: 'in.zip', data: inner },
      { name: 'cut.pdf', data: text('%PDF-1.7\nnothing\n') },
      { name: 'known-to-libmagic-alone', data: xcf },
    ])
    const input = { bytes, as: 'upload' as const, filename: 'all.zip', declaredType: null }
    const [here, there] = [await extract(input), await extract(input, { isolate: (part) => sandbox.extract(part) })]
    expect(there.parts).toEqual(here.parts)
    expect(there.uninspected).toEqual(here.uninspected)
    const textsOf = ({ texts }: typeof here) => texts.map(({ part, utf8 }) => [part, Buffer.from(utf8).toString()])
    expect(textsOf(there)).toEqual(textsOf(here))
  })

  it('is asked for the type of what no own signature knows, and told no more than its beginning', async () => {
    sandbox = sandboxOn(await prepareSandbox({ memoryMaxBytes: limits.sandboxMemoryMaxBytes }))
    const asked: [readonly string[], number][] = []
    const bytes = Buffer.concat([xcf, Buffer.alloc(1_000_000, 7)])
    const { parts, uninspected } = await extract(
      { bytes, as: 'upload', filename: 'picture', declaredType: null },
      {
        isolate: async (part) => {
          asked.push([part.types, part.bytes.length])
          return await sandbox.extract(part)
        },
      },
    )
    expect(parts.map(({ sniffedType }) => sniffedType)).toEqual(['image/x-xcf'])
    expect(uninspected).toEqual([{ path: 'picture', reason: 'unsupported', detail: 'image/x-xcf' }])
    expect(asked).toEqual([[[], MAGIC_SAMPLE_BYTES]])
  })

  it('hands over as much text as it may, and no more, where a part has more of it', async () => {
    const textMaxBytes = 65
    const { launch } = await prepareSandbox({ memoryMaxBytes: limits.sandboxMemoryMaxBytes })
    sandbox = new Sandbox(openProcesses(launch), { textMaxBytes }, limits.sandboxRequestMaxBytes)
    // Each name is a piece of text of its own, each with a line break before the next.
    const bytes = zipOf(Array.from({ length: 40 }, (_, at) => ({ name: `n${at + 10}`, data: text('') })))
    const input = { bytes, as: 'upload' as const, filename: null, declaredType: null }
    const { texts, uninspected } = await extract(input, {
      limits: { textMaxBytes },
      isolate: (part) => sandbox.extract(part),
    })
    expect(uninspected.map(({ reason }) => reason)).toEqual(['too-large'])
    expect(texts.reduce((sum, { utf8 }) => sum + utf8.length, 0)).toBe(textMaxBytes)
  })

  it('that does not start is no verdict on the content', async () => {
    const { launch } = plain
    const broken = { ...launch, args: [...launch.args.slice(0, -1), '/no/such/entry.ts'] }
    sandbox = new Sandbox(openProcesses(broken), { textMaxBytes: 1 }, limits.sandboxRequestMaxBytes)
    await expect(readMail(sandbox, { 'a.pdf': said })).rejects.toThrow('the sandbox for parsers does not start')
  })
})
