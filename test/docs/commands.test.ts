import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { configReference } from '../../src/app/config-reference.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { codeOf, markdownFiles, read, root } from './markdown.ts'

const program = await buildProgram()

/** The words of every call of `sluice` in a piece of code; quoted arguments count as one word. */
function calls(code: string): string[][] {
  return [...code.matchAll(/(?:^|[\s|(])(?:bin\/)?sluice((?:\s+(?:"[^"]*"|'[^']*'|[^\s|;&<>()`]+))+)/g)]
    .map((match) => (match[1] ?? '').match(/"[^"]*"|'[^']*'|[^\s]+/g) ?? [])
    .map((words) => (words[0] === 'sluice' ? words.slice(1) : words))
    .filter(([first = '']) => /^(?:[a-z][a-z-]*|--[a-z-]+)$/.test(first))
}

/** What is wrong with a call, or null. `a|b` stands for either; upper-case words and quotes are arguments. */
function problemWith(words: readonly string[]): string | null {
  let command: Command = program
  let at = 0
  for (; at < words.length && command.commands.length > 0; at++) {
    const [word = ''] = words.slice(at)
    if (word.startsWith('--')) break
    const names = word.split(/[|/,]/)
    const found = names.map((name) => command.commands.find((child) => child.name() === name))
    const missing = names.filter((_, i) => !found[i])
    if (missing.length > 0) return `no command ${[...words.slice(0, at), missing[0]].join(' ')}`
    command = found[0] ?? command
  }
  const options = new Set(['--help', '--version', ...[...program.options, ...command.options].map((o) => o.long)])
  const strange = words.slice(at).filter((word) => /^--[a-z]/.test(word) && !options.has(word.split('=')[0] ?? ''))
  return strange.length > 0 ? `no option ${strange.join(', ')} of ${words.slice(0, at).join(' ')}` : null
}

describe('commands in the documentation', () => {
  it.each(markdownFiles())('%s names only commands and options that exist', (file) => {
    const problems = codeOf(read(file))
      .flatMap(calls)
      .map((words) => [words.join(' '), problemWith(words)])
      .filter(([, problem]) => problem !== null)
    expect(problems).toEqual([])
  })

  it('names every command somewhere', () => {
    const named = markdownFiles()
      .flatMap((file) => codeOf(read(file)).flatMap(calls))
      .map((words) => words.join(' '))
    const leaves = (command: Command, path: string): string[] =>
      command.commands.length === 0
        ? [path]
        : command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`.trim()))
    const silent = leaves(program, '').filter((leaf) => !named.some((call) => `${call} `.startsWith(`${leaf} `)))
    expect(silent).toEqual([])
  })

  it('would notice one that does not exist', () => {
    expect(problemWith(['quarantine', 'relese', 'ID'])).toContain('no command')
    expect(problemWith(['scan', '--explian', 'a.eml'])).toContain('no option')
    expect(problemWith(['quarantine', 'release', 'ID', '--reason', '"…"'])).toBeNull()
    expect(calls('echo x | sluice users add ./users anna')).toEqual([['users', 'add', './users', 'anna']])
  })
})

describe('other names in the documentation', () => {
  it.each(markdownFiles())('%s names only npm scripts that exist', (file) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = codeOf(read(file)).flatMap((code) =>
      [...code.matchAll(/\bnpm run ([a-z]+)/g)].map((match) => match[1] ?? ''),
    )
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })

  it.each(markdownFiles())('%s names only files of the repository that exist', (file) => {
    const named = codeOf(read(file)).flatMap((code) =>
      [...code.matchAll(/(?:^|[\s(])((?:src|test|docker|docs|scripts|schemas)\/[\w./-]*[\w/])/g)].map(
        (m) => m[1] ?? '',
      ),
    )
    expect([...new Set(named)].filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it.each(markdownFiles())('%s names only keys of the configuration that exist', (file) => {
    const keys = [...configReference().matchAll(/^\| `([^`]+)` \|/gm)].map((match) =>
      (match[1] ?? '').replaceAll('[]', ''),
    )
    const sections = new Set(keys.filter((key) => key.includes('.')).map((key) => key.split('.')[0]))
    const maps = ['organisation.partners', 'organisation.groups', 'organisation.managers']
    const named = codeOf(read(file)).flatMap((code) => {
      const key = /^([a-z_]+(?:\[?\]?\.[a-z_]+(?:\[\])?)+)$/.exec(code)?.[1]?.replaceAll('[]', '')
      return key && sections.has(key.split('.')[0]) ? [key] : []
    })
    const unknown = named.filter((key) => !keys.includes(key) && !maps.some((map) => key.startsWith(`${map}.`)))
    expect(unknown.filter((key) => !/\.(?:ts|md|yaml|service)$/.test(key))).toEqual([])
  })
})
