import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { definitionPaths, watchDefinitions } from '../../src/app/watch-definitions.ts'
import { parseConfig } from '../../src/config/load-config.ts'

let folder: string
let loads: number
let broken: Error | null
const logged: string[] = []
const log = {
  debug: () => undefined,
  info: (_: object, message: string) => void logged.push(message),
  warn: () => undefined,
  error: (_: object, message: string) => void logged.push(message),
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-watch-'))
  loads = 0
  broken = null
  await mkdir(join(folder, 'rules/lists'), { recursive: true })
  await mkdir(join(folder, 'policies'))
  await write('rules/own.yaml', ruleOf('lists/birds.txt'))
  await write('rules/lists/birds.txt', 'heron\n')
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const write = (file: string, text: string) => writeFile(join(folder, file), text)
const ruleOf = (...files: string[]) =>
  JSON.stringify({ rules: [{ id: 'birds', words: [{ id: 'w', confidence: 'low', files }] }] })

async function watched(rules: string) {
  const { config, diagnostics } = parseConfig(
    join(folder, 'sluice.yaml'),
    JSON.stringify({
      listeners: [{ name: 'relay', port: 2525 }],
      rules: [rules],
      policies: ['policies'],
      data_dir: 'data',
    }),
    {},
  )
  if (!config) throw new Error(JSON.stringify(diagnostics))
  const load = async () => {
    loads++
    if (broken) throw broken
  }
  return await watchDefinitions({ paths: () => definitionPaths(config), intervalMs: 3_600_000, log, load })
}

/** Whether a look loads anew. */
async function reloads(watch: { check(): Promise<void> }): Promise<boolean> {
  const before = loads
  await watch.check()
  return loads > before
}

describe.each(['rules', 'rules/own.yaml'])('watching %s', (rules) => {
  it('sees changes of rules, policies and word lists, once each', async () => {
    const watch = await watched(rules)
    expect(await reloads(watch)).toBe(false)
    for (const [file, text] of [
      ['rules/lists/birds.txt', 'heron\negret\n'],
      ['policies/a.yaml', 'policy: a\n'],
      ['rules/own.yaml', `${ruleOf('lists/birds.txt')}\n`],
    ] as const) {
      await write(file, text)
      expect([file, await reloads(watch)]).toEqual([file, true])
      expect(await reloads(watch)).toBe(false)
    }
    watch.stop()
  })

  it('watches lists that a change names, also before they are there', async () => {
    const watch = await watched(rules)
    await write('rules/own.yaml', ruleOf('lists/fish.txt'))
    expect(await reloads(watch)).toBe(true)
    await write('rules/lists/fish.txt', 'carp\n')
    expect(await reloads(watch)).toBe(true)
    await rm(join(folder, 'rules/lists/fish.txt'))
    expect(await reloads(watch)).toBe(true)
    watch.stop()
  })

  it('keeps on while a rule file is broken or gone', async () => {
    const watch = await watched(rules)
    broken = new Error('rules/own.yaml:1:1 yaml-syntax')
    await write('rules/own.yaml', 'rules: [{ words: [{ files: [')
    expect(await reloads(watch)).toBe(true)
    expect(watch.problem()).toBe(broken.message)
    await rm(join(folder, 'rules/own.yaml'))
    expect(await reloads(watch)).toBe(true)
    broken = null
    await write('rules/own.yaml', ruleOf('lists/birds.txt'))
    expect(await reloads(watch)).toBe(true)
    expect(watch.problem()).toBeNull()
    await write('rules/lists/birds.txt', 'heron\nstork\n')
    expect(await reloads(watch)).toBe(true)
    watch.stop()
  })
})
