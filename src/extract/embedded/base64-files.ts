import { parseMediaType } from '../media-type.ts'
import { signatureOf } from '../signatures.ts'
import type { EmbeddedFile } from './embedded-file.ts'

/**
 * Base64 and hex of whole files inside a text, told by the marks of known formats once decoded, and data URIs. A run is
 * taken over its line breaks, also where those are written as `\n`. Runs are found by looking at every fortieth character
 * first, so prose costs next to nothing.
 */
const RUN_MIN_CHARS = 40
const RUN = /[A-Za-z0-9+/_-]+(?:(?:\r?\n|\\r\\n|\\n)[ \t>]*[A-Za-z0-9+/_-]+)*={0,2}/y
const DATA_URI = /data:([\w.+/-]{0,80}(?:;[\w.=+"-]{1,80}){0,4});base64,$/i
const DATA_URI_MAX_CHARS = 500
/** Enough for every mark but those deep inside a file. */
const HEAD_CHARS = 1024

const isCoded = new Uint8Array(256)
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_') isCoded[c.charCodeAt(0)] = 1

/**
 * Whether the bytes of a text hold a run that is long enough to be looked at. A window of that length is read from its
 * end: what ends no run there begins none before, so most bytes are never looked at.
 */
export function hasCodedRun(utf8: Uint8Array): boolean {
  for (let start = 0; start + RUN_MIN_CHARS <= utf8.length; ) {
    let at = start + RUN_MIN_CHARS - 1
    while (at >= start && isCoded[utf8[at] ?? 0] === 1) at--
    if (at < start) return true
    start = at + 1
  }
  return false
}

/** Whether all of `[from, to)` is one run of such characters, long enough to be looked at; a line's end may follow. */
export function isCodedRun(bytes: Uint8Array, from: number, to: number): boolean {
  let end = to
  while (end > from && (bytes[end - 1] === 0x0d || bytes[end - 1] === 0x3d)) end--
  if (from < 0 || end - from < RUN_MIN_CHARS) return false
  for (let at = from; at < end; at++) if (isCoded[bytes[at] ?? 0] !== 1) return false
  return true
}

export function findBase64Files(text: string): EmbeddedFile[] {
  const files: EmbeddedFile[] = []
  let floor = 0
  for (let at = RUN_MIN_CHARS - 1; at < text.length; ) {
    if (!isCoded[text.charCodeAt(at)]) {
      at += RUN_MIN_CHARS
      continue
    }
    let start = at
    while (start > floor && isCoded[text.charCodeAt(start - 1)]) start--
    let end = at + 1
    while (end < text.length && isCoded[text.charCodeAt(end)]) end++
    if (end - start >= RUN_MIN_CHARS) {
      const found = readRun(text, start, end)
      if (found) {
        files.push(found.file)
        end = found.end
      }
    }
    floor = end
    at = end + RUN_MIN_CHARS
  }
  return files
}

/** The file whose encoded form starts at `start`, if its first line says that it is one. */
function readRun(text: string, start: number, lineEnd: number): { file: EmbeddedFile; end: number } | null {
  const uri =
    text.charCodeAt(start - 1) === 0x2c
      ? DATA_URI.exec(text.slice(Math.max(0, start - DATA_URI_MAX_CHARS), start))
      : null
  const head = text.slice(start, Math.min(lineEnd, start + HEAD_CHARS))
  const encoding = /^[0-9a-f]{40,}$/i.test(head) ? 'hex' : 'base64'
  if (!uri && !isKnownFormat(Buffer.from(head, encoding))) return null
  RUN.lastIndex = start
  const coded = RUN.exec(text)?.[0] ?? ''
  const end = Math.max(lineEnd, start + coded.length)
  if (uri) return { file: fromDataUri(uri[1] ?? '', coded), end }
  return { file: { bytes: Buffer.from(squeeze(coded), encoding), filename: null, via: encoding }, end }
}

/** Random bytes begin like a program or an old archive often enough; only marks of four bytes or more are proof. */
const weakMarks = new Set([
  'application/vnd.microsoft.portable-executable',
  'application/x-arj',
  'application/x-compress',
  'application/x-cpio',
  'application/x-lzma',
  'application/pgp-encrypted',
  'image/vnd.microsoft.icon',
])

function isKnownFormat(head: Buffer): boolean {
  const type = signatureOf(head)
  return type !== null && !weakMarks.has(type)
}

function fromDataUri(type: string, coded: string): EmbeddedFile {
  const declared = parseMediaType(type)
  return {
    bytes: Buffer.from(squeeze(coded), 'base64'),
    filename: null,
    via: 'data-uri',
    declaredType: declared.type,
    parameters: declared.parameters,
  }
}

function squeeze(coded: string): string {
  return coded.replace(/\\r|\\n|[\s>]+/g, '')
}
