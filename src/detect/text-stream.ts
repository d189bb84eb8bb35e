/**
 * One text that comes in pieces, looked at in windows with some of the text before and behind each, so that a value at a
 * border is seen whole. A match belongs to the window in whose own stretch it begins, and so is counted once; header
 * rows of a table go with every window of it. Memory is that of one window, however long the text is. Pure.
 */
import { isAscii } from 'node:buffer'
import type { Match, NearMiss } from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import type { DetectOptions, Detector, HeldMatch, RawNearMiss, StreamedDetector } from './detector.ts'
import { TableColumns } from './evidence/table-columns.ts'
import type { SeenMatch } from './finding-tally.ts'
import type { FindingGroups } from './group-findings.ts'
import { MissPlaces } from './miss-places.ts'
import { PartMasks } from './part-masks.ts'

/** The part's number in a window: its path is what counts. */
const PART = 0
const LF = 0x0a
/** Of the first and last lines, so much is kept for those who look for markings there. */
const EDGE_BYTES = 4 * 1024
const NOTHING = Buffer.alloc(0)

interface Opened {
  readonly kind: Detector['kind']
  readonly stream: StreamedDetector
  readonly held: HeldMatch[]
}

export class TextStream {
  readonly path: string
  readonly nearMisses: NearMiss[] = []
  /** Those that only an explanation asks for. */
  readonly explained: NearMiss[] = []
  /** Kinds of detectors that ran into a limit. */
  readonly overflows = new Set<Detector['kind']>()
  /** Kinds that left packed files to be read as files. */
  readonly packed = new Set<Detector['kind']>()
  readonly #groups: FindingGroups
  readonly #opened: readonly Opened[]
  readonly #reveal: boolean
  readonly #windowBytes: number
  readonly #contextBytes: number
  /** Header rows of the table that goes on in what waits, with their line ends. */
  #header: Buffer = NOTHING
  /** Text that waits: first `#lead` bytes that belong to the window before, then what no window had. */
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #lead = 0
  /** Code points before what waits. */
  #codePointsBefore = 0
  #codePoints = 0
  #first: Buffer = NOTHING
  #last: Buffer = NOTHING
  #bytes = 0
  #ended = false

  constructor(path: string, detectors: readonly Detector[], groups: FindingGroups, options: DetectOptions) {
    this.path = path
    this.#groups = groups
    this.#opened = detectors.flatMap((detector) => {
      const stream = detector.openStream?.(options)
      return stream ? [{ kind: detector.kind, stream, held: [] }] : []
    })
    this.#reveal = options.reveal ?? false
    this.#windowBytes = options.windowBytes ?? limits.detectWindowBytes
    this.#contextBytes = Math.min(limits.detectWindowContextBytes, this.#windowBytes)
  }

  /** All of the text so far. */
  get codePoints(): number {
    return this.#codePoints
  }

  write(utf8: Uint8Array): void {
    const step = this.#windowBytes
    for (let at = 0; at < utf8.length; at += step) {
      const piece = Buffer.from(utf8.subarray(at, at + step))
      this.#waiting.push(piece)
      this.#waitingBytes += piece.length
      this.#codePoints += codePointsIn(piece)
      this.#bytes += piece.length
      // Concatenating copies, so no edge keeps the piece alive that it is a small part of.
      const missing = EDGE_BYTES - this.#first.length
      if (missing > 0) this.#first = Buffer.concat([this.#first, piece.subarray(0, missing)])
      this.#last = Buffer.concat([this.#last, piece.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES)
      while (this.#waitingBytes - this.#lead >= this.#windowBytes + this.#contextBytes) this.#look(false)
    }
  }

  /** Looks at what is left and judges what could not be judged before. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#waitingBytes > this.#lead) this.#look(true)
    for (const { stream, held } of this.#opened) {
      const judged = stream.end?.(held.splice(0))
      for (const match of judged?.matches ?? []) this.#groups.add(match, this.path, () => match.seen)
      tell(this.nearMisses, judged?.nearMisses ?? [], ({ match, silencedBy }) => {
        const { detector, value, seen } = match
        const { start, end } = seen
        return { detector, part: this.path, start, end, silencedBy, ...(this.#reveal && { value }) }
      })
    }
    this.#waiting = []
    this.#waitingBytes = 0
    this.#lead = 0
  }

  /** First and last lines: all of a short text, and both ends of a long one. */
  edges(): Uint8Array {
    if (this.#bytes <= EDGE_BYTES) return this.#first
    const cut = this.#first.lastIndexOf(LF)
    const from = this.#last.indexOf(LF)
    if (this.#bytes <= 2 * EDGE_BYTES)
      return Buffer.concat([this.#first, this.#last.subarray(2 * EDGE_BYTES - this.#bytes)])
    return Buffer.concat([this.#first.subarray(0, Math.max(0, cut)), this.#last.subarray(Math.max(0, from))])
  }

  #look(isLast: boolean): void {
    const text = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting)
    const to = isLast ? text.length : borderBefore(text, this.#lead + this.#windowBytes, this.#lead)
    const until = isLast ? text.length : characterStart(text, Math.min(text.length, to + this.#contextBytes))
    const head = this.#header.length
    const window = Buffer.concat([this.#header, text.subarray(0, until)])
    this.#inspect(window, head + this.#lead, head + to)
    if (isLast) return
    const next = nextStart(text, to, this.#contextBytes)
    this.#header = headerAt(window, head + next)
    this.#codePointsBefore += codePointsIn(text.subarray(0, next))
    this.#lead = to - next
    // What waits must not keep what is done with alive.
    this.#waiting = [Buffer.from(text.subarray(next))]
    this.#waitingBytes = text.length - next
  }

  /** `[from, to)`: the window's own stretch. */
  #inspect(window: Buffer, from: number, to: number): void {
    const isOwn = ({ start }: { readonly start: number }) => start >= from && start < to
    const own: { match: Match; into: Opened | null }[] = []
    const all: Match[] = []
    const silenced: RawNearMiss[] = []
    const explained: RawNearMiss[] = []
    for (const opened of this.#opened) {
      const { kind, stream } = opened
      const detection = stream.take({ part: PART, utf8: window }, isOwn)
      if (detection.overflow) this.overflows.add(kind)
      if (detection.packed) this.packed.add(kind)
      for (const match of detection.matches) {
        all.push(match)
        if (isOwn(match)) own.push({ match, into: stream.isHeld?.(match) ? opened : null })
      }
      for (const miss of detection.nearMisses) silenced.push(miss)
      for (const miss of detection.explained ?? []) explained.push(miss)
    }
    const masks = new PartMasks(new Map([[PART, window]]), all, silenced)
    const before = this.#codePointsBefore - codePointsIn(this.#header)
    const see = (match: Match): SeenMatch => {
      const { start, end, excerpt } = masks.see(match)
      return { start: before + start, end: before + end, excerpt }
    }
    for (const { match, into } of own) this.#take(match, into, see)
    const places = new MissPlaces(this.path, window, { reveal: this.#reveal }, before)
    tell(this.nearMisses, silenced.filter(isOwn), (miss) => places.of(miss))
    tell(this.explained, explained.filter(isOwn), (miss) => places.of(miss))
  }

  #take(match: Match, into: Opened | null, see: (match: Match) => SeenMatch): void {
    if (into) {
      if (into.held.length >= limits.detectMatchesPerRuleMax) this.overflows.add(into.kind)
      else into.held.push({ ...match, seen: see(match) })
      return
    }
    const tally = this.#groups.tallyOf(match)
    const seen = tally.shows(match.confidence) ? see(match) : null
    tally.add(match, this.path, () => seen ?? NOT_SEEN)
  }
}

/** Adds what there is room for. */
function tell<T>(told: NearMiss[], misses: readonly T[], place: (miss: T) => NearMiss): void {
  for (const miss of misses.slice(0, Math.max(0, limits.detectNearMissesMax - told.length))) told.push(place(miss))
}

const NOT_SEEN: SeenMatch = { start: 0, end: 0, excerpt: '' }

/** Where a window's own stretch ends: behind the last line that fits, else at a character. */
function borderBefore(text: Buffer, at: number, least: number): number {
  const line = text.lastIndexOf(LF, at - 1)
  return line >= least ? line + 1 : Math.max(least + 1, characterStart(text, at))
}

/**
 * Where the next window's text begins: so much before its own stretch, at a line's start where there is one near. Inside
 * of one long coded run it begins at a whole group of four (base64) and two (hex), or nothing of it could be decoded.
 */
function nextStart(text: Buffer, to: number, contextBytes: number): number {
  const latest = to - contextBytes
  // An index below 0 would be counted from the text's end.
  if (latest <= 0) return 0
  const line = text.lastIndexOf(LF, latest - 1)
  if (latest - line <= contextBytes) return line + 1
  let run = latest
  while (run > 0 && isCoded(text[run - 1] as number)) run--
  return characterStart(text, latest - ((latest - run) % 4))
}

/** Digits of base64, its variant for URLs, and hex. */
function isCoded(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2f ||
    byte === 0x2d ||
    byte === 0x5f
  )
}

function characterStart(text: Buffer, at: number): number {
  let start = at
  while (start > 0 && start < text.length && ((text[start] as number) & 0xc0) === 0x80) start--
  return start
}

/**
 * Header rows of the table in which `at` stands, each with a line end. There are two at most, and none is longer than a
 * table's line may be.
 */
function headerAt(window: Buffer, at: number): Buffer {
  const rows = new TableColumns(window).headerRowsOf(at)
  return Buffer.concat(rows.flatMap(({ start, end }) => [window.subarray(start, end), LINE_END]))
}

const LINE_END = Buffer.from([LF])

function codePointsIn(text: Uint8Array): number {
  if (isAscii(text)) return text.length
  let count = 0
  for (let i = 0; i < text.length; i++) if (((text[i] as number) & 0xc0) !== 0x80) count++
  return count
}
