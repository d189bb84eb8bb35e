/**
 * What registering and recognising documents costs: documents and hashes a second into the catalogue, bytes on disk and
 * in memory for each hash, time to load and list, look-ups a second of hashes that are there and that are not, the share that
 * looking adds to the scan of a mail with all shipped rules, and the time to add one more document. Synthetic documents of
 * words drawn as in real text. Prints one JSON object a line.
 *
 * With --mail, what looking adds to the scan of real mail, and how much of it is taken for a document.
 *
 *   node test/bench/fingerprint.bench.ts [--documents N] [--words N] [--mail FILE.jsonl]
 */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readYamlFiles } from '../../src/app/policy-files.ts'
import { FingerprintCatalog, type NewDocument } from '../../src/catalog/fingerprint-catalog.ts'
import { type CompiledDetectors, compileDetectors } from '../../src/detect/detect-all.ts'
import { fingerprintDetector } from '../../src/detect/fingerprint/fingerprint-detector.ts'
import { eachPosting, type FingerprintIndex, mayHave } from '../../src/detect/fingerprint/fingerprint-index.ts'
import { runScan } from '../../src/scan/scan-job.ts'
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

/** xorshift32: the same documents in every run. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 1
  }

  /** 0 up to 1. */
  next(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) / 2 ** 32
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
      const group = {
        collection: `c${(from + i) % 10}`,
        label: null,
        owner: null,
        sensitivity: null,
        partners: [],
        ignore: false,
      }
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

function memoryOf({ segments, filter, sizes }: FingerprintIndex): { bytes: number; hashes: number } {
  let bytes = filter.words.byteLength
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

/** Mails of 10 KB that share nothing with any document, with and without the index; then mails with a passage. */
async function scan(index: FingerprintIndex): Promise<void> {
  const sources = { rules: await readYamlFiles([join(import.meta.dirname, '../../rules')]), catalogRevision: 'bench' }
  const without = compileDetectors(sources)
  const with_ = compileDetectors({ ...sources, fingerprints: index })
  const own = fingerprintDetector(index)
  const texts = Array.from({ length: 400 }, (_, i) => Buffer.from(documentText(10_000_000 + i, 1_600)))
  const megabytes = texts.reduce((sum, text) => sum + text.length, 0) / 2 ** 20
  const header =
    'From: a@example.com\r\nTo: b@example.org\r\nSubject: monthly figures\r\nContent-Type: text/plain\r\n\r\n'
  const scanAll = (detectors: CompiledDetectors) => async () => {
    for (const text of texts) {
      const bytes = new Uint8Array(Buffer.concat([Buffer.from(header), text]))
      const job = { bytes, as: 'mail', filename: null, declaredType: null } as const
      await runScan(job, detectors, { findingKey: key, extract: {} })
    }
  }
  const lookUp = await cpuOf(() => {
    for (const utf8 of texts) own.inspectText?.({ part: 0, utf8 }, options)
  })
  const plain = await cpuOf(scanAll(without))
  const whole = await cpuOf(scanAll(with_))
  print('scan of mails without a passage', {
    lookUpMegabytesPerSecond: megabytes / lookUp,
    scanMegabytesPerSecond: megabytes / plain,
    addedPercent: (100 * (whole - plain)) / plain,
  })
  const copies = texts.map((text, i) => Buffer.concat([text, Buffer.from(documentText(i, 300))]))
  let matches = 0
  const began = cpuSeconds()
  for (const utf8 of copies) matches += own.inspectText?.({ part: 0, utf8 }, options).matches.length ? 1 : 0
  const millisecondsEach = (1_000 * (cpuSeconds() - began)) / copies.length
  print('mails with a passage', { millisecondsEach, foundPercent: (100 * matches) / copies.length })
}

async function benign(file: string, index: FingerprintIndex): Promise<void> {
  const sources = { rules: await readYamlFiles([join(import.meta.dirname, '../../rules')]), catalogRevision: 'bench' }
  const mails = await benignMails(file, 500)
  let flagged = 0
  const scanAll = (detectors: CompiledDetectors) => async () => {
    flagged = 0
    for (const bytes of mails) {
      const job = { bytes, as: 'mail', filename: null, declaredType: null } as const
      const { findings } = await runScan(job, detectors, { findingKey: key, extract: { ocr: null } })
      if (findings.some((finding) => finding.kind === 'fingerprint')) flagged++
    }
  }
  const plain = await cpuOf(scanAll(compileDetectors(sources)))
  const whole = await cpuOf(scanAll(compileDetectors({ ...sources, fingerprints: index })))
  print('benign mail', { mails: mails.length, flagged, addedPercent: (100 * (whole - plain)) / plain })
}

async function addOne(catalog: FingerprintCatalog, dir: string): Promise<void> {
  const name = 'one more.docx'
  const group = { collection: 'c0', label: null, owner: null, sensitivity: null, partners: [], ignore: false }
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

const dir = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
try {
  await build(new FingerprintCatalog(dir, key))
  const catalog = new FingerprintCatalog(dir, key)
  const index = await load(catalog, dir)
  lookUps(index)
  await scan(index)
  if (values.mail !== undefined) await benign(values.mail, index)
  await addOne(catalog, dir)
} finally {
  await rm(dir, { recursive: true, force: true })
}
