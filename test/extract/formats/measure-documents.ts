import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { extract } from '../../../src/extract/extract.ts'

/**
 * `node test/extract/formats/measure-documents.ts [FORMAT…]`: known strings found in the documents corpus, per format, and
 * whether sealed and hostile files are said to be so. A look by hand, in one process; the scorer is what counts.
 */
interface Expected {
  readonly file: string
  readonly format: string
  readonly mustContain: readonly string[]
  readonly mustContainEmbedded?: readonly string[]
  readonly needsPassword?: boolean
}

const corpora = process.env.SLUICE_CORPORA ?? join(import.meta.dirname, '../../../../shared/corpora')
const root = join(corpora, 'documents')
const wanted = new Set(process.argv.slice(2))
const locate = (file: string) => [join(root, 'files', file), join(root, file)].find(existsSync) ?? file
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8')) as Expected[]
const squeeze = (s: string) =>
  s.normalize('NFC').replace(/[\s\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]/gu, '')

const totals = new Map<string, { files: number; whole: number; strings: number; found: number }>()
let embedded = 0
let embeddedFound = 0
let sealed = 0
let said = 0
for (const item of read('expected.json')) {
  if (wanted.size > 0 && !wanted.has(item.format)) continue
  const started = performance.now()
  const bytes = readFileSync(locate(item.file))
  const result = await extract({ bytes, filename: basename(item.file), declaredType: null, as: 'upload' })
  const elapsed = Math.round(performance.now() - started)
  if (elapsed > 3000) console.log(`slow: ${item.file} ${elapsed} ms`)
  const reasons = [...new Set(result.uninspected.map((u) => `${u.reason}:${u.detail}`))].join(' ')
  if (item.needsPassword) {
    sealed += 1
    if (result.uninspected.some((u) => u.reason === 'encrypted')) said += 1
    else console.log(`not said to be encrypted: ${item.file} ${reasons}`)
    continue
  }
  const text = squeeze(result.texts.map((t) => Buffer.from(t.utf8).toString('utf8')).join('\n'))
  const lost = item.mustContain.filter((s) => !text.includes(squeeze(s)))
  const t = totals.get(item.format) ?? { files: 0, whole: 0, strings: 0, found: 0 }
  t.files += 1
  t.whole += lost.length === 0 ? 1 : 0
  t.strings += item.mustContain.length
  t.found += item.mustContain.length - lost.length
  totals.set(item.format, t)
  for (const s of lost) console.log(`lost: ${item.file} ${JSON.stringify(s.slice(0, 70))} (${reasons})`)
  for (const s of item.mustContainEmbedded ?? []) {
    embedded += 1
    if (text.includes(squeeze(s))) embeddedFound += 1
    else console.log(`lost embedded: ${item.file} ${JSON.stringify(s.slice(0, 70))} (${reasons})`)
  }
}
for (const [format, t] of [...totals].sort())
  console.log(format, `${t.whole}/${t.files} whole`, `${t.found}/${t.strings} strings`)
console.log(`embedded ${embeddedFound}/${embedded}, sealed said ${said}/${sealed}`)
if (wanted.size === 0 || wanted.has('robust')) {
  for (const item of read('robustness.json')) {
    const started = performance.now()
    const bytes = readFileSync(locate(item.file))
    const result = await extract({ bytes, filename: basename(item.file), declaredType: null, as: 'upload' })
    const elapsed = Math.round(performance.now() - started)
    const reasons = [...new Set(result.uninspected.map((u) => `${u.reason}:${u.detail}`))].join(' ')
    console.log(
      'hostile',
      item.file,
      `${elapsed} ms`,
      `${Math.round(process.memoryUsage.rss() / 1048576)} MiB`,
      reasons || 'CLEAN',
    )
  }
}
