import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

/** The table of ARCHITECTURE.md: which room may import which, and which packages have one home. */
const rooms: Record<string, readonly string[]> = {
  core: [],
  yaml: ['core'],
  ports: ['core'],
  extract: ['core'],
  detect: ['core', 'yaml'],
  policy: ['core', 'yaml'],
  scan: ['core', 'extract', 'detect'],
  pipeline: ['core', 'ports', 'scan', 'policy'],
  'ingress/smtp': ['core', 'pipeline'],
  protect: ['core', 'ports'],
  delivery: ['core', 'ports', 'protect'],
  dispatch: ['core', 'ports'],
  store: ['core', 'ports', 'platform'],
  catalog: ['core', 'ports', 'detect', 'yaml'],
  config: ['core', 'yaml'],
  platform: ['core'],
  cli: ['app', 'config', 'policy', 'detect', 'core'],
  app: ['*'],
}
const homes: Record<string, readonly string[]> = {
  bullmq: ['dispatch/bullmq'],
  ioredis: ['dispatch/bullmq'],
  'better-sqlite3': ['store/sqlite'],
  'smtp-server': ['ingress/smtp'],
  'node:worker_threads': ['scan', 'store/sqlite'],
  // The launcher changes to a newer Node; nothing else of the gateway starts processes outside of scan/ and app/.
  'node:child_process': ['scan', 'app', 'cli/main.ts'],
  commander: ['cli'],
}
const pure = ['core', 'ports', 'policy', 'yaml']

const src = resolve(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'))

function roomOf(file: string): string {
  const path = file.split(sep).join('/')
  return Object.keys(rooms).find((room) => path.startsWith(`${room}/`)) ?? `no room: ${path}`
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'|(?:^|\n)import\s+'([^']+)'/g,
  )
  return [...found].map((m) => m[1] ?? m[2] ?? m[3] ?? '')
}

describe('rooms: imports follow the table', () => {
  it.each(files)('%s', (file) => {
    const room = roomOf(file)
    const allowed = rooms[room]
    expect(allowed, `src/${file} stands in no room of the table`).toBeDefined()
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.')) {
        const target = roomOf(relative(src, resolve(dirname(join(src, file)), specifier)))
        const fine = target === room || allowed?.includes('*') || allowed?.includes(target)
        expect(fine, `${room}/ may not import ${target}/ (${file}: ${specifier})`).toBe(true)
      } else {
        const name = specifier.startsWith('node:')
          ? specifier
          : specifier
              .split('/')
              .slice(0, specifier.startsWith('@') ? 2 : 1)
              .join('/')
        const home = homes[name]
        const path = file.split(sep).join('/')
        if (home)
          expect(
            home.some((h) => path === h || path.startsWith(`${h}/`)),
            `${name} may only be imported in ${home.join(', ')} (${file})`,
          ).toBe(true)
        if (room === 'core') expect.fail(`core/ imports nothing, not even ${specifier} (${file})`)
        if (pure.includes(room)) {
          const node = specifier.startsWith('node:') || builtinModules.includes(specifier)
          expect(
            node && specifier !== 'node:crypto',
            `${room}/ is pure and may not import ${specifier} (${file})`,
          ).toBe(false)
        }
      }
    }
  })
})
