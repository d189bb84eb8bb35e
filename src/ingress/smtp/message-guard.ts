import { HeaderWatch } from './header-watch.ts'
import type { LineEndings } from './smtp-options.ts'
import { replies, type SmtpReply } from './smtp-reply.ts'

/**
 * Reads the octets between DATA and its end: finds CRLF.CRLF (the only end there is, RFC 5321 section 4.1.1.4), takes
 * dot-stuffing off (section 4.5.2), and refuses or mends bare CR, bare LF and NUL, so that what is hashed, judged and
 * delivered are the same bytes. One pass with a few states, linear for any input, with at most one copy of a chunk.
 * It may not wait, store or reply. A message with a problem is read to its end and then refused.
 */
export type GuardProblem =
  | 'bad-line-ends'
  | 'line-too-long'
  | 'header-too-large'
  | 'too-large'
  | 'too-many-hops'
  | 'own-loop'

export const replyByProblem: Readonly<Record<GuardProblem, SmtpReply>> = {
  'bad-line-ends': replies.badLineEnds,
  'line-too-long': replies.dataLineTooLong,
  'header-too-large': replies.headerTooLarge,
  'too-large': replies.sizeExceeded,
  'too-many-hops': replies.tooManyHops,
  'own-loop': replies.ownLoop,
}

export interface GuardOptions {
  readonly limits: {
    readonly messageSizeMaxBytes: number
    readonly dataLineMaxBytes: number
    readonly headerMaxBytes: number
    readonly hopsMax: number
    readonly ownTracesMax: number
    readonly traceHeadersMax: number
  }
  readonly lineEndings: LineEndings
  readonly trace: { readonly header: string; readonly isOwnTrace: (value: string) => boolean } | null
}

const LINE_START = 0
const TEXT = 1
const AFTER_CR = 2
const AFTER_DOT = 3
const AFTER_DOT_CR = 4
const LF = 0x0a
const CR = 0x0d
const DOT = 0x2e

export class MessageGuard {
  /** First thing found wrong; nothing is emitted from then on. */
  problem: GuardProblem | null = null
  /** True once the end of data was seen. */
  ended = false
  /** Octets of content emitted so far. */
  size = 0
  /** Octets read from the wire, also those after a problem. */
  wireBytes = 0
  /** Content of the last `push`, empty when there is none to store. May share memory with the chunk. */
  output: Uint8Array = EMPTY
  private state = LINE_START
  private lineLength = 0
  private traces = 0
  private ownTraces = 0
  private readonly options: GuardOptions
  private readonly mend: boolean
  private readonly header: HeaderWatch

  constructor(options: GuardOptions) {
    this.options = options
    this.mend = options.lineEndings === 'canonicalise'
    this.header = new HeaderWatch(options.trace?.header ?? null, (value) => this.countTrace(value))
  }

  /** Takes the next octets, sets `output`, and returns how many belonged to the message: fewer only at its end. */
  push(chunk: Buffer): number {
    const segments = new Segments(chunk, this.mend)
    const consumed = this.scan(chunk, segments)
    this.wireBytes += consumed
    this.output = this.problem === null ? segments.take() : EMPTY
    this.size += this.output.length
    if (!this.header.done) this.checkHeader()
    if (this.size > this.options.limits.messageSizeMaxBytes) this.fail('too-large')
    if (this.problem !== null) this.output = EMPTY
    return consumed
  }

  private scan(chunk: Buffer, segments: Segments): number {
    const lineMax = this.options.limits.dataLineMaxBytes
    let state = this.state
    // Index of the first octet of the line, negative when it began in an earlier chunk.
    let lineStart = -this.lineLength
    const runs = PlainRuns.of(chunk, lineMax)
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number
      if (runs !== null && (state === TEXT || (state === LINE_START && byte !== DOT))) {
        const end = runs.endFrom(i)
        if (end > i) {
          if (state === LINE_START) lineStart = i
          if (runs.firstLineEnd(i, end) - lineStart > lineMax) this.fail('line-too-long')
          lineStart = runs.lastLineStart(i, end) ?? lineStart
          state = lineStart === end ? LINE_START : TEXT
          i = end - 1
          continue
        }
      }
      if (state !== TEXT) {
        if (state === LINE_START) {
          lineStart = i
          state = TEXT
          if (byte === DOT) {
            if (chunk[i + 1] === CR && chunk[i + 2] === LF) return this.end(segments, i, i + 3)
            segments.skip(i)
            state = AFTER_DOT
            continue
          }
        } else if (state === AFTER_CR) {
          if (byte === LF) {
            if (i + 1 - lineStart > lineMax) this.fail('line-too-long')
            state = LINE_START
            continue
          }
          this.badLineEnd(segments, i, '\n')
          if (i - lineStart > lineMax) this.fail('line-too-long')
          lineStart = i
          state = TEXT
        } else if (state === AFTER_DOT) {
          state = TEXT
          if (byte === CR) {
            segments.skip(i)
            state = AFTER_DOT_CR
            continue
          }
        } else {
          if (byte === LF) return this.end(segments, i, i + 1)
          this.badLineEnd(segments, i, '\r\n')
          lineStart = i
          state = TEXT
        }
      }
      if (byte > CR) continue
      if (byte === CR) state = AFTER_CR
      else if (byte === LF) {
        this.badLineEnd(segments, i, '\r')
        if (i + 1 - lineStart > lineMax) this.fail('line-too-long')
        lineStart = i + 1
      } else if (byte === 0) {
        this.badLineEnd(segments, i, '')
        segments.skip(i)
      }
    }
    this.state = state
    this.lineLength = state === LINE_START ? 0 : chunk.length - lineStart
    if (this.lineLength > lineMax) this.fail('line-too-long')
    return chunk.length
  }

  private end(segments: Segments, contentEnd: number, consumed: number): number {
    segments.end(contentEnd)
    this.ended = true
    return consumed
  }

  /** A line end that isn't CRLF, or a NUL: refused, or mended by what has to stand before octet `i`. */
  private badLineEnd(segments: Segments, i: number, missing: string): void {
    if (this.mend) segments.insert(i, missing)
    else this.fail('bad-line-ends')
  }

  private checkHeader(): void {
    this.header.push(this.output)
    if (this.ended && this.problem === null) this.header.end()
    const { headerMaxBytes, hopsMax, ownTracesMax } = this.options.limits
    if (this.header.bytes > headerMaxBytes) this.fail('header-too-large')
    if (this.header.received > hopsMax) this.fail('too-many-hops')
    if (this.ownTraces > ownTracesMax) this.fail('own-loop')
  }

  private countTrace(value: string): void {
    if (++this.traces > this.options.limits.traceHeadersMax) return
    if (this.options.trace?.isOwnTrace(value)) this.ownTraces++
  }

  private fail(problem: GuardProblem): void {
    this.problem ??= problem
  }
}

const EMPTY = new Uint8Array(0)

/** Below this many octets looking at each is faster. */
const SKIM_MIN_BYTES = 256
/** All but ordinary text and CRLF: stuffed dots and the end of data, line ends that are none, NUL. */
const SPECIAL = /\r\n\.|\r(?!\n)|(?<!\r)\n|\0/g

/** Finds runs of ordinary text in a chunk: a regular expression over a Latin-1 copy is many times as fast as a loop. */
class PlainRuns {
  private readonly chunk: Buffer
  private readonly text: string
  private end = -1

  private constructor(chunk: Buffer) {
    this.chunk = chunk
    this.text = chunk.toString('latin1')
  }

  /** Null for a chunk that isn't worth it, or is so long that lines inside of it may be too long. */
  static of(chunk: Buffer, lineMaxBytes: number): PlainRuns | null {
    return chunk.length >= SKIM_MIN_BYTES && chunk.length <= lineMaxBytes ? new PlainRuns(chunk) : null
  }

  /** Where the run of ordinary text that begins at octet `i` ends. */
  endFrom(i: number): number {
    if (this.end >= i) return this.end
    SPECIAL.lastIndex = i
    this.end = SPECIAL.exec(this.text)?.index ?? this.text.length
    return this.end
  }

  /** Behind the first line end in the run, or its end. */
  firstLineEnd(i: number, end: number): number {
    const at = this.text.indexOf('\n', i)
    return at < 0 || at >= end ? end : at + 1
  }

  /** Behind the last line end in the run, or null. */
  lastLineStart(i: number, end: number): number | null {
    const at = this.chunk.lastIndexOf(LF, end - 1)
    return at < i ? null : at + 1
  }
}

/** Runs of a chunk that stay as they are; copied only when something between them is dropped or put in. */
class Segments {
  private readonly chunk: Buffer
  private readonly mend: boolean
  private out: Buffer | null = null
  private length = 0
  private from = 0
  private to: number

  constructor(chunk: Buffer, mend: boolean) {
    this.chunk = chunk
    this.mend = mend
    this.to = chunk.length
  }

  /** Drops octet `i`. */
  skip(i: number): void {
    this.flush(i)
    this.from = i + 1
  }

  /** Puts `text` in before octet `i`. */
  insert(i: number, text: string): void {
    const out = this.flush(i)
    for (let k = 0; k < text.length; k++) out[this.length++] = text.charCodeAt(k)
    this.from = i
  }

  /** Octet `i` and all after it are not part of it. */
  end(i: number): void {
    this.to = i
  }

  take(): Uint8Array {
    if (this.out === null) return this.chunk.subarray(this.from, this.to)
    return this.flush(this.to).subarray(0, this.length)
  }

  private flush(end: number): Buffer {
    // Mending adds at most one octet per octet, and two for a CR that an earlier chunk held back.
    this.out ??= Buffer.allocUnsafe(this.mend ? this.chunk.length * 2 + 2 : this.chunk.length)
    if (end - this.from < COPY_BY_HAND_MAX) {
      for (let i = this.from; i < end; i++) this.out[this.length++] = this.chunk[i] as number
    } else {
      this.length += this.chunk.copy(this.out, this.length, this.from, end)
    }
    this.from = Math.max(this.from, end)
    return this.out
  }
}

/** Below this many octets a loop is faster than a call into native code. */
const COPY_BY_HAND_MAX = 48
