/**
 * What extraction costs, beside public tools that read the same files in the same run, each on one core by CPU time:
 * `npm run bench -- extract [KIND…] [--corpus FOLDER]`. Ours is measured twice: in a process that runs already, which is
 * how the gateway works, and as `sluice extract --files-from`, which pays for starting up like the tools do. Sluice reads
 * more of each file than any of them (hashes, true types, hidden text, files inside), and opens what is attached to mail.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { simpleParser } from 'mailparser'
import { extract } from '../../src/extract/extract.ts'
import * as documents from './support/bench-documents.ts'
import { convert, cpuOf, isInstalled, toolsFor } from './support/rival-tools.ts'

/** Files of one kind and size that are measured together. */
interface Batch {
  readonly kind: string
  readonly what: string
  readonly files: readonly string[]
}

const ROUNDS = 5
/** Enough CPU for a clock that ticks in milliseconds. */
const ROUND_MS = 150
const CORPUS_FILE_MAX_BYTES = 2 * 1024 * 1024
const COMMAND = [
  join(import.meta.dirname, '../../dist/cli/main.js'),
  join(import.meta.dirname, '../../src/cli/main.ts'),
].find(existsSync)

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-extract-'))
try {
  const { kinds, corpus } = readArguments(process.argv.slice(2))
  const wanted = (batch: Batch) => kinds.length === 0 || kinds.includes(batch.kind)
  const batches = [...made(kinds), ...(corpus ? found(corpus) : [])].filter(wanted)
  console.log('MB of files a second of CPU on one core, medians; ratio: ours, running, to the tool')
  for (const batch of batches) await report(batch)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function readArguments(args: readonly string[]): { kinds: string[]; corpus: string | null } {
  const at = args.indexOf('--corpus')
  const corpus = at < 0 ? null : (args[at + 1] ?? null)
  return { kinds: args.filter((_, i) => at < 0 || (i !== at && i !== at + 1)), corpus: corpus && resolve(corpus) }
}

async function report(batch: Batch): Promise<void> {
  const contents = batch.files.map((file) => readFileSync(file))
  const bytes = contents.reduce((sum, content) => sum + content.length, 0)
  console.log(`\n${batch.kind}, ${batch.what}: ${batch.files.length} files, ${(bytes / 1e6).toFixed(2)} MB`)
  const line = (name: string, ms: number, note = '') => {
    const perFile = ms / batch.files.length
    const rate = bytes / 1e3 / ms
    console.log(
      `  ${name.padEnd(30)} ${perFile.toFixed(3).padStart(10)} ms a file ${rate.toFixed(2).padStart(9)} MB/s  ${note}`,
    )
  }
  const ours = await medianOf(() => readAll(batch, contents))
  line('sluice, running', ours)
  if (COMMAND) {
    const list = join(folder, 'list')
    writeFileSync(list, batch.files.join('\n'))
    line('sluice extract, from its start', cpuOf(`"$@" --files-from ${list} >/dev/null`, command(COMMAND), folder))
  }
  if (batch.kind === 'eml') line('mailparser, running', ...(await beside(ours, () => parseAll(contents))))
  for (const tool of toolsFor(batch.kind)) {
    if (!isInstalled(tool.program)) {
      console.log(`  ${tool.name.padEnd(30)} not installed`)
      continue
    }
    const theirs = await medianOf(() => cpuOf(tool.script, batch.files, folder))
    if (Number.isNaN(theirs)) {
      console.log(`  ${tool.name.padEnd(30)} could not read them`)
      continue
    }
    line(`${tool.name}`, theirs, ratio(ours, theirs))
    if (!tool.startUp) continue
    const idle = await medianOf(() => cpuOf(tool.startUp ?? '', [], folder))
    line(`${tool.name} without its start`, Math.max(theirs - idle, 0), ratio(ours, Math.max(theirs - idle, 0)))
  }
}

function command(script: string): readonly string[] {
  return [process.execPath, script, 'extract', '--json']
}

async function beside(ours: number, read: () => Promise<number>): Promise<[number, string]> {
  const theirs = await medianOf(read)
  return [theirs, ratio(ours, theirs)]
}

function ratio(ours: number, theirs: number): string {
  return `${(theirs / ours).toFixed(2)}x`
}

async function medianOf(measure: () => number | Promise<number>): Promise<number> {
  await measure()
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const ms = await measure()
    if (Number.isNaN(ms)) return ms
    times.push(ms)
    // A tool that takes seconds is measured as well by three.
    if (ms > 1000 && times.length === 3) break
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}

async function readAll(batch: Batch, contents: readonly Buffer[]): Promise<number> {
  const isMail = batch.kind === 'eml'
  return perPass(async () => {
    for (const [at, bytes] of contents.entries()) {
      const filename = isMail ? null : (batch.files[at] ?? null)
      await extract({ bytes, filename, declaredType: null, as: isMail ? 'mail' : 'upload' })
    }
  })
}

/** The other reading of mail in JavaScript, with the options that cost it least. */
function parseAll(contents: readonly Buffer[]): Promise<number> {
  const lean = { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true }
  return perPass(async () => {
    for (const bytes of contents) await simpleParser(bytes, lean)
  })
}

/** CPU milliseconds of one pass, over as many as it takes to tell. */
async function perPass(pass: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  for (let passes = 1; ; passes++) {
    await pass()
    const { user, system } = process.cpuUsage(before)
    if (user + system > ROUND_MS * 1000) return (user + system) / 1000 / passes
  }
}

/** Files that are made here: small as they come every day, and as large as they come. */
function made(kinds: readonly string[]): Batch[] {
  const several = (kind: string, what: string, count: number, make: (seed: number) => Buffer): Batch => ({
    kind,
    what,
    files: Array.from({ length: count }, (_, i) => written(`${what.replace(/\W+/g, '-')}-${i}.${kind}`, make(i + 1))),
  })
  const text = (bytes: number, seed: number) => Buffer.from(documents.textFiles(1, bytes, seed)[0]?.data ?? '')
  const word = (seed: number) => documents.wordDocument(3, seed)
  const docx = { name: 'plan.docx', type: 'application/octet-stream' }
  const log = { name: 'log.txt', type: 'text/plain' }
  const batches = [
    several('docx', '3 pages', 20, word),
    several('docx', '200 pages', 2, (seed) => documents.wordDocument(200, seed)),
    several('xlsx', '200 rows', 20, (seed) => documents.workbook(200, seed)),
    several('xlsx', '50,000 rows', 1, (seed) => documents.workbook(50_000, seed)),
    several('pptx', '8 slides', 20, (seed) => documents.presentation(8, seed)),
    several('pptx', '100 slides', 2, (seed) => documents.presentation(100, seed)),
    several('zip', '5 texts of 8 KB', 20, (seed) => documents.zipOfTexts(5, 8_000, seed)),
    several('zip', '20 texts of 1 MB', 1, (seed) => documents.zipOfTexts(20, 1_000_000, seed)),
    several('zip', '2,000 texts of 2 KB', 1, (seed) => documents.zipOfTexts(2_000, 2_000, seed)),
    several('eml', '10 KB', 100, (seed) => documents.mail([], seed)),
    several('eml', '100 KB with a text', 40, (seed) => documents.mail([{ ...log, content: text(60_000, seed) }], seed)),
    several('eml', '1 MB with two files', 10, (seed) =>
      documents.mail(
        [
          { ...docx, content: word(seed) },
          { ...log, content: text(700_000, seed) },
        ],
        seed,
      ),
    ),
    several('html', '100 KB', 5, (seed) => documents.webPage(100_000, seed)),
  ]
  return [...batches, ...converted(kinds), ...packed(kinds, text(4_000_000, 1))]
}

function written(name: string, bytes: Buffer): string {
  const file = join(folder, name)
  writeFileSync(file, bytes)
  return file
}

/** Formats that LibreOffice writes, made of the same documents. */
function converted(kinds: readonly string[]): Batch[] {
  const batches: Batch[] = []
  const sources = {
    word: written('source.docx', documents.wordDocument(30)),
    sheet: written('source.xlsx', documents.workbook(2_000)),
    slides: written('source.pptx', documents.presentation(20)),
  }
  const targets = [
    ['pdf', '30 pages', sources.word],
    ['odt', '30 pages', sources.word],
    ['doc', '30 pages', sources.word],
    ['rtf', '30 pages', sources.word],
    ['xls', '2,000 rows', sources.sheet],
    ['ppt', '20 slides', sources.slides],
  ] as const
  for (const [kind, what, source] of targets) {
    if (kinds.length > 0 && !kinds.includes(kind)) continue
    const into = join(folder, `made-${kind}`)
    mkdirSync(into)
    if (convert(kind, [source], into)) batches.push({ kind, what, files: [join(into, `source.${kind}`)] })
    else console.log(`${kind}: not measured, since LibreOffice, which makes the files, is not installed`)
  }
  return batches
}

/** Archives of one text by the tools that make them. */
function packed(kinds: readonly string[], content: Buffer): Batch[] {
  const text = written('text.txt', content)
  const batches: Batch[] = [
    { kind: 'gz', what: 'one text of 4 MB', files: [written('text.txt.gz', gzipSync(content))] },
  ]
  const makers = [
    ['tar', 'tar', ['-cf', 'text.tar', 'text.txt']],
    ['7z', '7z', ['a', '-bso0', 'text.7z', text]],
  ] as const
  for (const [kind, program, args] of makers) {
    if (kinds.length > 0 && !kinds.includes(kind)) continue
    if (!isInstalled(program)) continue
    execFileSync(program, args, { cwd: folder, stdio: 'ignore' })
    batches.push({ kind, what: 'one text of 4 MB', files: [join(folder, `text.${kind}`)] })
  }
  return batches
}

/** Files of a folder, by their extension. */
function found(corpus: string): Batch[] {
  const byKind = new Map<string, string[]>()
  for (const name of readdirSync(corpus, { recursive: true, encoding: 'utf8' }).sort()) {
    const kind = extname(name).slice(1).toLowerCase()
    const file = join(corpus, name)
    if (toolsFor(kind).length === 0 || !statSync(file).isFile() || statSync(file).size > CORPUS_FILE_MAX_BYTES) continue
    const files = byKind.get(kind) ?? []
    files.push(file)
    byKind.set(kind, files)
  }
  return [...byKind].map(([kind, files]) => ({ kind, what: 'of the corpus', files }))
}
