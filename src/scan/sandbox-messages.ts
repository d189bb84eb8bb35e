import { PART_TRAITS, UNINSPECTED_REASONS } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import type { IsolatedExtraction, IsolatedPart } from '../extract/isolation.ts'
import { type Frame, FrameError } from './sandbox-frames.ts'

/**
 * What goes into a sandbox and what it says: that it is ready, which part it is at, what it read. A parser that was
 * taken over speaks here, so what is said is checked word for word: kinds, ranges, references, and no field besides.
 */
export type SandboxRequest = Omit<IsolatedPart, 'bytes' | 'source'> & {
  /** Bytes to be asked for by their place; null: the part follows the request. */
  readonly sourceSize: number | null
}

/** What a sandbox has used in its whole life. */
export interface SandboxUse {
  readonly memoryBytes: number
  readonly cpuMs: number
}

export type SandboxSaid =
  | { readonly kind: 'ready' }
  | { readonly kind: 'at'; readonly path: string }
  /** Wants bytes of the part, and waits for them. */
  | { readonly kind: 'read'; readonly at: number; readonly length: number }
  /** A piece of a text that is handed on, or its end; waits until it was taken. */
  | { readonly kind: 'text'; readonly path: string; readonly isEnd: boolean; readonly utf8: Uint8Array }
  | { readonly kind: 'done'; readonly extraction: IsolatedExtraction; readonly use: SandboxUse }

/** Header of the frame that tells a result; its texts follow one another in the body, each with part id and bytes here. */
export function doneHeader(extraction: IsolatedExtraction, use: SandboxUse): object {
  const texts = extraction.texts.map(({ part, utf8 }) => [part, utf8.length])
  return { kind: 'done', ...extraction, texts, use }
}

/** Throws a FrameError for anything that does not hold together. */
export function readSaid({ header, body }: Frame): SandboxSaid {
  const { kind } = (header ?? {}) as { readonly kind?: unknown }
  if (kind === 'ready' && isReady(header)) return { kind }
  if (kind === 'at' && isAt(header)) return { kind, path: header.path }
  if (kind === 'read' && isRead(header)) return { kind, at: header.at, length: header.length }
  if (kind === 'text' && isTextFrame(header)) return { kind, path: header.path, isEnd: header.isEnd, utf8: body }
  if (kind !== 'done' || !isDone(header)) throw new FrameError('unknown words')
  const { sniffedType, via, traits, parts, texts, uninspected, labels, prints, left, use } = header
  const isOrdered = parts.every(({ id, parent }, at) => id === at + 1 && parent !== null && parent < id)
  if (!isOrdered) throw new FrameError('parts out of order')
  if (prints.some(({ part }) => part > parts.length)) throw new FrameError('print of no part')
  let from = 0
  const cut = texts.map(([part, bytes]) => {
    if (part > parts.length) throw new FrameError('text of no part')
    const utf8 = body.subarray(from, from + bytes)
    from += bytes
    return { part, utf8 }
  })
  if (from !== body.length) throw new FrameError('texts that do not add up')
  return { kind, use, extraction: { sniffedType, via, traits, parts, texts: cut, uninspected, labels, prints, left } }
}

interface Done extends Omit<IsolatedExtraction, 'texts'> {
  readonly texts: readonly (readonly [part: number, bytes: number])[]
  readonly use: SandboxUse
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string' && value.length <= limits.extractHeaderMaxBytes
const isBase64: Check = (value) =>
  typeof value === 'string' && value.length <= limits.sandboxHeaderMaxBytes && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
const isMediaType: Check = (value) => typeof value === 'string' && /^[a-z]+\/[a-z0-9.+-]{1,128}$/.test(value)
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isBoolean: Check = (value) => typeof value === 'boolean'
const isHash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value)
const nullOr =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)

/** An object with exactly these fields, and perhaps some of the optional ones. */
const record =
  (fields: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const entries = Object.entries(value)
    const known = entries.every(([name, inner]) => {
      const check = Object.hasOwn(fields, name) ? fields[name] : Object.hasOwn(optional, name) ? optional[name] : null
      return check?.(inner) === true
    })
    return known && Object.keys(fields).every((name) => Object.hasOwn(value, name))
  }

const isVia = listOf(isText)
const isTraits = listOf(oneOf(...PART_TRAITS))

const isPart = record({
  id: isCount,
  parent: nullOr(isCount),
  path: isText,
  filename: nullOr(isText),
  declaredType: nullOr(isText),
  sniffedType: isText,
  size: isCount,
  sha256: isHash,
  depth: isCount,
  via: isVia,
  traits: isTraits,
})

const isLabel = record(
  { scheme: isText, id: isText, name: isText, part: isText },
  {
    header: isText,
    siteId: isText,
    method: isText,
    contentBits: isNumber,
    removed: isBoolean,
    setAt: isText,
  },
)

const isLeft = record({
  budget: record({ inflatedBytes: isCount, textBytes: isCount, parts: isCount, ms: isNumber }),
  pictures: nullOr(record({ pictures: isNumber, ms: isNumber })),
})

const isDoneRecord = record({
  kind: oneOf('done'),
  sniffedType: nullOr(isMediaType),
  via: isVia,
  traits: isTraits,
  parts: listOf(isPart),
  texts: listOf((value) => Array.isArray(value) && value.length === 2 && value.every(isCount)),
  uninspected: listOf(record({ path: isText, reason: oneOf(...UNINSPECTED_REASONS), detail: isText })),
  labels: listOf(isLabel),
  prints: listOf(record({ part: isCount }, { chunks: isBase64, picture: isBase64 })),
  left: isLeft,
  use: record({ memoryBytes: isCount, cpuMs: isNumber }),
})
const isReady = record({ kind: oneOf('ready') })
const isAtRecord = record({ kind: oneOf('at'), path: isText })
const isReadRecord = record({ kind: oneOf('read'), at: isCount, length: isCount })
const isTextRecord = record({ kind: oneOf('text'), path: isText, isEnd: isBoolean })

function isRead(header: unknown): header is { readonly at: number; readonly length: number } {
  return isReadRecord(header)
}

function isTextFrame(header: unknown): header is { readonly path: string; readonly isEnd: boolean } {
  return isTextRecord(header)
}

function isAt(header: unknown): header is { readonly path: string } {
  return isAtRecord(header)
}

function isDone(header: unknown): header is Done {
  return isDoneRecord(header)
}
