import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const run = (script: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, encoding: 'utf8' })

describe('style', () => {
  it('has no lint or format complaint', { timeout: 120_000 }, () => {
    const { status, stdout, stderr } = run('@biomejs/biome/bin/biome', 'ci', '--colors=off', '.')
    expect(`${stdout}${stderr}`.slice(-4000) && status, `${stdout}${stderr}`.slice(-4000)).toBe(0)
  })

  it('has no type error', { timeout: 120_000 }, () => {
    const { status, stdout } = run('typescript/bin/tsc', '-p', '.')
    expect(status, stdout).toBe(0)
  })

  it('keeps files short: one thing each', () => {
    const long = sources('src').filter((file) => readFileSync(file, 'utf8').split('\n').length > 401)
    expect(long).toEqual([])
  })

  it('leaves nothing unfinished and nothing of the machine it was written on', () => {
    const unfinished = /\b(?:TODO|FIXME|XXX|HACK)\b|not (?:yet )?implemented|coming soon/
    const machine = /registry\.npmjs|deb\.debian\.org|"resolved": *"http/
    const files = [...sources('src'), ...sources('scripts'), join(root, 'package-lock.json'), join(root, 'README.md')]
    const found = files.filter((file) => {
      const text = readFileSync(file, 'utf8')
      return unfinished.test(text) || machine.test(text)
    })
    expect(found).toEqual([])
  })
})

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|mjs)$/.test(name))
    .map((name) => join(root, folder, name))
}
