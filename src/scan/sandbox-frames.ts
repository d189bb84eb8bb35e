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

/** Puts frames together from chunks as they come in. */
export class FrameReader {
  readonly #headerMaxBytes: number
  readonly #bodyMaxBytes: number
  #chunks: Buffer[] = []
  #bytes = 0
  #wanted = LENGTHS_BYTES

  constructor(headerMaxBytes: number, bodyMaxBytes: number) {
    this.#headerMaxBytes = headerMaxBytes
    this.#bodyMaxBytes = bodyMaxBytes
  }

  /** Tells the frames that `chunk` completes, each before the next is looked at. Throws a FrameError. */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    while (this.#bytes >= this.#wanted) {
      const [first] = this.#chunks
      const all = first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
      const used = this.#take(all, onFrame)
      const rest = all.subarray(used)
      this.#chunks = rest.length > 0 ? [rest] : []
      this.#bytes = rest.length
      if (used === 0) break
    }
  }

  /** Bytes of the frame taken from the beginning of `all`; none when it is not complete. */
  #take(all: Buffer, onFrame: (frame: Frame) => void): number {
    const headerBytes = all.readUInt32LE(0)
    const bodyBytes = all.readUInt32LE(4)
    if (headerBytes > this.#headerMaxBytes || bodyBytes > this.#bodyMaxBytes) throw new FrameError('frame too large')
    const total = LENGTHS_BYTES + headerBytes + bodyBytes
    this.#wanted = total
    if (all.length < total) return 0
    const json = all.toString('utf8', LENGTHS_BYTES, LENGTHS_BYTES + headerBytes)
    this.#wanted = LENGTHS_BYTES
    onFrame({ header: parse(json), body: all.subarray(LENGTHS_BYTES + headerBytes, total) })
    return total
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new FrameError('frame without JSON')
  }
}
