import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '../../src/core/limits.ts'
import { defaultExtractLimits, type ExtractLimits } from '../../src/extract/budget.ts'
import { extract } from '../../src/extract/extract.ts'
import type { ExtractInput } from '../../src/extract/walk.ts'
import { Sandbox } from '../../src/scan/sandbox.ts'
import { type PreparedSandbox, prepareSandbox, type SandboxKind } from '../../src/scan/sandbox-launch.ts'
import { openProcesses } from '../../src/scan/sandbox-process.ts'

export const hostileEntry = join(import.meta.dirname, 'hostile-parsers.ts')

export async function hostileSandbox(kind?: SandboxKind): Promise<PreparedSandbox> {
  return await prepareSandbox({
    memoryMaxBytes: 256 * 1024 * 1024,
    entry: hostileEntry,
    ...(kind ? { kind } : {}),
  })
}

/** A file whose reader does `deed`. */
export function hostileFile(deed: string, argument = ''): Buffer {
  return Buffer.from(`%PDF-1.7\n${deed}\n${argument}\n`, 'latin1')
}

/** A mail with these files in it, base64 each. */
export function mailWith(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts = Object.entries(files).map(
    ([name, bytes]) =>
      `--b\r\nContent-Type: application/octet-stream; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(bytes).toString('base64')}\r\n`,
  )
  return Buffer.from(
    `Subject: files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${parts.join('')}--b--\r\n`,
    'latin1',
  )
}

export interface Read {
  /** Path -> text. */
  readonly texts: Readonly<Record<string, string>>
  readonly uninspected: readonly string[]
  readonly paths: readonly string[]
}

/** Reads a mail with these files in the sandbox. */
export async function readMail(
  sandbox: Sandbox,
  files: Readonly<Record<string, Uint8Array>>,
  limits: Partial<ExtractLimits> = {},
): Promise<Read> {
  return await read(sandbox, { bytes: mailWith(files), as: 'mail', filename: null, declaredType: null }, limits)
}

/** Reads mail or an upload in the sandbox. */
export async function read(sandbox: Sandbox, input: ExtractInput, limits: Partial<ExtractLimits> = {}): Promise<Read> {
  const extraction = await extract(input, { limits, isolate: (part) => sandbox.extract(part) })
  const pathOf = (id: number) => extraction.parts[id]?.path ?? `part ${id}`
  return {
    texts: Object.fromEntries(extraction.texts.map(({ part, utf8 }) => [pathOf(part), Buffer.from(utf8).toString()])),
    uninspected: extraction.uninspected.map(({ path, reason, detail }) => `${path}: ${reason} (${detail})`),
    paths: extraction.parts.map(({ path }) => path),
  }
}

export function sandboxOn({ launch }: PreparedSandbox): Sandbox {
  return new Sandbox(openProcesses(launch), defaultExtractLimits, limits.sandboxRequestMaxBytes)
}

/** Processes below one, whichever of its threads started them. */
export function descendantsOf(pid: number): number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    const children = tasks.flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    const pids = children.filter((word) => word !== '').map(Number)
    return pids.flatMap((child) => [child, ...descendantsOf(child)])
  } catch {
    return []
  }
}

/** Whether a process is there and no zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
