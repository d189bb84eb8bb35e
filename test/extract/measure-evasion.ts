/**
 * How many planted values the extractor alone brings to light, and what it says of sealed content and benign controls:
 * `node test/extract/measure-evasion.ts [--misses]`. A value counts when the extracted text holds it after everything but
 * letters and digits is removed; values that the detectors decode for themselves count as missed here.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { extract } from '../../src/extract/extract.ts'

interface Case {
  id: string
  kind: 'mail' | 'http'
  file: string
  family: string
  technique: string
  difficulty?: string
  mustDetect?: string[]
  expect?: string
  alsoAccept?: string
  http?: { method: string; url: string; headers: Record<string, string> }
}

const root = join(process.env.SLUICE_CORPORA ?? resolve(import.meta.dirname, '../../../shared/corpora'), 'evasion')
const plain = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
const read = (name: string): Case[] => JSON.parse(readFileSync(join(root, name), 'utf8'))

async function run(c: Case) {
  const request = c.http
  return extract({
    bytes: readFileSync(join(root, c.file)),
    filename: null,
    declaredType: request?.headers['Content-Type'] ?? null,
    as: c.kind === 'mail' ? 'mail' : 'upload',
    ...(request ? { request } : {}),
  })
}

if (!existsSync(root)) throw new Error(`no corpus at ${root}`)
const tally = { cases: 0, whole: 0, sealed: 0, said: 0, controls: 0, flagged: 0 }
for (const c of read('cases.json')) {
  const result = await run(c)
  if (c.expect === 'unscannable') {
    tally.sealed++
    if (result.uninspected.length > 0) tally.said++
    else console.log('not said to be sealed:', c.file)
    continue
  }
  tally.cases++
  const text = plain(result.texts.map((t) => Buffer.from(t.utf8).toString('utf8')).join('\n'))
  const missing = (c.mustDetect ?? []).filter((value) => !text.includes(plain(value)))
  if (missing.length === 0) tally.whole++
  else
    console.log(
      `missing ${missing.length}:`,
      c.file,
      JSON.stringify(result.uninspected.map((u) => `${u.reason} ${u.detail}`)),
    )
}
for (const c of read('controls.json')) {
  tally.controls++
  const result = await run(c)
  if (result.uninspected.length > 0) {
    tally.flagged++
    console.log('control flagged:', c.file, JSON.stringify(result.uninspected))
  }
}
console.log(JSON.stringify(tally))
