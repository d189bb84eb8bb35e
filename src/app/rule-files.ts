/** Reads rule files with the word lists and allow-lists that they name: what detectors are compiled from, as text. */
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { limits } from '../core/limits.ts'
import type { RuleFile } from '../detect/rules/parse-rules.ts'
import type { ListFiles } from '../detect/rules/word-list.ts'
import { readYaml } from '../yaml/parse-yaml.ts'
import { readYamlFiles } from './policy-files.ts'
import { withPrepared } from './prepared-rules.ts'

/**
 * Every rule file at or below `paths`. What a rule file names and can't be read stands as null, which its check turns
 * into a complaint with its place. Throws what `readYamlFiles` throws.
 */
export async function readRuleFiles(paths: readonly string[]): Promise<RuleFile[]> {
  const files = await withPrepared(await readYamlFiles(paths))
  return await Promise.all(
    files.map(async (file) => {
      const names = listNames(file)
      return names.length === 0 ? file : { ...file, lists: await readLists(dirname(file.file), names) }
    }),
  )
}

/**
 * Paths of the lists that rule files among `paths` name; those below a folder among them stand in it and are left out.
 * What can't be read has none.
 */
export async function listPaths(paths: readonly string[]): Promise<string[]> {
  const ofEach = paths.map(async (path) => {
    const text = await readFile(path, 'utf8').catch(() => null)
    return text === null ? [] : listNames({ file: path, text }).map((name) => join(dirname(path), name))
  })
  return (await Promise.all(ofEach)).flat()
}

/** What stands under any `files:`; the rule file's own check says when it stands where it may not. */
function listNames(file: RuleFile): string[] {
  if (!/\bfiles["']?\s*:/.test(file.text)) return []
  const names = new Set<string>()
  const collect = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return
    for (const [key, value] of Object.entries(node)) {
      if (key === 'files' && Array.isArray(value))
        for (const name of value) if (typeof name === 'string') names.add(name)
      collect(value)
    }
  }
  collect(readYaml(file).source?.value)
  return [...names].slice(0, limits.wordListFilesMax)
}

async function readLists(folder: string, names: readonly string[]): Promise<ListFiles> {
  const lists = await Promise.all(names.map(async (name) => [name, await readList(folder, name)] as const))
  return Object.fromEntries(lists)
}

/** Links may not lead out of the rule file's folder either. */
async function readList(folder: string, name: string): Promise<string | null> {
  try {
    const base = await realpath(folder)
    const path = await realpath(join(folder, name))
    if (relative(base, path).startsWith('..')) return null
    const { size } = await stat(path)
    return size > limits.wordListFileMaxBytes ? null : await readFile(path, 'utf8')
  } catch {
    return null
  }
}
