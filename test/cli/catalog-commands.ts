/** `sluice` commands about the catalogue, on an installation of their own with next to no rules. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { oneWordRule } from '../support/one-word-rule.ts'

const main = resolve(import.meta.dirname, '../../src/cli/main.ts')

export interface Installation {
  readonly dir: string
  /** Writes a file below the folder and gives its path. */
  file(name: string, content: string | Uint8Array): Promise<string>
  start(...args: string[]): ChildProcess
  run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>
  /** The lines of stdout as JSON. */
  json<T = Record<string, unknown>>(...args: string[]): Promise<T[]>
}

export async function newInstallation(policies: string, config = ''): Promise<Installation> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-cli-'))
  const file: Installation['file'] = async (name, content) => {
    const path = join(dir, name)
    await mkdir(resolve(path, '..'), { recursive: true })
    await writeFile(path, content)
    return path
  }
  await file('rules/word.yaml', oneWordRule('PLATYPUS'))
  await file('policies/test.yaml', policies)
  await file(
    'sluice.yaml',
    `hostname: gate.example\ndata_dir: ${dir}/data\nrules: [${dir}/rules]\npolicies: [${dir}/policies]\nscan: { threads: 1 }\nlisteners:\n  - { name: relay, kind: relay, host: 127.0.0.1, port: 2525, clients: [127.0.0.0/8] }\n${config}`,
  )
  const start: Installation['start'] = (...args) =>
    spawn(process.execPath, [main, ...args, '--config', join(dir, 'sluice.yaml')], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(tmpdir(), 'sluice-test-compile-cache') },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const run: Installation['run'] = async (...args) => {
    const child = start(...args)
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, ...output }
  }
  return {
    dir,
    file,
    start,
    run,
    json: async <T>(...args: string[]) => {
      const { stdout } = await run(...args)
      return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as T]))
    },
  }
}
