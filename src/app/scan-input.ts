/** A file on disk (or a line of a manifest) as the gateway would have received it: mail with its envelope, or an upload. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import addressparser from 'nodemailer/lib/addressparser'
import type { Envelope } from '../core/envelope.ts'
import { limits } from '../core/limits.ts'
import { hostOf } from '../policy/facts.ts'
import { nameAsText, pathOfName } from '../scan/file-names.ts'
import type { ScanJob } from '../scan/scan-job.ts'
import type { ScanRequest } from '../scan/scan-pool.ts'

export interface ScanTarget {
  readonly file: string
  readonly as?: 'mail' | 'upload' | undefined
  readonly from?: string | undefined
  readonly to?: readonly string[] | undefined
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly filename?: string | undefined
  readonly contentType?: string | undefined
}

export interface ScanInput {
  readonly envelope: Envelope
  readonly job: ScanJob
}

/** A file whose content is read when a scan worker is free for it. */
export interface OpenedScanInput {
  readonly envelope: Envelope
  readonly job: ScanRequest
}

const NO_BYTES = new Uint8Array(0)
const HEADER_READ_MAX_BYTES = 1024 * 1024
const HEADER_ADDRESSES_MAX = 1_000

/** Throws the file system's error when the file can't be read. */
export async function readScanInput(target: ScanTarget): Promise<ScanInput> {
  return scanInputOf(target, await readWhole(target.file))
}

/** The same without holding more of the file than a mail's header. Throws the file system's error. */
export async function openScanInput(target: ScanTarget): Promise<OpenedScanInput> {
  const handle = await open(pathOfName(target.file))
  try {
    const { size } = await handle.stat()
    // A pipe has no size, and can be read once.
    if (size === 0) return scanInputOf(target, await readAll(handle))
    const head = await readFrom(handle, Math.min(size, HEADER_READ_MAX_BYTES))
    const { envelope, job } = scanInputOf(target, head)
    if (head.length === size) return { envelope, job }
    // A mail is read whole whatever its size: its parts say where they end.
    if (job.as === 'upload' && size > limits.extractStreamFromBytes)
      return {
        envelope,
        job: { ...job, bytes: NO_BYTES, file: target.file, size, sha256: () => digestOf(target.file) },
      }
    const later = { size, bytes: () => readWhole(target.file), sha256: () => digestOf(target.file) }
    return { envelope, job: { ...job, ...later } }
  } finally {
    await handle.close()
  }
}

async function readWhole(file: string): Promise<Uint8Array> {
  const handle = await open(pathOfName(file))
  try {
    const { size } = await handle.stat()
    return size === 0 ? await readAll(handle) : await readFrom(handle, size)
  } finally {
    await handle.close()
  }
}

/** One read call gives 2 GiB at most. */
const READ_MAX_BYTES = 256 * 1024 * 1024

async function readFrom(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(READ_MAX_BYTES, size - at), at)
    if (bytesRead === 0) return bytes.slice(0, at)
    at += bytesRead
  }
  return bytes
}

async function readAll(handle: FileHandle): Promise<Uint8Array> {
  return Uint8Array.from(await handle.readFile())
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(pathOfName(file))) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** The same of bytes that are at hand; the file is a name alone. */
export function scanInputOf(target: ScanTarget, bytes: Uint8Array): ScanInput {
  const as = target.as ?? (target.method || target.url ? 'upload' : /\.eml$/i.test(target.file) ? 'mail' : 'upload')
  return as === 'mail' ? mailInput(target, bytes) : uploadInput(target, bytes)
}

function mailInput(target: ScanTarget, bytes: Uint8Array): ScanInput {
  const headers = headerAddresses(bytes)
  const sender = target.from ?? headers.from[0] ?? ''
  const recipients = [...new Set(target.to && target.to.length > 0 ? target.to : headers.to)]
  return {
    envelope: envelopeOf('mail', sender, recipients),
    job: { bytes, as: 'mail', filename: null, declaredType: 'message/rfc822' },
  }
}

function uploadInput(target: ScanTarget, bytes: Uint8Array): ScanInput {
  const headers = target.headers ?? {}
  const header = (name: string) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  const isRequest = target.method !== undefined || target.url !== undefined || target.headers !== undefined
  const filename = target.filename ?? (isRequest ? null : nameAsText(basename(target.file)))
  const request = { method: target.method ?? 'PUT', url: target.url ?? '', headers }
  const host = isRequest ? hostOf({ request }) : ''
  const recipients = target.to && target.to.length > 0 ? target.to : host === '' ? [] : [host]
  return {
    envelope: {
      ...envelopeOf('upload', target.from ?? '', recipients),
      ...(isRequest ? { request: { ...request, ...(filename === null ? {} : { filename }) } } : {}),
    },
    job: {
      bytes,
      as: 'upload',
      filename,
      declaredType: target.contentType ?? header('content-type') ?? null,
      ...(isRequest ? { request } : {}),
    },
  }
}

function envelopeOf(channel: Envelope['channel'], sender: string, recipients: readonly string[]): Envelope {
  return {
    channel,
    sender,
    recipients: recipients.map((address) => ({ address })),
    client: { address: '127.0.0.1', listener: 'command-line', protocol: 'local' },
    body: '8BITMIME',
    smtpUtf8: true,
    dsn: {},
    receivedAt: Date.now(),
  }
}

/** Sender and recipients that the message's own header names, in order of appearance. */
function headerAddresses(bytes: Uint8Array): { from: string[]; to: string[] } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEADER_READ_MAX_BYTES)).toString(
    'utf8',
  )
  const end = /\r?\n\r?\n/.exec(text)
  const header = text.slice(0, end?.index ?? text.length).replace(/\r?\n[ \t]+/g, ' ')
  const found = { from: [] as string[], to: [] as string[] }
  for (const line of header.split(/\r?\n/)) {
    const match = /^(from|to|cc|bcc)\s*:(.*)$/i.exec(line)
    if (!match?.[1] || !match[2]) continue
    const list = match[1].toLowerCase() === 'from' ? found.from : found.to
    for (const entry of addressparser(match[2], { flatten: true })) {
      if (entry.address && list.length < HEADER_ADDRESSES_MAX) list.push(entry.address)
    }
  }
  return found
}
