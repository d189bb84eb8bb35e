/**
 * What tables cost: rows a second into an index, bytes for each row, time to load, the time a text takes beside the whole
 * scan of a mail, wrong matches in mail that names people at random, and a bulk of rows found again. Synthetic persons:
 * customer number, first name, surname, city, date of birth. Prints one JSON object a line.
 *
 * With --mail, wrong matches in real mail of an index of persons with everyday names, and what look-ups add to its scan.
 *
 *   node test/bench/exact-data.bench.ts [--rows N] [--mail FILE.jsonl]
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readYamlFiles } from '../../src/app/policy-files.ts'
import { ExactDataCatalog } from '../../src/catalog/exact-data-catalog.ts'
import { parseExactDataSchema } from '../../src/catalog/exact-data-schema.ts'
import { type CompiledDetectors, compileDetectors } from '../../src/detect/detect-all.ts'
import { exactDataDetector } from '../../src/detect/exact-data/exact-data-detector.ts'
import type { ExactDataIndex } from '../../src/detect/exact-data/exact-data-index.ts'
import { runScan } from '../../src/scan/scan-job.ts'
import { benignMails } from './support/benign-mails.ts'
import { cpuOf, cpuSeconds } from './support/own-cpu.ts'

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' }, mail: { type: 'string' } } })
const rows = Number(values.rows)
const key = new Uint8Array(32).fill(3)
const options = { findingKey: key }
const CHUNK_ROWS = 1_000

const { schema } = parseExactDataSchema(
  'bench.yaml',
  `name: persons
columns:
  - { name: no, kind: code, alone: true }
  - { name: first, kind: words }
  - { name: last, kind: words }
  - { name: city, kind: words }
  - { name: born, kind: date }
`,
)

/** murmur3's mix: the same persons in every run, in any order. */
function mix(seed: number): number {
  let h = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const SYLLABLES = [
  'an',
  'be',
  'cor',
  'da',
  'el',
  'fi',
  'gar',
  'hol',
  'is',
  'jo',
  'ka',
  'lind',
  'mar',
  'ne',
  'or',
  'per',
]
/** A name of the given number of syllables out of a list of 16 ** that; small numbers come much more often. */
function nameOf(seed: number, syllables: number): string {
  const most = SYLLABLES.length ** syllables
  let number = Math.floor(most ** ((mix(seed) + 1) / 2 ** 32)) - 1
  let name = ''
  for (let i = 0; i < syllables; i++) {
    name += SYLLABLES[number % SYLLABLES.length] ?? ''
    number = Math.floor(number / SYLLABLES.length)
  }
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function person(i: number): string[] {
  const day = mix(i * 5 + 4)
  const born = `${1940 + (day % 70)}-${String(1 + ((day >>> 8) % 12)).padStart(2, '0')}-${String(1 + ((day >>> 16) % 28)).padStart(2, '0')}`
  const number = String(100_000_000 + (mix(i) % 800_000_000))
  return [number, nameOf(i * 5 + 1, 3), nameOf(i * 5 + 2, 5), `${nameOf(i * 5 + 3, 3)}ville`, born]
}

async function* csv(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('no,first,last,city,born\n')
  for (let from = 0; from < rows; from += CHUNK_ROWS)
    yield Buffer.from(
      Array.from({ length: Math.min(CHUNK_ROWS, rows - from) }, (_, i) => `${person(from + i).join(',')}\n`).join(''),
    )
}

function print(measure: string, figures: Readonly<Record<string, number>>): void {
  const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100])
  process.stdout.write(`${JSON.stringify({ measure, ...Object.fromEntries(rounded) })}\n`)
}

async function build(tables: ExactDataCatalog): Promise<void> {
  if (!schema) throw new Error('the schema has mistakes')
  let began = cpuSeconds()
  for await (const piece of csv()) if (piece.length === 0) return
  const making = cpuSeconds() - began
  began = cpuSeconds()
  const built = await tables.index(schema, csv(), 1)
  const seconds = cpuSeconds() - began - making
  print('build', {
    rows,
    columns: 5,
    leadingValues: built.values,
    cpuSeconds: seconds,
    rowsPerSecond: rows / seconds,
    peakMegabytes: process.memoryUsage().rss / 2 ** 20,
  })
}

async function load(tables: ExactDataCatalog, dir: string): Promise<ExactDataIndex> {
  let disk = 0
  for (const file of await readdir(dir)) disk += (await stat(join(dir, file))).size
  const began = performance.now()
  const [index] = (await tables.open()).indexes
  const seconds = (performance.now() - began) / 1_000
  if (!index) throw new Error('nothing was indexed')
  const { tags, values: numbers, offsets } = index.table
  const memory = tags.byteLength + numbers.byteLength + offsets.byteLength + index.cells.byteLength
  print('load', {
    seconds,
    diskBytesPerRow: disk / rows,
    memoryBytesPerRow: memory / rows,
    memoryMegabytes: memory / 2 ** 20,
  })
  return index
}

const WORDS =
  'the order of last week has been sent to you and will arrive in a few days please tell us when it does so that we can close the case for your records kind regards'.split(
    ' ',
  )
/** A mail of about 10 KB with numbers, dates and people that are in no row, or in some by chance. */
function mail(seed: number): string {
  const text: string[] = []
  for (let i = 0; i < 1_800; i++) {
    const draw = mix(seed * 4_096 + i)
    if (draw % 50 === 0) text.push(nameOf(draw, 3), nameOf(draw >>> 3, 5))
    else if (draw % 97 === 0) text.push(String(100_000 + (draw % 9_000_000)))
    else if (draw % 193 === 0) text.push(`${1 + (draw % 28)}.${1 + (draw % 12)}.${1950 + (draw % 70)}`)
    else text.push(draw % 7 === 0 ? nameOf(draw, 2).toLowerCase() : (WORDS[draw % WORDS.length] ?? ''))
  }
  return text.join(' ')
}

async function scan(index: ExactDataIndex): Promise<void> {
  const sources = { rules: await readYamlFiles([join(import.meta.dirname, '../../rules')]), catalogRevision: 'bench' }
  const without = compileDetectors(sources)
  const whole = compileDetectors({ ...sources, exactData: [index] })
  const own = exactDataDetector([index])
  const texts = Array.from({ length: 300 }, (_, i) => Buffer.from(mail(i)))
  const megabytes = texts.reduce((sum, text) => sum + text.length, 0) / 2 ** 20
  const scanAll = (detectors: CompiledDetectors) => async () => {
    for (const text of texts) {
      const bytes = new Uint8Array(
        Buffer.concat([Buffer.from('From: a@example.com\r\nContent-Type: text/plain\r\n\r\n'), text]),
      )
      await runScan({ bytes, as: 'mail', filename: null, declaredType: null }, detectors, {
        findingKey: key,
        extract: {},
      })
    }
  }
  const lookUp = await cpuOf(() => {
    for (const utf8 of texts) own.inspectText?.({ part: 0, utf8 }, options)
  })
  const plain = await cpuOf(scanAll(without))
  const both = await cpuOf(scanAll(whole))
  print('scan of mails without a row', {
    lookUpMegabytesPerSecond: megabytes / lookUp,
    scanMegabytesPerSecond: megabytes / plain,
    addedPercent: (100 * (both - plain)) / plain,
  })
  for (const columnsMin of [2, 3]) {
    const detector = exactDataDetector([{ ...index, columnsMin }])
    const matches = texts.map((utf8) => detector.inspectText?.({ part: 0, utf8 }, options).matches.length ?? 0)
    print('people named at random', {
      columnsMin,
      mails: texts.length,
      namesEach: 36,
      mailsWithAMatch: matches.filter((count) => count > 0).length,
      matches: matches.reduce((sum, count) => sum + count, 0),
    })
  }
  const some = Math.min(10_000, rows)
  const bulk = Buffer.from(
    Array.from({ length: some }, (_, i) => person(Math.floor((i * rows) / some)).join('\t')).join('\n'),
  )
  const began = cpuSeconds()
  const found = own.inspectText?.({ part: 0, utf8: bulk }, options)
  print('a bulk of rows', {
    rows: some,
    foundPercent: (100 * new Set(found?.matches.map((match) => match.normalized)).size) / some,
    cpuSeconds: cpuSeconds() - began,
    megabytes: bulk.length / 2 ** 20,
  })
}

const GIVEN =
  'James Mary John Patricia Robert Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Thomas Sarah Charles Karen Daniel Lisa Matthew Nancy Anthony Mark Sandra Paul Steven Andrew Emily Kevin Brian George Laura Peter Anna Maria Hans Petra Klaus Julia Stefan Katrin Luca Giulia Marco Sofia Jean Camille Pierre Claire Carlos Lucia Diego Wei Li Yuki Ahmed Fatima Olga Ivan'.split(
    ' ',
  )
const FAMILY =
  'Smith Johnson Williams Brown Jones Garcia Miller Davis Wilson Anderson Taylor Thomas Moore Martin Jackson Thompson White Lee Harris Clark Lewis Young Walker Hall Allen King Wright Scott Hill Green Adams Baker Nelson Carter Mitchell Turner Parker Evans Edwards Collins Stewart Morris Murphy Cook Rogers Bell Bailey Cooper Ward Cox Gray Wood Long Ross Foster Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Hoffmann Rossi Russo Ferrari Bianchi Dubois Moreau Laurent Silva Santos Kim Chen Wang Zhang Singh Kumar Ivanov'.split(
    ' ',
  )
const CITIES =
  'London Paris Berlin Madrid Rome Vienna Munich Hamburg Milan Lyon Boston Chicago Dallas Denver Seattle Austin Phoenix Toronto Sydney Dublin Lisbon Prague Warsaw Oslo Cologne Zurich Geneva Porto Turin Leeds'.split(
    ' ',
  )

function pick(list: readonly string[], seed: number): string {
  return list[mix(seed) % list.length] ?? ''
}

/** Customer number, names that many people have, a city, a date of birth. */
async function* everydayPersons(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('no,first,last,city,born\n')
  for (let from = 0; from < rows; from += CHUNK_ROWS)
    yield Buffer.from(
      Array.from({ length: Math.min(CHUNK_ROWS, rows - from) }, (_, at) => {
        const i = from + at
        const [no, , , , born] = person(i)
        return `${no},${pick(GIVEN, i * 7 + 1)},${pick(FAMILY, i * 7 + 2)},${pick(CITIES, i * 7 + 3)},${born}\n`
      }).join(''),
    )
}

async function benign(file: string, tables: ExactDataCatalog): Promise<void> {
  if (!schema) throw new Error('the schema has mistakes')
  await tables.index(schema, everydayPersons(), 1)
  const [index] = (await tables.open()).indexes
  if (!index) throw new Error('nothing was indexed')
  const mails = await benignMails(file, 500)
  const sources = { rules: await readYamlFiles([join(import.meta.dirname, '../../rules')]), catalogRevision: 'bench' }
  const without = compileDetectors(sources)
  let [mailsWithAMatch, matches] = [0, 0]
  const scanAll = (detectors: CompiledDetectors) => async () => {
    ;[mailsWithAMatch, matches] = [0, 0]
    for (const bytes of mails) {
      const job = { bytes, as: 'mail', filename: null, declaredType: null } as const
      const { findings } = await runScan(job, detectors, { findingKey: key, extract: { ocr: null } })
      const own = findings.filter((finding) => finding.kind === 'exact-data')
      if (own.length > 0) mailsWithAMatch++
      matches += own.reduce((sum, finding) => sum + finding.count, 0)
    }
  }
  const plain = await cpuOf(scanAll(without))
  for (const columnsMin of [2, 3]) {
    const both = await cpuOf(scanAll(compileDetectors({ ...sources, exactData: [{ ...index, columnsMin }] })))
    print('benign mail, everyday names', {
      rows,
      columnsMin,
      mails: mails.length,
      mailsWithAMatch,
      matches,
      addedPercent: (100 * (both - plain)) / plain,
    })
  }
}

const dir = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
try {
  await build(new ExactDataCatalog(dir, key))
  const index = await load(new ExactDataCatalog(dir, key), dir)
  await scan(index)
  if (values.mail !== undefined) await benign(values.mail, new ExactDataCatalog(dir, key))
} finally {
  await rm(dir, { recursive: true, force: true })
}
