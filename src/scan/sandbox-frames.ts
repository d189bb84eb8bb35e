/**
 * Frames between a scan thread and its sandbox: two lengths (32 bits, little endian), a JSON header of that many bytes,
 * then raw bytes, so that content is never JSON. What the sandbox sends is hostile: every length is bounded, and a
 * frame past its bound is a FrameError.
 */
export interface Frame {
  readonly header: unknown
  readonly body: Uint8Array
}

export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const LENGTHS_BYTES = 8

/** The beginning of a frame, up to its body. */
export function frameHead(header: object, bodyBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(header), 'utf8')
  const head = Buffer.allocUnsafe(LENGTHS_BYTES + json.length)
  head.writeUInt32LE(json.length, 0)
  head.writeUInt32LE(bodyBytes, 4)
  json.copy(head, LENGTHS_BYTES)
  return head
}

/**
 * Puts frames together from chunks as they come in. Heads are small and gathered; a body is written in its place at once,
 * so that a large one is held once. Room for it is taken as it comes, whatever its length claims.
 */
export class FrameReader {
  readonly #headerMaxBytes: number
  readonly #bodyMaxBytes: number
  /** Lengths and header of the frame that is coming in, as far as they have. */
  #head: Buffer[] = []
  #headBytes = 0
  #headWanted = LENGTHS_BYTES
  /** What is known once the head is whole; null before. */
  #open: { readonly header: unknown; readonly body: Buffer; filled: number } | null = null

  constructor(headerMaxBytes: number, bodyMaxBytes: number) {
    this.#headerMaxBytes = headerMaxBytes
    this.#bodyMaxBytes = bodyMaxBytes
  }

  /** Tells the frames that `chunk` completes, each before the next is looked at. Throws a FrameError. */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    let rest = chunk
    while (rest.length > 0) {
      rest = this.#open ? rest : this.#takeHead(rest)
      const open = this.#open
      if (!open) return
      const taken = rest.copy(open.body, open.filled)
      open.filled += taken
      rest = rest.subarray(taken)
      if (open.filled < open.body.length) return
      this.#open = null
      onFrame({ header: open.header, body: open.body })
    }
  }

  /** What of `chunk` stands behind the head; opens the frame when its head is whole. */
  #takeHead(chunk: Buffer): Buffer {
    this.#head.push(chunk)
    this.#headBytes += chunk.length
    if (this.#headBytes < this.#headWanted) return chunk.subarray(chunk.length)
    const all = this.#head.length === 1 ? chunk : Buffer.concat(this.#head)
    const headerBytes = all.readUInt32LE(0)
    const bodyBytes = all.readUInt32LE(4)
    if (headerBytes > this.#headerMaxBytes || bodyBytes > this.#bodyMaxBytes) throw new FrameError('frame too large')
    const bodyAt = LENGTHS_BYTES + headerBytes
    this.#head = [all]
    this.#headWanted = bodyAt
    if (all.length < bodyAt) return chunk.subarray(chunk.length)
    const header = parse(all.toString('utf8', LENGTHS_BYTES, bodyAt))
    this.#head = []
    this.#headBytes = 0
    this.#headWanted = LENGTHS_BYTES
    // Pages that were never written to take no memory.
    this.#open = { header, body: Buffer.allocUnsafeSlow(bodyBytes), filled: 0 }
    return all.subarray(bodyAt)
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new FrameError('frame without JSON')
  }
}
