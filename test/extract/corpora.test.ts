import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readMail } from './reading.ts'

/** Real and torture mail that does not live in this repository: run where the corpora are. */
const corpora = process.env.SLUICE_CORPORA ?? resolve(import.meta.dirname, '../../../shared/corpora')
const jsonl = (file: string) =>
  readFileSync(join(corpora, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

interface ReferencePart {
  size?: number
  sha256?: string
}

describe.skipIf(!existsSync(corpora))('corpora', () => {
  it('decoded parts are those of an independent parser', async () => {
    let parts = 0
    let same = 0
    for (const reference of jsonl('mime/mime_reference.jsonl') as { file: string; parts: ReferencePart[] }[]) {
      const file = join(corpora, 'mime', reference.file)
      if (!existsSync(file)) continue
      // Pictures are not looked at: it is the bytes of the parts that count here.
      const { extraction } = await readMail(readFileSync(file), { ocr: null })
      const hashes = new Set(extraction.parts.map((part) => part.sha256))
      for (const part of reference.parts) {
        if (!part.sha256 || !part.size) continue
        parts += 1
        if (hashes.has(part.sha256)) same += 1
      }
    }
    // The rest is malformed mail, where other trees are as good, and parts without a line break at their end.
    expect(parts).toBeGreaterThan(700)
    expect(same / parts).toBeGreaterThan(0.96)
  })

  it('mail encrypted in whole or in part is said to be', async () => {
    const cases = (jsonl('mime/crypto_labels.jsonl') as { file: string; encrypted: boolean }[]).filter(
      (c) => c.encrypted,
    )
    const silent: string[] = []
    for (const c of cases) {
      const read = await readMail(readFileSync(join(corpora, 'mime', c.file)))
      if (!read.uninspected.some((entry) => entry.startsWith('encrypted'))) silent.push(c.file)
    }
    expect(cases.length).toBeGreaterThan(20)
    expect(silent).toEqual([])
  })

  it('no benign mail is ambiguous, corrupt or past a limit', async () => {
    const reported: string[] = []
    for (const message of jsonl('ham/ham.jsonl') as { id: string; raw: string }[]) {
      const read = await readMail(message.raw)
      const bad = read.uninspected.filter((entry) => !/^(?:unsupported|not-readable) /.test(entry))
      if (bad.length > 0) reported.push(`${message.id}: ${bad.join()}`)
    }
    expect(reported).toEqual([])
  }, 60_000)

  it('labels of real mail are read with their names', async () => {
    type Labelled = {
      file: string
      kind: string
      msip?: { guid: string; enabled?: string; name: string }[]
      titus?: unknown
    }
    const missing: string[] = []
    let labels = 0
    for (const item of JSON.parse(readFileSync(join(corpora, 'labels/expected.json'), 'utf8')) as Labelled[]) {
      if (item.kind !== 'mail') continue
      const found = (await readMail(readFileSync(join(corpora, 'labels', item.file)))).extraction.labels
      for (const mark of item.msip ?? []) {
        if (mark.enabled?.toLowerCase() !== 'true') continue
        labels += 1
        if (!found.some((label) => label.scheme === 'msip' && label.id === mark.guid && label.name === mark.name))
          missing.push(`${item.file} ${mark.guid}`)
      }
      if (item.titus && !found.some((label) => label.scheme === 'titus')) missing.push(`${item.file} titus`)
    }
    expect(labels).toBeGreaterThan(50)
    expect(missing).toEqual([])
  })
})
