import { wideWithoutMark } from '../charset.ts'
import { isBinary } from '../signatures.ts'
import { type ContentReading, fileNames, readContentFields } from './content-type.ts'
import { type HeaderBlock, parseHeader } from './header.ts'
import { hasDelimiter, type MultipartRanges, type Range, splitMultipart } from './multipart.ts'
import { parseStructured } from './parameters.ts'
import { decodeBody } from './transfer-encoding.ts'

/**
 * The walk over one message: boundaries, headers and transfer encodings, by slices. Where the message can be read in more
 * than one way every way is walked, and what only another way shows comes out as leaves with `otherReading`. Children are
 * not looked into: a nested message is a leaf. Bounded by parts, depth and readings; never throws for content.
 */
export interface Leaf {
  readonly bytes: Buffer
  /** Position in the tree: `1`, `1.2`. */
  readonly label: string
  readonly names: readonly string[]
  /** Name of the form field (RFC 7578); null in mail. */
  readonly field: string | null
  readonly mediaType: string | null
  readonly parameters: Readonly<Record<string, string>>
  readonly attachment: boolean
  readonly otherReading: boolean
}

export interface EntityLimits {
  readonly headerMaxBytes: number
  readonly partsMax: number
  readonly depthMax: number
  readonly readingsMax: number
}

export interface EntityNote {
  readonly reason: 'ambiguous' | 'encrypted' | 'partial' | 'too-deep' | 'too-large' | 'too-many'
  readonly detail: string
  /** Label of the part it is about; empty for the message. */
  readonly label: string
}

interface Place {
  readonly label: string
  readonly depth: number
  readonly defaultType: string
  readonly other: boolean
}

/** Preamble and epilogue up to this size are a remark of the mail program or a list's footer. */
const REMARK_MAX_BYTES = 512
/** A sentence that happens to be valid base64 is short. */
const UNLIKELY_TEXT_MAX_BYTES = 4096
/** How far a body without its boundary is searched for something that looks like one. */
const GUESS_WITHIN_BYTES = 64 * 1024

export class EntityWalk {
  readonly leaves: Leaf[] = []
  readonly notes: EntityNote[] = []
  /** Header blocks of body parts, in order. */
  readonly partHeaders: HeaderBlock[] = []
  /** Preambles and epilogues too short to be parts of their own. */
  readonly remarks: Buffer[] = []
  readonly #limits: EntityLimits
  #parts = 0
  #readings = 0
  #newOthers = 0
  #bytes: Buffer
  /** How often each boundary was announced. */
  readonly #declared = new Map<string, number>()

  constructor(bytes: Buffer, limits: EntityLimits) {
    this.#bytes = bytes
    this.#limits = limits
  }

  /** Walks the whole message and returns its own header. */
  walk(): HeaderBlock {
    const start = this.#bytes[0] === 0xef && this.#bytes[1] === 0xbb && this.#bytes[2] === 0xbf ? 3 : 0
    const place = { label: '', depth: 0, defaultType: 'text/plain', other: false }
    const header = parseHeader(this.#bytes, start, this.#bytes.length, this.#limits.headerMaxBytes)
    if (header.fields.length === 0 && header.junk.length === 0) {
      const late = this.#headerAfterBlankLines(start)
      if (late) {
        this.#leaf(this.#bytes.subarray(start), plainReading, [], { ...place, other: true })
        this.#note('ambiguous', 'blank line before header', '')
        this.#body(late, this.#bytes.length, place)
        return late
      }
    }
    this.#body(header, this.#bytes.length, place)
    return header
  }

  /** Walks bytes that are a multipart body without a header of their own: an upload. */
  walkMultipart(mediaType: string, boundary: string | null): void {
    const reading = { ...plainReading, mediaType, boundaries: boundary ? [boundary] : [] }
    const header = { fields: [], junk: [], contentAfterBareCr: false, bodyAt: 0, tooLong: false }
    this.#reading(reading, header, this.#bytes.length, { label: '', depth: 0, defaultType: 'text/plain', other: false })
  }

  #headerAfterBlankLines(start: number): HeaderBlock | null {
    let at = start
    while (at < this.#bytes.length && (this.#bytes[at] ?? 0) <= 0x20) at++
    if (at === start) return null
    const header = parseHeader(this.#bytes, at, this.#bytes.length, this.#limits.headerMaxBytes)
    return header.fields.some((field) => field.name.startsWith('content-')) ? header : null
  }

  #entity(range: Range, place: Place): void {
    this.#parts += 1
    if (this.#parts > this.#limits.partsMax) {
      this.#note('too-many', `${this.#limits.partsMax} body parts`, '')
      return
    }
    const header = parseHeader(this.#bytes, range.from, range.to, this.#limits.headerMaxBytes)
    if (!place.other) this.partHeaders.push(header)
    this.#body(header, range.to, place)
  }

  #body(header: HeaderBlock, to: number, place: Place): void {
    const { readings, contradiction } = readContentFields(header.fields)
    if (header.tooLong) this.#note('too-large', 'header', place.label)
    if (contradiction) this.#note('ambiguous', contradiction, place.label)
    if (header.contentAfterBareCr) this.#note('ambiguous', 'bare CR in header', place.label)
    const [first, ...others] = readings
    if (first) this.#reading(first, header, to, place)
    for (const other of others) this.#reading(other, header, to, { ...place, other: true })
  }

  #reading(reading: ContentReading, header: HeaderBlock, to: number, place: Place): void {
    const from = header.bodyAt
    const isMultipart =
      reading.mediaType?.startsWith('multipart/') ||
      (reading.mediaType === null && /^multipart\b/.test(reading.type.head))
    for (const boundary of reading.boundaries) this.#declared.set(boundary, (this.#declared.get(boundary) ?? 0) + 1)
    const present = reading.boundaries.filter((boundary) => hasDelimiter(this.#bytes, from, to, boundary))
    if (!isMultipart) {
      this.#single(reading, header, to, place)
      // A boundary on something that is no multipart: some receivers go by the boundary.
      const [boundary] = present
      if (boundary)
        this.#tryOther('boundary', place.label, () =>
          this.#multipart(reading, boundary, from, to, { ...place, other: true }),
        )
      return
    }
    const [boundary, ...otherBoundaries] = present
    if (boundary === undefined) this.#lostBoundary(reading, header, to, place)
    else this.#multipart(reading, boundary, from, to, place)
    for (const other of otherBoundaries) {
      this.#tryOther('boundaries', place.label, () =>
        this.#multipart(reading, other, from, to, { ...place, other: true }),
      )
    }
  }

  /** A multipart whose boundary delimits nothing: encoded as a whole, or misspelt, or no multipart at all. */
  #lostBoundary(reading: ContentReading, header: HeaderBlock, to: number, place: Place): void {
    const body = this.#bytes.subarray(header.bodyAt, to)
    if (reading.encoding !== 'identity') {
      const decoded = decodeBody(body, reading.encoding).bytes
      const inner = reading.boundaries.find((boundary) => hasDelimiter(decoded, 0, decoded.length, boundary))
      if (inner !== undefined) {
        this.#note('ambiguous', 'encoded multipart', place.label)
        this.#inside(decoded, () => this.#multipart(reading, inner, 0, decoded.length, place))
        return
      }
    }
    const guess = guessBoundary(body)
    if (guess !== null) {
      this.#note('ambiguous', 'boundary', place.label)
      this.#multipart(reading, guess, header.bodyAt, to, place)
      return
    }
    if (isBlank(body)) return
    const asText = { ...reading, mediaType: 'text/plain' }
    this.#single(asText, header, to, place)
  }

  #multipart(reading: ContentReading, boundary: string, from: number, to: number, place: Place): void {
    if (place.depth >= this.#limits.depthMax) {
      this.#note('too-deep', `${this.#limits.depthMax} multiparts`, place.label)
      this.#leaf(this.#bytes.subarray(from, to), plainReading, [], place)
      return
    }
    const partsMax = Math.max(1, this.#limits.partsMax - this.#parts)
    const ranges = splitMultipart(this.#bytes, from, to, boundary, partsMax)
    if (ranges.tooMany) this.#note('too-many', `${this.#limits.partsMax} body parts`, place.label)
    if (ranges.bareCr) this.#withLineFeeds(reading, boundary, from, to, place)
    if (reading.mediaType === 'multipart/encrypted') this.#note('encrypted', 'PGP/MIME', place.label)
    this.#walkParts(reading, boundary, ranges, place)
    if (this.#hasForeignPrefix(boundary, ranges.prefixTails)) {
      this.#tryOther('boundary prefix', place.label, () => {
        this.#walkParts(reading, boundary, splitMultipart(this.#bytes, from, to, boundary, partsMax, 'prefix'), {
          ...place,
          other: true,
        })
      })
    }
    if (ranges.closed && announcesLonger(this.#bytes.subarray(from, to), boundary)) {
      this.#tryOther('boundary', place.label, () => {
        this.#walkParts(reading, boundary, splitMultipart(this.#bytes, from, to, boundary, partsMax, 'open'), {
          ...place,
          other: true,
        })
      })
    }
  }

  /** A bare CR before a delimiter: the body once more as those read it to whom every CR ends a line. */
  #withLineFeeds(reading: ContentReading, boundary: string, from: number, to: number, place: Place): void {
    this.#note('ambiguous', 'bare CR before boundary', place.label)
    const copy = Buffer.from(this.#bytes.subarray(from, to))
    for (let at = copy.indexOf(0x0d); at >= 0; at = copy.indexOf(0x0d, at + 1))
      if (copy[at + 1] !== 0x0a) copy[at] = 0x0a
    this.#inside(copy, () => {
      const ranges = splitMultipart(copy, 0, copy.length, boundary, this.#limits.partsMax)
      this.#walkParts(reading, boundary, ranges, { ...place, other: true })
    })
  }

  #walkParts(reading: ContentReading, boundary: string, ranges: MultipartRanges, place: Place): void {
    const defaultType = reading.mediaType === 'multipart/digest' ? 'message/rfc822' : 'text/plain'
    this.#remark(ranges.preamble, `${place.label === '' ? '' : `${place.label}.`}preamble`, place)
    let count = 0
    for (const range of [...ranges.parts, ...ranges.late]) {
      count += 1
      const label = place.label === '' ? `${count}` : `${place.label}.${count}`
      this.#entity(range, { label, depth: place.depth + 1, defaultType, other: place.other })
    }
    if (
      !this.#isNestedBoundary(boundary) &&
      ranges.late.some((range) => !isBlank(this.#bytes.subarray(range.from, range.to)))
    ) {
      this.#note('ambiguous', 'parts after the close delimiter', place.label)
    }
    for (const epilogue of ranges.epilogues)
      this.#remark(epilogue, `${place.label === '' ? '' : `${place.label}.`}epilogue`, place)
  }

  /** Some mail programs give a multipart inside a multipart the same boundary, and its end then looks like the outer one. */
  #isNestedBoundary(boundary: string): boolean {
    return (this.#declared.get(boundary) ?? 0) > 1
  }

  #remark(range: Range, label: string, place: Place): void {
    const bytes = this.#bytes.subarray(range.from, range.to)
    if (isBlank(bytes)) return
    if (bytes.length <= REMARK_MAX_BYTES && !place.other) this.remarks.push(bytes)
    else this.#leaf(bytes, plainReading, [], { ...place, label })
  }

  /** Lines that begin with the delimiter and belong to no other boundary that the message announces. */
  #hasForeignPrefix(boundary: string, tails: readonly string[]): boolean {
    return tails.some((tail) => {
      // The last line of a message that was cut off.
      if (tail.trimEnd() === '-') return false
      const name = `${boundary}${tail.trimEnd().replace(/--$/, '')}`
      return !this.#bytes.includes(`"${name}"`, 0, 'latin1') && !this.#bytes.includes(`=${name}`, 0, 'latin1')
    })
  }

  #single(reading: ContentReading, header: HeaderBlock, to: number, place: Place): void {
    const body = this.#bytes.subarray(header.bodyAt, to)
    const typed = reading.mediaType === null ? { ...reading, mediaType: place.defaultType } : reading
    const type = typed.mediaType
    if (type === 'message/partial') this.#note('partial', 'message/partial', place.label)
    if (type === 'message/external-body') this.#note('partial', 'message/external-body', place.label)
    const decoded = decodeBody(body, reading.encoding)
    this.#leaf(decoded.bytes, typed, header.fields, place)
    const others = [...decoded.others]
    if (reading.encoding === 'base64' && isUnlikelyText(decoded.bytes, typed)) others.push(body)
    for (const other of others) {
      this.#tryOther('transfer encoding', place.label, () =>
        this.#leaf(other, typed, header.fields, { ...place, other: true }),
      )
    }
  }

  #leaf(bytes: Buffer, reading: ContentReading, fields: HeaderBlock['fields'], place: Place): void {
    if (place.other) {
      if (isBlank(bytes) || this.#isKnown(bytes)) return
      this.#newOthers += 1
    }
    const disposition = fields.find((field) => field.name === 'content-disposition')
    const parsed = disposition ? parseStructured(disposition.value) : null
    this.leaves.push({
      bytes,
      label: place.label === '' ? '1' : place.label,
      names: fileNames(fields, reading.type),
      field: parsed?.parameters.name ?? null,
      mediaType: reading.mediaType,
      parameters: reading.type.parameters,
      attachment: parsed?.head === 'attachment',
      otherReading: place.other,
    })
  }

  #isKnown(bytes: Buffer): boolean {
    const trimmed = trimEnd(bytes)
    return this.leaves.some((leaf) => {
      if (leaf.bytes.length < trimmed.length) return false
      return trimEnd(leaf.bytes).equals(trimmed)
    })
  }

  /** Walks another way of reading; the message is ambiguous if that shows anything new. */
  #tryOther(detail: string, label: string, walk: () => void): void {
    if (this.#readings >= this.#limits.readingsMax) {
      this.#note('too-many', `${this.#limits.readingsMax} readings`, '')
      return
    }
    this.#readings += 1
    const before = this.#newOthers
    walk()
    if (this.#newOthers > before) this.#note('ambiguous', detail, label)
  }

  /** Walks bytes that are not those of the message: a multipart that was encoded as a whole. */
  #inside(bytes: Buffer, walk: () => void): void {
    const outer = this.#bytes
    this.#bytes = bytes
    walk()
    this.#bytes = outer
  }

  #note(reason: EntityNote['reason'], detail: string, label: string): void {
    this.notes.push({ reason, detail, label })
  }
}

const plainReading: ContentReading = {
  type: parseStructured('text/plain'),
  mediaType: 'text/plain',
  boundaries: [],
  encoding: 'identity',
}

/** A line `--x` that a header field follows: what a reader would go by that ignores the declared boundary. */
function guessBoundary(body: Buffer): string | null {
  const head = body.toString('latin1', 0, GUESS_WITHIN_BYTES)
  const m = /(?:^|\n)--([^\r\n]{1,200})\r?\n(?:content-[a-z-]+[ \t]*:|\r?\n)/i.exec(head)
  return m?.[1]?.trimEnd() ?? null
}

/** Base64 that decodes to bytes no text has, though text was announced: the characters themselves may be the message. */
function isUnlikelyText(bytes: Buffer, reading: ContentReading): boolean {
  if (!reading.mediaType?.startsWith('text/') || bytes.length === 0 || bytes.length > UNLIKELY_TEXT_MAX_BYTES)
    return false
  const charset = reading.type.parameters.charset?.toLowerCase() ?? ''
  if (/16|32|ucs|ibm|ebcdic|cp\d/.test(charset) || wideWithoutMark(bytes) !== null) return false
  return isBinary(bytes) && bytes[0] !== 0xff && bytes[0] !== 0xfe
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte > 0x20) return false
  return true
}

function trimEnd(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] ?? 0) <= 0x20) end--
  return bytes.subarray(0, end)
}

/** Whether a part in a body has its boundary with dashes behind it for one: its lines look like the end of that body. */
function announcesLonger(body: Buffer, boundary: string): boolean {
  return body.includes(`"${boundary}--`, 0, 'latin1') || body.includes(`=${boundary}--`, 0, 'latin1')
}
