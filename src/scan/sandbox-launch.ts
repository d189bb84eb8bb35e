import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unreachable } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { seccompFilter } from './sandbox-seccomp.ts'

/**
 * How a sandbox process is started: the same Node under limits of the operating system, without environment, and under
 * bubblewrap where that works, which takes away network, processes, keys and every file but the program itself. Whether
 * it works is tried, since an installed bubblewrap may not be allowed to make namespaces.
 */
export interface SandboxLaunch {
  readonly kind: SandboxKind
  readonly memoryMaxBytes: number
  readonly command: string
  readonly args: readonly string[]
  /** Goes to file descriptor 4, where bubblewrap reads it; null: no filter. */
  readonly filter: Uint8Array | null
}

/** `process`: no bubblewrap; the limits and the missing environment are all there is. */
export type SandboxKind = 'bubblewrap' | 'process'

export interface SandboxOptions {
  readonly memoryMaxBytes: number
  /** Folders it may read besides the program, e.g. with data of text recognition. */
  readonly readable?: readonly string[]
  /** Entry of the process; left out: the shipped one. */
  readonly entry?: string
  /** Left out: bubblewrap where it works. */
  readonly kind?: SandboxKind
  /** Path of bubblewrap; left out: looked for where systems keep it. */
  readonly bubblewrap?: string
}

export interface PreparedSandbox {
  readonly launch: SandboxLaunch
  /** Why there is no bubblewrap; null where there is. */
  readonly missing: SandboxMissing | null
}

export type SandboxMissing =
  | { readonly cause: 'not-installed' }
  /** What it said of itself, one line. */
  | { readonly cause: 'not-usable'; readonly detail: string }
  | { readonly cause: 'not-wanted' }

/** For a person: why there is no bubblewrap. */
export function missingSandbox(missing: SandboxMissing): string {
  switch (missing.cause) {
    case 'not-installed':
      return 'bubblewrap is not installed'
    case 'not-usable':
      return `bubblewrap does not work here (${missing.detail})`
    case 'not-wanted':
      return 'bubblewrap is switched off'
    default:
      return unreachable(missing)
  }
}

const PROBE_MS = 20_000
/** What V8 reserves for code and stacks counts as data long before it is used. */
const RESERVED_BYTES = 640 * 1024 * 1024
/** The part of a sandbox's memory that may be JavaScript heap. */
const HEAP_SHARE = 0.75
/**
 * All the environment it has: one time zone everywhere, an allocator that does not take a gigabyte in advance, and a
 * canvas that decodes pictures without looking for fonts in a home that isn't there.
 */
export const sandboxEnvironment = {
  TZ: 'UTC',
  MIMALLOC_ARENA_EAGER_COMMIT: '0',
  DISABLE_SYSTEM_FONTS_LOAD: '1',
} as const
/** System tools are looked for here alone, never on a PATH. */
const TOOL_FOLDERS = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin']
/** What Node is linked against. */
const LIBRARY_FOLDERS = ['/lib', '/lib64', '/usr/lib', '/usr/lib64']

/** Tries out what works here, once for a process. Throws nothing: what is missing is told. */
export async function prepareSandbox(options: SandboxOptions): Promise<PreparedSandbox> {
  if (options.kind === 'process') return { launch: plainLaunch(options), missing: { cause: 'not-wanted' } }
  const bwrap = options.bubblewrap ?? toolPath('bwrap')
  if (bwrap === null) return { launch: plainLaunch(options), missing: { cause: 'not-installed' } }
  const launch = bubblewrapLaunch(bwrap, options)
  const problem = await tryOut(bwrap, options)
  if (problem === null) return { launch, missing: null }
  return { launch: plainLaunch(options), missing: { cause: 'not-usable', detail: problem } }
}

/** Null when Node starts under bubblewrap as it will for real, but for the filter. */
function tryOut(bwrap: string, options: SandboxOptions): Promise<string | null> {
  const args = [...wall(options), '--', ...limited(options, true), process.execPath, '--version']
  return new Promise((resolve) => {
    execFile(bwrap, args, { env: {}, timeout: PROBE_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (!error && stdout.trim() === process.version) resolve(null)
      else resolve(stderr.trim().split('\n')[0]?.slice(0, 200) || 'it did not start')
    })
  })
}

function bubblewrapLaunch(command: string, options: SandboxOptions): SandboxLaunch {
  const filter = seccompFilter(process.arch)
  const filtered = filter === null ? [] : ['--seccomp', '4']
  return {
    kind: 'bubblewrap',
    memoryMaxBytes: options.memoryMaxBytes,
    command,
    args: [...wall(options), ...filtered, '--', ...limited(options, true), process.execPath, ...nodeArgs(options)],
    filter,
  }
}

/** The kernel ends the process with the thread that started it; where that tool is missing, the closed channel does. */
function plainLaunch(options: SandboxOptions): SandboxLaunch {
  const setpriv = toolPath('setpriv')
  const tied = setpriv === null ? [] : [setpriv, '--no-new-privs', '--pdeathsig', 'KILL', '--']
  const [command = process.execPath, ...args] = [
    ...tied,
    ...limited(options, false),
    process.execPath,
    ...nodeArgs(options),
  ]
  return { kind: 'process', memoryMaxBytes: options.memoryMaxBytes, command, args, filter: null }
}

function wall(options: SandboxOptions): string[] {
  const prlimit = toolPath('prlimit')
  const files = [...LIBRARY_FOLDERS.filter(existsSync), process.execPath, ...(prlimit ? [prlimit] : [])]
  const binds = [...files, ...readable(options)].flatMap((path) => ['--ro-bind', path, path])
  return [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--clearenv'],
    ...Object.entries(sandboxEnvironment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...binds,
    ...['--remount-ro', '/', '--chdir', '/'],
  ]
}

/** In namespaces the processes of this sandbox alone are counted; elsewhere all of the user's are, so none is limited. */
function limited(options: SandboxOptions, inNamespaces: boolean): string[] {
  const prlimit = toolPath('prlimit')
  if (prlimit === null) return []
  const cpuSeconds = Math.ceil((2 * limits.sandboxCpuMs) / 1000)
  return [
    prlimit,
    `--data=${options.memoryMaxBytes + RESERVED_BYTES}`,
    `--cpu=${cpuSeconds}:${cpuSeconds + 5}`,
    '--fsize=0',
    '--core=0',
    `--nofile=${limits.sandboxOpenFilesMax}`,
    ...(inNamespaces ? [`--nproc=${limits.sandboxProcessesMax}`] : []),
    '--',
  ]
}

function nodeArgs(options: SandboxOptions): string[] {
  const heapMb = Math.max(64, Math.floor((options.memoryMaxBytes * HEAP_SHARE) / 1024 / 1024))
  return [
    `--max-old-space-size=${heapMb}`,
    '--no-warnings',
    // No boundary, but one more thing in the way: files elsewhere and new processes are refused by Node itself.
    '--permission',
    '--allow-addons',
    ...readable(options).map((path) => `--allow-fs-read=${path}`),
    entryOf(options),
  ]
}

function entryOf(options: SandboxOptions): string {
  const here = import.meta.url
  return (
    options.entry ?? fileURLToPath(new URL(here.endsWith('.ts') ? './sandbox-child.ts' : './sandbox-child.js', here))
  )
}

/** The program's own code, its packages, and what else was asked for. */
function readable(options: SandboxOptions): string[] {
  const code = dirname(dirname(fileURLToPath(import.meta.url)))
  const root = dirname(code)
  const packages = (createRequire(import.meta.url).resolve.paths('zod') ?? []).filter(
    (path) => existsSync(path) && `${root}${sep}`.startsWith(`${dirname(path)}${sep}`),
  )
  const entry = options.entry === undefined ? [] : [dirname(options.entry)]
  const paths = [code, join(root, 'package.json'), ...packages, ...entry, ...(options.readable ?? [])]
  return [...new Set(paths.filter(existsSync).flatMap((path) => [path, realpathSync(path)]))]
}

function toolPath(name: string): string | null {
  for (const folder of TOOL_FOLDERS) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {}
  }
  return null
}
