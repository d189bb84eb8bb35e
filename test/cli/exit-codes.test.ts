import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { commandName } from '../../src/app/commands/command-name.ts'
import { exitCodes, reportFailure } from '../../src/cli/exit-codes.ts'

afterEach(() => vi.restoreAllMocks())

function report(thrown: unknown): { code: number; text: string } {
  let text = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  return { code: reportFailure(thrown), text }
}

it.each([
  ['EACCES', 'may not be read or written by this user'],
  ['EPERM', 'may not be read or written by this user'],
  ['EROFS', 'read-only file system'],
  ['ENOSPC', 'no space is left'],
])(
  'a file or folder that the system refuses (%s) is told with its path and what to do, without a stack',
  (code, what) => {
    const { code: exit, text } = report(Object.assign(new Error(code), { code, path: '/srv/sluice/keys' }))
    expect(exit).toBe(exitCodes.usage)
    expect(text).toContain('/srv/sluice/keys')
    expect(text).toContain(what)
    expect(text.trimEnd().split('\n')).toHaveLength(1)
  },
)

it('any other failure stays an internal one with its stack, system errors of sockets included', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-exit-'))
  const missing: unknown = await readFile(join(dir, 'gone')).catch((error: unknown) => error)
  await rm(dir, { recursive: true })
  for (const thrown of [missing, new Error('a defect'), Object.assign(new Error('connect'), { code: 'EACCES' })]) {
    const { code, text } = report(thrown)
    expect(code).toBe(exitCodes.internal)
    expect(text).toContain('internal failure')
  }
})

it('commands are named as they can be called: through npx where npm runs the checkout', () => {
  expect(commandName({})).toBe('sluice')
  expect(commandName({ npm_lifecycle_event: 'start' })).toBe('npx sluice')
})

it('names the folder where a file could not be written beside its place', () => {
  const { text } = report(Object.assign(new Error('x'), { code: 'EACCES', path: '/srv/sluice/.sluice.yaml.1f.tmp' }))
  expect(text).toContain('sluice: /srv/sluice may not')
})
