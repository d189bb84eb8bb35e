import { createHash } from 'node:crypto'
import type { Extraction } from '../../../src/core/extraction.ts'
import type { ExtractLimits } from '../../../src/extract/budget.ts'
import { type ExtractOptions, extract } from '../../../src/extract/extract.ts'
import type { ByteSource } from '../../../src/extract/stream/byte-source.ts'

/** What tests of streaming share: an upload that is read by its place, and all that was handed on of it. */
export interface Streamed {
  readonly extraction: Extraction
  /** By path; texts that were held stand in the extraction. */
  readonly passed: ReadonlyMap<string, string>
  readonly ended: readonly string[]
  readonly said: readonly string[]
  /** Most bytes that were read, or handed on, at once. */
  readonly mostAtOnce: number
}

/** Small enough that some hundred kilobytes are a large file. */
export const SMALL: Partial<ExtractLimits> = { streamFromBytes: 64 * 1024, streamPieceBytes: 16 * 1024 }

export async function streamed(
  bytes: Uint8Array,
  filename: string,
  options: ExtractOptions & { readonly type?: string } = {},
): Promise<Streamed> {
  let mostAtOnce = 0
  const note = (length: number) => {
    mostAtOnce = Math.max(mostAtOnce, length)
  }
  const source: ByteSource = {
    size: bytes.length,
    read: (at, length) => {
      const read = bytes.slice(at, at + length)
      note(read.length)
      return read
    },
  }
  const pieces = new Map<string, Buffer[]>()
  const ended: string[] = []
  const sink = {
    write: (path: string, utf8: Uint8Array) => {
      note(utf8.length)
      pieces.set(path, [...(pieces.get(path) ?? []), Buffer.from(utf8)])
    },
    end: (path: string) => {
      ended.push(path)
    },
  }
  const extraction = await extract(
    { bytes: new Uint8Array(0), source, filename, declaredType: options.type ?? null, as: 'upload' },
    { ...options, limits: { ...SMALL, ...options.limits } },
    sink,
  )
  const passed = new Map([...pieces].map(([path, own]) => [path, Buffer.concat(own).toString('utf8')]))
  const said = extraction.uninspected.map(({ path, reason, detail }) => `${path}: ${reason} ${detail}`)
  return { extraction, passed, ended, said, mostAtOnce }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Lines with something different in each, some kilobytes or megabytes of them. */
export function lines(bytes: number): string {
  const out: string[] = []
  for (let at = 0, length = 0; length < bytes; at++) {
    const line = `${at} paid by card ${4_000_000_000_000_000 + ((at * 7_919) % 999_983)}, thank you\n`
    out.push(line)
    length += line.length
  }
  return out.join('')
}
