import { readSync, writeSync } from 'node:fs'
import { limits } from '../core/limits.ts'
import { extractIsolated } from '../extract/extract.ts'
import type { Format } from '../extract/format.ts'
import type { IsolatedPart, TextSink } from '../extract/isolation.ts'
import type { ByteSource } from '../extract/stream/byte-source.ts'
import { frameHead } from './sandbox-frames.ts'
import { doneHeader, type SandboxRequest } from './sandbox-messages.ts'

/**
 * The inside of a sandbox: reads one part after the other from the one channel it has, and ends with it. It reads and
 * writes synchronously, so that what it says of where it is has left it before a parser can end it.
 */
const CHANNEL = 3
const LENGTHS_BYTES = 8

/** Resolves when the other end is gone. `formatFor`: left out, the registry's formats. */
export async function serveSandbox(formatFor?: (type: string) => Format | undefined): Promise<void> {
  write(frameHead({ kind: 'ready' }, 0))
  for (;;) {
    const lengths = read(LENGTHS_BYTES)
    if (lengths === null) return
    const header = read(lengths.readUInt32LE(0))
    if (header === null) return
    const request = JSON.parse(header.toString('utf8')) as SandboxRequest
    // A part that there is no memory for must be known before it is asked for.
    tellPath(request.path)
    const bytes = read(lengths.readUInt32LE(4))
    if (bytes === null) return
    const { sourceSize, ...known } = request
    await answer({ ...known, bytes, source: sourceSize === null ? null : sourceBeyond(sourceSize) }, formatFor)
  }
}

async function answer(part: IsolatedPart, formatFor?: (type: string) => Format | undefined): Promise<void> {
  const extraction = await extractIsolated(part, tellPath, textSink, formatFor)
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  const use = { memoryBytes: maxRSS * 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000 }
  const bytes = extraction.texts.reduce((sum, { utf8 }) => sum + utf8.length, 0)
  write(frameHead(doneHeader(extraction, use), bytes), ...extraction.texts.map(({ utf8 }) => utf8))
}

function tellPath(path: string): void {
  write(frameHead({ kind: 'at', path }, 0))
}

/** Content that stays where it is: asked for piece by piece, over the channel. */
function sourceBeyond(size: number): ByteSource {
  return {
    size,
    read: (at, length) => {
      const wanted = Math.max(0, Math.min(length, size - at))
      const bytes = Buffer.allocUnsafeSlow(wanted)
      for (let filled = 0; filled < wanted; ) {
        const pieceBytes = Math.min(limits.extractStreamChunkBytes, wanted - filled)
        write(frameHead({ kind: 'read', at: at + filled, length: pieceBytes }, 0))
        filled += replied(pieceBytes).copy(bytes, filled)
      }
      return bytes
    },
  }
}

const textSink: TextSink = {
  write: (path, utf8) => {
    for (let at = 0; at < utf8.length; at += limits.extractStreamChunkBytes) {
      const piece = utf8.subarray(at, at + limits.extractStreamChunkBytes)
      write(frameHead({ kind: 'text', path, isEnd: false }, piece.length), piece)
      replied(0)
    }
  },
  end: (path) => {
    write(frameHead({ kind: 'text', path, isEnd: true }, 0))
    replied(0)
  },
}

/** The answer that was waited for. Without one there is nothing more to do here. */
function replied(bytes: number): Buffer {
  const lengths = read(LENGTHS_BYTES)
  const header = lengths && read(lengths.readUInt32LE(0))
  const body = header && lengths && read(lengths.readUInt32LE(4))
  if (!body || body.length !== bytes) process.exit(0)
  return body
}

/** Null when the channel ended. */
function read(bytes: number): Buffer | null {
  if (bytes > limits.sandboxRequestMaxBytes) return null
  const buffer = Buffer.allocUnsafeSlow(bytes)
  for (let at = 0; at < bytes; ) {
    const got = readSync(CHANNEL, buffer, at, bytes - at, null)
    if (got === 0) return null
    at += got
  }
  return buffer
}

function write(...buffers: readonly Uint8Array[]): void {
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; ) at += writeSync(CHANNEL, buffer, at, buffer.length - at)
  }
}
