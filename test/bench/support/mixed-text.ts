/**
 * Text for measuring detectors: prose, code, logs and tables, with a planted value about every 20 KB. Prose comes from
 * the ham corpus when it is there and is made up otherwise.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const PLANT_EVERY_BYTES = 20_000

/** `isQuiet` says whether a line has nothing to find; lines that have are left out, so that the density is the plants'. */
export function mixedText(
  bytes: number,
  plants: readonly string[],
  isQuiet: (line: string) => boolean,
  seed = 1,
): Buffer {
  const random = randomNumbers(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const prose = hamLines().filter(isQuiet)
  const chunks: string[] = []
  let length = 0
  let untilPlant = PLANT_EVERY_BYTES
  const push = (line: string) => {
    chunks.push(line, '\n')
    length += Buffer.byteLength(line) + 1
    untilPlant -= line.length + 1
  }
  while (length < bytes) {
    const kind = random()
    if (kind < 0.7)
      for (let i = 0, at = Math.floor(random() * prose.length); i < 30; i++) push(prose[(at + i) % prose.length] ?? '')
    else if (kind < 0.8) for (let i = 0; i < 20; i++) push(logLine(random))
    else if (kind < 0.9) for (let i = 0; i < 20; i++) push(codeLine(random, pick))
    else for (let i = 0; i < 20; i++) push(tableRow(random, pick))
    if (untilPlant <= 0 && plants.length > 0) {
      push(pick(plants))
      untilPlant = PLANT_EVERY_BYTES
    }
  }
  return Buffer.from(chunks.join('')).subarray(0, bytes)
}

/** A small linear congruential generator (Numerical Recipes), so that every run measures the same text. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function hamFile(): string {
  const corpora = process.env.SLUICE_CORPORA ?? join(import.meta.dirname, '../../../../shared/corpora')
  return join(corpora, 'ham/ham.jsonl')
}

/** Whether prose is made of a few words over and over, which are looked through several times as fast as mail is. */
export function isProseMadeUp(): boolean {
  return !existsSync(hamFile())
}

function hamLines(): readonly string[] {
  const file = hamFile()
  if (isProseMadeUp()) return WORDS.map((_, i) => [...WORDS.slice(i), ...WORDS.slice(0, i)].join(' '))
  const lines: string[] = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue
    const raw = (JSON.parse(line) as { raw: string }).raw
    const body = raw.slice(raw.search(/\r?\n\r?\n/))
    for (const text of body.split(/\r?\n/))
      if (!/@|\d{5}|[A-Za-z0-9+/]{40}|=[0-9A-F]{2}|=$/.test(text)) lines.push(text)
  }
  return lines
}

const WORDS =
  'please find below the figures for the third quarter we had a few surprises in the northern region where orders went up although two customers had moved to another supplier could you check the totals before the meeting and send your numbers as well'.split(
    ' ',
  )

function logLine(random: () => number): string {
  const two = (max: number) => String(Math.floor(random() * max)).padStart(2, '0')
  return `${two(24)}:${two(60)}:${two(60)} INFO worker[${two(99)}] job ${Math.floor(random() * 9999)} took ${Math.floor(random() * 900)} ms, queue=${two(50)}`
}

function codeLine(random: () => number, pick: <T>(list: readonly T[]) => T): string {
  const name = () => `${pick(WORDS)}${pick(WORDS).replace(/^./, (c) => c.toUpperCase())}`
  return `  const ${name()} = this.${name()}(${name()}, ${Math.floor(random() * 100)}) // ${pick(WORDS)} ${pick(WORDS)}`
}

function tableRow(random: () => number, pick: <T>(list: readonly T[]) => T): string {
  return `${pick(WORDS)},${pick(WORDS)},${(random() * 1000).toFixed(2)},${Math.floor(random() * 500)},${pick(['open', 'closed', 'new'])}`
}
