/**
 * Hot reload of rules and policies: their files are looked at by timer, and a change is loaded whole. What is broken
 * keeps the old revision running and is said in the log and on /readyz until it is mended.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { asError } from '../core/errors.ts'
import type { PipelineLog } from '../pipeline/dependencies.ts'
import { catalogDir } from './catalog-snapshot.ts'
import { listPaths } from './rule-files.ts'

export interface DefinitionWatch {
  /** Why the newest files are not in force, or null. */
  problem(): string | null
  /** Looks now; resolves when a change has been taken over or refused. */
  check(): Promise<void>
  stop(): void
}

export interface WatchOptions {
  /** Files and folders; asked again after every change, since a changed file may name others. */
  readonly paths: () => Promise<readonly string[]>
  readonly intervalMs: number
  readonly log: PipelineLog
  /** Loads and swaps; throws when the files are broken. */
  readonly load: () => Promise<void>
}

/** What an installation's rules, policies, labels and registered data are read from. */
export async function definitionPaths(config: Config): Promise<string[]> {
  const labels = config.labels ? [config.labels] : []
  return [...config.rules, ...(await listPaths(config.rules)), ...config.policies, ...labels, catalogDir(config)]
}

/** Takes the files as they are now for loaded. */
export async function watchDefinitions(options: WatchOptions): Promise<DefinitionWatch> {
  let paths = await options.paths()
  let seen = await stamp(paths)
  let problem: string | null = null
  let running: Promise<void> | null = null
  const look = async () => {
    if ((await stamp(paths)) === seen) return
    paths = await options.paths()
    seen = await stamp(paths)
    try {
      await options.load()
      problem = null
      options.log.info({}, 'rules and policies were reloaded')
    } catch (thrown) {
      problem = asError(thrown).message
      options.log.error({ problem }, 'changed rules or policies are broken: the former revision stays in force')
    }
  }
  const check = () => {
    running ??= look().finally(() => {
      running = null
    })
    return running
  }
  const timer = setInterval(() => {
    check().catch((thrown: unknown) => options.log.error({ error: asError(thrown) }, 'looking for changes failed'))
  }, options.intervalMs)
  timer.unref()
  return { problem: () => problem, check, stop: () => clearInterval(timer) }
}

/** Names, sizes and times of all files below the paths: equal stamps, equal files. */
async function stamp(paths: readonly string[]): Promise<string> {
  const lines: string[] = []
  for (const path of paths) {
    const info = await stat(path).catch(() => null)
    if (!info) lines.push(`${path} missing`)
    else if (!info.isDirectory()) lines.push(`${path} ${info.size} ${info.mtimeMs}`)
    else {
      for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue
        const file = join(entry.parentPath, entry.name)
        const { size, mtimeMs } = await stat(file).catch(() => ({ size: -1, mtimeMs: -1 }))
        lines.push(`${file} ${size} ${mtimeMs}`)
      }
    }
  }
  return lines.sort().join('\n')
}
