/**
 * What registering and recognising documents costs: documents and hashes a second into the catalogue, bytes on disk and
 * in memory for each hash, time to load and list, look-ups a second of hashes that are there and that are not, the share that
 * looking adds to the scan of a mail with all shipped rules, and the time to add one more document. Synthetic documents of
 * words drawn as in real text. Prints one JSON object a line.
 *
 * With --mail, what looking adds to the scan of real mail, and how much of it is taken for a document; then the same of
 * half of that mail where the other half, by the same authors, is registered.
 *
 *   node test/bench/fingerprint.bench.ts [--documents N] [--words N] [--mail FILE.jsonl]
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readYamlFiles } from '../../src/app/policy-files.ts'
import { FingerprintCatalog, type NewDocument } from '../../src/catalog/fingerprint-catalog.ts'
import { type CompiledDetectors, compileDetectors } from '../../src/detect/detect-all.ts'
import { fingerprintDetector } from '../../src/detect/fingerprint/fingerprint-detector.ts'
import {
  type DocumentGroup,
  eachPosting,
  type FingerprintIndex,
  mayHave,
} from '../../src/detect/fingerprint/fingerprint-index.ts'
import { runExtract, runScan } from '../../src/scan/scan-job.ts'
import { benignMails } from './support/benign-mails.ts'
import { cpuOf, cpuSeconds } from './support/own-cpu.ts'

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '20000' },
    words: { type: 'string', default: '1000' },
    mail: { type: 'string' },
  },
})
const documents = Number(values.documents)
const wordsEach = Number(values.words)
const BATCH = 4_096
const key = new Uint8Array(32).fill(3)
const options = { findingKey: key }

/**
 * sfc32 (Doty-Humphrey, PractRand): the same documents in every run. Its state is wide enough that no two documents draw
 * the same stretch of numbers, and with it the same passage: a million documents want a quarter of what 32 bits have.
 */
class Random {
  #a: number
  #b: number
  #c: number
  #count = 1

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = Math.imul(seed, 0x9e3779b1)
    this.#c = Math.imul(seed, 0x85ebca77)
    for (let i = 0; i < 12; i++) this.next()
  }

  /** 0 up to 1. */
  next(): number {
    const drawn = (this.#a + this.#b + this.#count++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + drawn) | 0
    return (drawn >>> 0) / 2 ** 32
  }
}

const VOCABULARY = Array.from({ length: 50_000 }, (_, i) => {
  const random = new Random(i + 1)
  return Array.from({ length: 2 + Math.floor(random.next() * 9) }, () =>
    'etaoinshrdlucmfwypvbgkjqxz'.charAt(Math.floor(random.next() ** 2 * 26)),
  ).join('')
})

/** Frequent words are frequent, as Zipf found them: rank by an exponential of an even draw. */
function documentText(seed: number, words: number): string {
  const random = new Random(seed + 7)
  const text: string[] = []
  for (let i = 0; i < words; i++)
    text.push(VOCABULARY[Math.floor(VOCABULARY.length ** random.next()) - 1] ?? '', i % 12 === 11 ? '.\n' : ' ')
  return text.join('')
}

function print(measure: string, figures: Readonly<Record<string, number>>): void {
  const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100])
  process.stdout.write(`${JSON.stringify({ measure, ...Object.fromEntries(rounded) })}\n`)
}

async function build(catalog: FingerprintCatalog): Promise<void> {
  let seconds = 0
  let wallSeconds = 0
  for (let from = 0; from < documents; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, documents - from) }, (_, i): NewDocument => {
      const group = groupOf(`c${(from + i) % 10}`)
      const sha256 = (from + i).toString(16).padStart(64, '0')
      return {
        name: `folder/document-${from + i}.docx`,
        group,
        sha256,
        texts: [Buffer.from(documentText(from + i, wordsEach))],
      }
    })
    const began = [cpuSeconds(), performance.now()] as const
    await catalog.add(batch, 1)
    seconds += cpuSeconds() - began[0]
    wallSeconds += (performance.now() - began[1]) / 1_000
    if (process.stderr.isTTY) process.stderr.write(`\r${from + batch.length} documents`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  const began = cpuSeconds()
  const rows = await catalog.list()
  const listSeconds = cpuSeconds() - began
  const hashes = rows.reduce((sum, row) => sum + row.shingles, 0)
  print('build', {
    documents,
    wordsEach,
    hashes,
    cpuSeconds: seconds,
    wallSeconds,
    documentsPerSecond: documents / seconds,
    hashesPerSecond: hashes / seconds,
    listCpuSeconds: listSeconds,
    peakMegabytes: process.memoryUsage().rss / 2 ** 20,
  })
}

function memoryOf({ segments, filter, shortFilter, sizes }: FingerprintIndex): { bytes: number; hashes: number } {
  let bytes = filter.words.byteLength + (shortFilter?.words.byteLength ?? 0)
  let hashes = 0
  for (const [i, { table, records, names, dead }] of segments.entries()) {
    hashes += table.tags.length
    for (const array of [table.tags, table.values, table.offsets, records, names, dead, sizes[i]])
      bytes += array?.byteLength ?? 0
  }
  return { bytes, hashes }
}

async function load(catalog: FingerprintCatalog, dir: string): Promise<FingerprintIndex> {
  let disk = 0
  for (const file of await readdir(dir)) disk += (await stat(join(dir, file))).size
  const began = [cpuSeconds(), performance.now()] as const
  const index = await catalog.open()
  const seconds = cpuSeconds() - began[0]
  const wallSeconds = (performance.now() - began[1]) / 1_000
  if (!index) throw new Error('nothing was registered')
  const { bytes, hashes } = memoryOf(index)
  print('load', {
    cpuSeconds: seconds,
    wallSeconds,
    segments: index.segments.length,
    diskBytesPerHash: disk / hashes,
    memoryBytesPerHash: bytes / hashes,
    memoryMegabytes: bytes / 2 ** 20,
  })
  return index
}

function lookUps(index: FingerprintIndex): void {
  const count = 2_000_000
  const absent = new Uint32Array(count).map((_, i) => Math.imul(i + 1, 0x9e3779b1))
  let passed = 0
  let began = performance.now()
  for (let i = 0; i < count; i++) if (mayHave(index, absent[i] as number, i & 0xffff)) passed++
  const absentSeconds = (performance.now() - began) / 1_000
  const present: [number, number][] = []
  for (const { table } of index.segments) {
    const step = Math.max(1, Math.floor(table.tags.length / 200_000))
    for (let bucket = 0; bucket < table.offsets.length - 1; bucket++) {
      const at = table.offsets[bucket] as number
      if (at >= (table.offsets[bucket + 1] as number) || at % step !== 0) continue
      const tag = table.tags[at] as number
      present.push([((bucket << (32 - table.bits)) | (tag >>> 16)) >>> 0, tag & 0xffff])
    }
  }
  let found = 0
  began = performance.now()
  for (const [high, low] of present)
    eachPosting(index, high, low, false, () => {
      found++
      return true
    })
  const presentSeconds = (performance.now() - began) / 1_000
  print('look-up', {
    absentPerSecond: count / absentSeconds,
    filterPassedPercent: (100 * passed) / count,
    presentPerSecond: present.length / presentSeconds,
    postingsEach: found / present.length,
  })
}

const without = compileDetectors({
  rules: await readYamlFiles([join(import.meta.dirname, '../../rules')]),
  catalogRevision: 'bench',
})

interface Added {
  /** Mails with a finding of a document. */
  readonly flagged: number
  readonly scanMegabytesPerSecond: number
  /** What looking for documents adds to the scan, in percent of it: the median of several rounds in turns. */
  readonly addedPercent: number
}

async function addedTo(mails: readonly Uint8Array[], index: FingerprintIndex): Promise<Added> {
  let flagged = 0
  const scanAll = async (detectors: CompiledDetectors) => {
    flagged = 0
    const began = cpuSeconds()
    for (const bytes of mails) {
      const job = { bytes, as: 'mail', filename: null, declaredType: null } as const
      const { findings } = await runScan(job, detectors, { findingKey: key, extract: { ocr: null } })
      if (findings.some((finding) => finding.kind === 'fingerprint')) flagged++
    }
    return cpuSeconds() - began
  }
  // Both have the same tables of rules: two of them would drive each other out of the cache.
  const with_ = { ...without, detectors: [...without.detectors, fingerprintDetector(index)] }
  const rounds: { readonly plain: number; readonly added: number }[] = []
  for (let round = 0; round < 5; round++) {
    const plain = await scanAll(without)
    rounds.push({ plain, added: (await scanAll(with_)) / plain - 1 })
  }
  const middle = <T>(values: T[], of: (value: T) => number) => of(values.sort((a, b) => of(a) - of(b))[2] as T)
  const megabytes = mails.reduce((sum, bytes) => sum + bytes.length, 0) / 2 ** 20
  return {
    flagged,
    scanMegabytesPerSecond: megabytes / middle(rounds, ({ plain }) => plain),
    addedPercent: 100 * middle(rounds, ({ added }) => added),
  }
}

/** Prose of the documents' own vocabulary and nothing else, which shares nothing with any of them; then with a passage. */
async function scan(index: FingerprintIndex): Promise<void> {
  const own = fingerprintDetector(index)
  const texts = Array.from({ length: 400 }, (_, i) => Buffer.from(documentText(10_000_000 + i, 1_600)))
  const megabytes = texts.reduce((sum, text) => sum + text.length, 0) / 2 ** 20
  const header =
    'From: a@example.com\r\nTo: b@example.org\r\nSubject: monthly figures\r\nContent-Type: text/plain\r\n\r\n'
  const lookUp = await cpuOf(() => {
    for (const utf8 of texts) own.inspectText?.({ part: 0, utf8 }, options)
  })
  const mails = texts.map((text) => new Uint8Array(Buffer.concat([Buffer.from(header), text])))
  print('prose of their vocabulary', {
    lookUpMegabytesPerSecond: megabytes / lookUp,
    mails: mails.length,
    ...(await addedTo(mails, index)),
  })
  const copies = texts.map((text, i) => Buffer.concat([text, Buffer.from(documentText(i, 300))]))
  let matches = 0
  const began = cpuSeconds()
  for (const utf8 of copies) matches += own.inspectText?.({ part: 0, utf8 }, options).matches.length ? 1 : 0
  const millisecondsEach = (1_000 * (cpuSeconds() - began)) / copies.length
  print('mails with a passage', { millisecondsEach, foundPercent: (100 * matches) / copies.length })
}

async function benign(mails: readonly Uint8Array[], index: FingerprintIndex): Promise<void> {
  print('benign mail', { mails: mails.length, ...(await addedTo(mails, index)) })
}

/** The bodies of half of the mails are documents: the same people write on the same matters and quote one another. */
async function ofSameAuthors(mails: readonly Uint8Array[], catalog: FingerprintCatalog): Promise<void> {
  const registered: NewDocument[] = []
  for (const [i, bytes] of mails.entries()) {
    if (i % 2 === 1) continue
    const { texts } = await runExtract({ bytes, as: 'mail', filename: null, declaredType: null }, { ocr: null })
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const bodies = texts.filter((text) => text.part !== 0).map((text) => text.utf8)
    registered.push({ name: `${i}.eml`, group: groupOf('mail'), sha256, texts: bodies })
  }
  await catalog.add(registered, 1)
  const index = await catalog.open()
  if (!index) throw new Error('nothing was registered')
  const others = mails.filter((_, i) => i % 2 === 1)
  print('mail beside registered mail', { mails: others.length, ...(await addedTo(others, index)) })
}

function groupOf(collection: string): DocumentGroup {
  return { collection, label: null, owner: null, sensitivity: null, partners: [], ignore: false }
}

async function addOne(catalog: FingerprintCatalog, dir: string): Promise<void> {
  const name = 'one more.docx'
  const group = groupOf('c0')
  const texts = [Buffer.from(documentText(documents + 1, wordsEach))]
  const before = new Set(await readdir(dir))
  const began = performance.now()
  const beganCpu = cpuSeconds()
  await catalog.add([{ name, group, sha256: 'f'.repeat(64), texts }], 2)
  const milliseconds = performance.now() - began
  const cpuMilliseconds = 1_000 * (cpuSeconds() - beganCpu)
  let bytesWritten = 0
  for (const file of await readdir(dir)) if (!before.has(file)) bytesWritten += (await readFile(join(dir, file))).length
  print('one more document', { milliseconds, cpuMilliseconds, bytesWritten })
}

/** Lets go of the index when it is done: a second one follows, and both may not fit into memory. */
async function measureLoaded(catalog: FingerprintCatalog, mails: readonly Uint8Array[]): Promise<void> {
  const index = await load(catalog, dir)
  lookUps(index)
  await scan(index)
  if (mails.length > 0) await benign(mails, index)
}

const dir = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
try {
  await build(new FingerprintCatalog(dir, key))
  const catalog = new FingerprintCatalog(dir, key)
  const mails = values.mail === undefined ? [] : await benignMails(values.mail, 500)
  await measureLoaded(catalog, mails)
  await addOne(catalog, dir)
  if (mails.length > 0) await ofSameAuthors(mails, catalog)
} finally {
  await rm(dir, { recursive: true, force: true })
}
