import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../src/core/limits.ts'

/** What the code itself must look like for the invariants of ARCHITECTURE.md to hold. */
const root = resolve(import.meta.dirname, '..')

function sources(folder: string): Map<string, string> {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'))
  return new Map(names.map((name) => [name.split(sep).join('/'), readFileSync(join(root, folder, name), 'utf8')]))
}

const src = sources('src')
const holding = (pattern: RegExp) => [...src].flatMap(([file, text]) => (pattern.test(text) ? [file] : [])).sort()

describe('every invariant', () => {
  const names = [...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\d+\. `([0-9a-z-]+)`/gm)].map(
    ([, name]) => name ?? '',
  )
  const tests = [...sources('test')].filter(([file]) => file !== 'invariants.test.ts').map(([, text]) => text)

  it('is on the list', () => {
    expect(names).toHaveLength(12)
  })

  it.each(names)('%s has a test of its name', (name) => {
    const named = new RegExp(`\\b(?:it|describe)\\(\\s*['"\`]${name}\\b`)
    expect(tests.some((text) => named.test(text))).toBe(true)
  })
})

describe('one-writer', () => {
  it('only accept (creating) and transition (everything else) ask the store for a state', () => {
    expect(holding(/\bstore\s*\.transition\(/)).toEqual(['pipeline/accept.ts', 'pipeline/transition.ts'])
  })

  it('only the state writers of the stores write rows of submissions', () => {
    const writers = holding(/\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+submissions\b/)
    expect(writers.length).toBeGreaterThan(0)
    for (const file of writers) expect(file).toMatch(/^store\/\w+\/state-writer\.ts$/)
  })

  it('only they append to the audit chain', () => {
    for (const file of holding(/\bINSERT INTO audit_entries\b/)) expect(file).toMatch(/^store\/\w+\/state-writer\.ts$/)
  })
})

describe('no-delivery-without-decision', () => {
  it('only act hands messages to the deliverer', () => {
    expect(holding(/\bdeliverer\s*\.deliver\(/)).toEqual(['pipeline/act.ts'])
  })
})

describe('bounded', () => {
  const used = new Set(
    [...src].flatMap(([file, text]) => (file === 'core/limits.ts' ? [] : (text.match(/\w+/g) ?? []))),
  )

  it.each(Object.keys(limits))('%s bounds something', (name) => {
    expect(used.has(name)).toBe(true)
  })

  it('by a number that is finite and above zero', () => {
    const odd = Object.entries(limits).filter(([, value]) => !(Number.isFinite(value) && value > 0))
    expect(odd).toEqual([])
  })
})
