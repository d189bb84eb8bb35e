import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** Commands in a folder that is no installation: they say so, and leave nothing behind. */
const main = join(resolve(import.meta.dirname, '../..'), 'src/cli/main.ts')
const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'sluice-test-compile-cache') }
let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-elsewhere-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const ID = '01JTESTREFERENCE0000000000'

describe('in an empty folder', () => {
  it.each([
    ['quarantine list', 2, 'there is no sluice.yaml in'],
    [`quarantine show ${ID}`, 2, 'there is no sluice.yaml in'],
    [`quarantine release ${ID} --reason x`, 2, 'there is no sluice.yaml in'],
    ['audit verify', 2, 'there is no sluice.yaml in'],
    ['audit export', 2, 'there is no sluice.yaml in'],
    ['audit anchor --reason x', 2, 'there is no sluice.yaml in'],
    ['doctor', 0, 'there is no sluice.yaml in'],
    ['fingerprint list', 0, ''],
    ['fingerprint show x', 1, 'there is no collection x'],
    ['fingerprint remove x', 1, 'nothing of that name is registered'],
    ['exact-data list', 0, 'nothing is indexed'],
    ['exact-data remove x', 1, 'there is no index x'],
    ['worker', 2, '`dispatch.kind` is embedded'],
    ['serve --config other.yaml', 2, 'other.yaml cannot be read (ENOENT)'],
  ])('sluice %s: exit %i', (args, code, words) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args.split(' ')], {
      cwd: dir,
      env,
      encoding: 'utf8',
    })
    expect(stdout + stderr).toContain(words)
    expect({ status, left: readdirSync(dir) }).toEqual({ status: code, left: [] })
  })

  it('what makes keys says so', () => {
    const run = spawnSync(process.execPath, [main, 'fingerprint', 'add', main], { cwd: dir, env, encoding: 'utf8' })
    expect(run.stderr).toContain(`Created key files in ${join(dir, 'data/keys')}`)
  })
})
