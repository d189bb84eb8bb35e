/**
 * What durable intake costs, against plain ways of doing the same, in the same run: blobs a second through the group
 * commit log beside a file with fsync and directory fsync per message, and state changes a second through the SQLite
 * store beside one transaction per change. Prints one JSON object a line, medians of several rounds.
 *
 *   node test/bench/spool.bench.ts [--seconds N] [--rounds N]
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { systemClock } from '../../src/platform/clock.ts'
import { openDiskBlobStore } from '../../src/store/blob-disk/disk-blob-store.ts'
import { openSqliteState } from '../../src/store/sqlite/open-sqlite-state.ts'
import { creation } from '../contract/sample-submissions.ts'
import { ephemeralKeys } from '../support/memory-keys.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '1' }, rounds: { type: 'string', default: '3' } },
})
const roundMs = Number(values.seconds) * 1_000
const rounds = Number(values.rounds)
const keys = ephemeralKeys()

interface Rate {
  readonly perSecond: number
  readonly cpuMicrosecondsEach: number
}

/** Runs `work` from so many loops at a time for one round. */
async function rate(inFlight: number, work: () => Promise<unknown>): Promise<Rate> {
  const began = performance.now()
  const cpu = process.cpuUsage()
  let done = 0
  const loop = async (): Promise<void> => {
    while (performance.now() - began < roundMs) {
      await work()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, loop))
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: (done / (performance.now() - began)) * 1_000, cpuMicrosecondsEach: (user + system) / done }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return Math.round(sorted[sorted.length >> 1] ?? 0)
}

/** Rounds of each candidate in turn, so that a busy moment hits all alike. */
async function compare(
  measure: string,
  inFlight: number,
  candidates: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<void> {
  const rates = new Map<string, Rate[]>()
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, work] of Object.entries(candidates)) {
      rates.set(name, [...(rates.get(name) ?? []), await rate(inFlight, work)])
    }
  }
  for (const [name, found] of rates) {
    const perSecond = median(found.map((r) => r.perSecond))
    const cpuMicrosecondsEach = median(found.map((r) => r.cpuMicrosecondsEach))
    process.stdout.write(`${JSON.stringify({ measure, inFlight, candidate: name, perSecond, cpuMicrosecondsEach })}\n`)
  }
}

async function fileAndFsync(dir: string, content: Uint8Array, number: number): Promise<void> {
  const file = await open(join(dir, `message-${number}`), 'wx')
  await file.writeFile(content)
  await file.sync()
  await file.close()
  const folder = await open(dir, 'r')
  await folder.sync()
  await folder.close()
}

const root = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
let number = 0
const next = (): number => {
  number += 1
  return number
}
try {
  const blobs = await openDiskBlobStore({ dir: join(root, 'spool'), keys: keys.keyEncryption, clock: systemClock })
  for (const [label, size] of [
    ['blobs of 10 KB', 10_240],
    ['blobs of 100 KB', 102_400],
  ] as const) {
    const content = randomBytes(size)
    const candidates = {
      'group commit log, encrypted': async () => {
        const writer = await blobs.create()
        await writer.write(content)
        await writer.commit()
      },
      'file, fsync and directory fsync, plain': () => fileAndFsync(root, content, next()),
    }
    for (const inFlight of [1, 50]) await compare(label, inFlight, candidates)
  }
  await blobs.close()

  const { store } = await openSqliteState({ dir: join(root, 'state'), keys, clock: systemClock })
  const plain = new Database(join(root, 'plain.sqlite'))
  plain.pragma('journal_mode = WAL')
  plain.pragma('synchronous = FULL')
  plain.exec('CREATE TABLE changes (id TEXT PRIMARY KEY, body TEXT)')
  const insert = plain.prepare('INSERT INTO changes VALUES (?, ?)')
  const body = JSON.stringify(creation('x'))
  for (const inFlight of [1, 50]) {
    await compare('state changes', inFlight, {
      'store with audit chain': () => store.transition(creation(`s${next()}`)),
      'one bare insert and commit each': async () => insert.run(`s${next()}`, body),
    })
  }
  plain.close()
  await store.close()
} finally {
  await rm(root, { recursive: true, force: true })
}
