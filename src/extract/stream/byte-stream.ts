import { createHash } from 'node:crypto'

/**
 * Bytes that come one after the other, with a look ahead. Counts and hashes all that came, so that a part that was never
 * held has its size and SHA-256 at its end. What the iterator throws goes to whoever reads.
 */
export class ByteStream {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  readonly #hash = createHash('sha256')
  #queue: Buffer[] = []
  #queued = 0
  #arrived = 0
  #isDone = false
  #sha256: string | null = null
  #observer: ((bytes: Uint8Array) => void) | null = null

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  }

  /** Bytes that came; all of them once the stream is drained. */
  get size(): number {
    return this.#arrived
  }

  /** Of what came, lower-case hex. Nothing may be read after it was asked for. */
  get sha256(): string {
    this.#sha256 ??= this.#hash.digest('hex')
    return this.#sha256
  }

  /** Shows all bytes to `observer`, in order and whoever reads them. Nothing may have been taken before. */
  observe(observer: (bytes: Uint8Array) => void): void {
    for (const chunk of this.#queue) observer(chunk)
    this.#observer = observer
  }

  /** The next `length` bytes, fewer at the end; they stay in the stream. */
  async peek(length: number): Promise<Buffer> {
    while (this.#queued < length && (await this.#pull()));
    const [first] = this.#queue
    if (this.#queue.length > 1 && (first as Buffer).length < length) this.#queue = [Buffer.concat(this.#queue)]
    return (this.#queue[0] ?? NOTHING).subarray(0, length)
  }

  /** The next `length` bytes, fewer at the end. */
  async take(length: number): Promise<Buffer> {
    const taken = await this.peek(length)
    this.#drop(taken.length)
    return taken
  }

  /** What is at hand, `most` bytes at most; null at the end. */
  async next(most = Number.POSITIVE_INFINITY): Promise<Buffer | null> {
    while (this.#queued === 0) if (!(await this.#pull())) return null
    const next = (this.#queue[0] as Buffer).subarray(0, most)
    this.#drop(next.length)
    return next
  }

  /** Puts bytes back that were taken last. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#queue.unshift(bytes)
    this.#queued += bytes.length
  }

  /** Lets bytes go by; how many there were. */
  async skip(length: number): Promise<number> {
    let left = length
    while (left > 0) {
      const chunk = await this.next(left)
      if (chunk === null) break
      left -= chunk.length
    }
    return length - left
  }

  /** Lets all the rest go by. */
  async drain(): Promise<void> {
    await this.skip(Number.POSITIVE_INFINITY)
  }

  /** The next `length` bytes as chunks. */
  async *part(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      const chunk = await this.next(left)
      if (chunk === null) return
      left -= chunk.length
      yield chunk
    }
  }

  #drop(length: number): void {
    this.#queued -= length
    const first = this.#queue[0]
    if (!first) return
    if (length === first.length) this.#queue.shift()
    else this.#queue[0] = first.subarray(length)
  }

  async #pull(): Promise<boolean> {
    if (this.#isDone) return false
    const { done, value } = await this.#chunks.next()
    if (done) {
      this.#isDone = true
      return false
    }
    this.#hash.update(value)
    this.#observer?.(value)
    this.#arrived += value.length
    if (value.length > 0) this.#queue.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    this.#queued += value.length
    return true
  }
}

const NOTHING = Buffer.alloc(0)
