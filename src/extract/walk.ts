import { hash } from 'node:crypto'
import type { Extraction } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import type { MessageBudget } from './budget.ts'
import {
  type Budget,
  type ChildPart,
  type ExtractContext,
  ExtractLimitError,
  type Format,
  isOutOfMemory,
  type StreamedPart,
  type StreamInput,
} from './format.ts'
import { text } from './formats/text.ts'
import type { Isolate, IsolatedExtraction, IsolatedOutcome, IsolatedPart, TextSink } from './isolation.ts'
import { parseMediaType } from './media-type.ts'
import { addTrait, isMailRoot, type OpenPart, openPart } from './open-part.ts'
import { displayName } from './part-paths.ts'
import { isBody, withWordsOf } from './passwords-in-text.ts'
import { ChunkCutter, contentChunks, hasChunks } from './prints/content-chunks.ts'
import { carveStrings } from './readers/carve-strings.ts'
import { isSandboxed, isTextual } from './registry.ts'
import {
  hasContentEncoding,
  header,
  partialUpload,
  type RequestFacts,
  requestFilename,
  requestText,
  undoContentEncoding,
} from './request.ts'
import { type Sniffed, sniff } from './sniff.ts'
import { sniffMagic } from './sniff-magic.ts'
import { endsInPart } from './sniff-zip.ts'
import { type ByteSource, chunksOf, endsOf, SAMPLE_BYTES, sourceOf } from './stream/byte-source.ts'
import { ByteStream } from './stream/byte-stream.ts'
import { typeQuestion } from './type-question.ts'
import { WalkRecord } from './walk-record.ts'
import type { WalkSettings } from './walk-settings.ts'

/**
 * The walker: untrusted bytes in, parts, texts, labels and what was not inspected out. It gives each part its true
 * type, hands it to the format that reads it and meters everything against one budget. Parts of hostile formats are
 * read in a sandbox where one is given. It never throws for content, touches no network, store or clock but its own
 * budget, and logs nothing. Whatever a format throws is `corrupt`.
 */
export interface ExtractInput {
  /** Empty where there is a source. */
  readonly bytes: Uint8Array
  /** Of an upload that is too large to be held. */
  readonly source?: ByteSource
  /** Name of the upload; null for mail. */
  readonly filename: string | null
  /** Content-Type as given, parameters included. */
  readonly declaredType: string | null
  /** `mail`: the bytes are an RFC 5322 message, whatever they look like. */
  readonly as: 'mail' | 'upload'
  /** The HTTP request of an upload: its URL and headers are read too. */
  readonly request?: RequestFacts
}

const NO_BYTES = new Uint8Array(0)

export class Walk {
  readonly #settings: WalkSettings
  readonly #budget: MessageBudget
  readonly #record: WalkRecord
  /** Words of the message where these are tried, then those of the policy. */
  #passwords: readonly string[]
  /** Sandboxes that ended while reading this message. */
  #failures = 0
  /** What the sandbox threw. It passes through formats that take whatever is thrown for a fault of the content. */
  #broken: { readonly cause: unknown } | null = null

  constructor(settings: WalkSettings) {
    this.#settings = settings
    this.#passwords = settings.passwords
    this.#budget = settings.budget
    this.#record = new WalkRecord(settings.budget, settings.sink, settings.passing)
  }

  async run(input: ExtractInput): Promise<Extraction> {
    if (input.as === 'mail') {
      await this.#walk({ bytes: input.bytes, filename: null, declaredType: 'message/rfc822' }, null, 'mail')
    } else await this.#runUpload(input)
    if (this.#broken) throw this.#broken.cause
    // A part is closed after the parts in it; readers expect the order of the parts.
    this.#record.texts.sort((a, b) => a.part - b.part)
    const prints = this.#settings.prints ? { prints: [...this.#record.prints.values()] } : {}
    const { uninspected, labels } = this.#record.notes
    return { parts: this.#record.parts, texts: this.#record.texts, uninspected, labels, ...prints }
  }

  async runIsolated(root: IsolatedPart): Promise<IsolatedExtraction> {
    const { bytes, source, path, filename, declaredType, parameters, types, depth } = root
    const [traits, via] = [[...root.traits], [...root.via]]
    const sniffedType = types[0] ?? 'application/octet-stream'
    const part = { id: 0, parent: null, path, filename, declaredType, sniffedType, size: 0, sha256: '', depth }
    this.#record.parts.push({ ...part, via, traits })
    for (const taken of [path, ...root.takenPaths]) this.#record.paths.mark(taken)
    const open = openPart({ ...part, via, traits }, traits, via)
    this.#settings.onPath?.(path)
    const child = { filename, declaredType, parameters }
    const asked = types.length === 0 ? await sniffMagic(bytes) : null
    if (source) await this.#readStream({ ...child, stream: new ByteStream(chunksOf(source)), source }, open, types)
    else if (types.length > 0) await this.#read({ ...child, bytes }, open, types)
    await this.#record.close(open, false)
    return {
      sniffedType: asked,
      via,
      traits,
      parts: this.#record.parts.slice(1),
      texts: this.#record.texts,
      uninspected: this.#record.notes.uninspected,
      labels: this.#record.notes.labels,
      prints: [...this.#record.prints.values()],
      left: { budget: this.#budget.left, pictures: this.#settings.pictures?.left ?? null },
    }
  }

  async #runUpload(input: ExtractInput): Promise<void> {
    const { request } = input
    const declared = parseMediaType(input.declaredType ?? (request ? header(request, 'content-type') : null))
    const part = {
      filename: input.filename ?? (request ? requestFilename(request) : null),
      declaredType: declared.type,
      parameters: declared.parameters,
    }
    const beside = request ? requestText(request) : ''
    const source = input.source ?? null
    const isCoded = request !== undefined && hasContentEncoding(request)
    if (source && !(isCoded && source.size <= limits.extractWholeMaxBytes)) {
      await this.#walkStream({ ...part, stream: new ByteStream(chunksOf(source)), source }, null, beside)
      if (isCoded) this.#record.say(this.#record.parts[0]?.path ?? 'upload', 'too-large', 'content-encoding')
    } else {
      const bytes = source ? source.read(0, source.size) : input.bytes
      const content = request ? undoContentEncoding(bytes, request, this.#budget) : { bytes, problem: null }
      await this.#walk({ ...part, bytes: content.bytes }, null, 'upload', beside)
      const { problem } = content
      if (problem) this.#record.say(this.#record.parts[0]?.path ?? 'upload', problem.reason, problem.detail)
    }
    const partial = request ? partialUpload(request) : null
    if (partial !== null) this.#record.say(this.#record.parts[0]?.path ?? 'upload', 'partial', partial)
  }

  async #walk(child: ChildPart, parent: OpenPart | null, as: 'mail' | 'upload' | null, beside = ''): Promise<void> {
    const path = this.#record.enter(child, parent, as)
    if (path === null) return
    const sniffed = as === 'mail' ? { type: 'message/rfc822', also: [] } : await this.#sniff(child, path, parent)
    const identity = { size: child.bytes.length, sha256: hash('sha256', child.bytes, 'hex') }
    const open = this.#record.open(child, parent, path, sniffed.type, identity, as)
    if (this.#settings.prints?.chunks && hasChunks(sniffed.type))
      this.#record.chunks(contentChunks(child.bytes), open.part)
    await this.#readWatched(open, parent, () => this.#read(child, open, [sniffed.type, ...sniffed.also]))
    await this.#leave(child, parent, open, beside)
  }

  /** A part that comes as a stream: read whole where it turns out to be small. */
  async #walkStream(child: StreamedPart, parent: OpenPart | null, beside = ''): Promise<void> {
    const { stream, source = null, ...known } = child
    const most = this.#budget.limits.streamFromBytes
    const as = parent ? null : 'upload'
    const head = await stream.peek(source && source.size > most ? SAMPLE_BYTES : most + 1)
    const isSmall = head.length <= most && (source?.size ?? 0) <= most
    const path = isSmall ? null : this.#record.enter(child, parent, as)
    if (path === null) {
      if (isSmall) await this.#walk({ ...known, bytes: head }, parent, as, beside)
      return await stream.drain()
    }
    const beginning = head.subarray(0, SAMPLE_BYTES)
    const sample = source ? endsOf(source, beginning) : beginning
    const sniffed = await this.#sniff({ ...known, bytes: sample }, path, parent)
    const open = this.#record.open(child, parent, path, sniffed.type, { size: 0, sha256: '' }, null)
    const cutter = this.#settings.prints?.chunks && hasChunks(sniffed.type) ? new ChunkCutter() : null
    if (cutter) stream.observe((bytes) => cutter.push(bytes))
    await this.#readWatched(open, parent, () => this.#readStream(child, open, [sniffed.type, ...sniffed.also]))
    await stream.drain()
    if (cutter) this.#record.chunks(cutter.end(), open.part)
    this.#record.parts[open.part.id] = { ...open.part, size: stream.size, sha256: stream.sha256 }
    await this.#leave(child, parent, open, beside)
  }

  async #readWatched(open: OpenPart, parent: OpenPart | null, read: () => Promise<void>): Promise<void> {
    const { skip, onPath } = this.#settings
    if (skip?.has(open.part.path)) return
    onPath?.(open.part.path)
    // Whoever waits for this part gives it no more than its share, and would end it in the middle.
    const widen = onPath ? this.#budget.narrow(limits.sandboxPartTimeShare) : null
    await read()
    widen?.()
    if (parent) onPath?.(parent.part.path)
  }

  async #leave({ filename }: Pick<ChildPart, 'filename'>, parent: OpenPart | null, open: OpenPart, beside: string) {
    // A name without a container to stand in: that of an upload.
    if (!parent && filename) this.#record.text(open, filename)
    if (beside !== '') this.#record.text(open, beside)
    const text = await this.#record.close(open, true)
    if (text && this.#settings.passwordsFromText && isBody(open.part))
      this.#passwords = withWordsOf(text, this.#passwords)
  }

  /** A file that trips the look at its type is still a part: of unknown type, and said to be corrupt. */
  async #sniff(child: ChildPart, path: string, parent: OpenPart | null): Promise<Sniffed> {
    const { isolate } = this.#settings
    const depth = parent ? parent.part.depth + 1 : 0
    try {
      return await sniff(child, isolate ? (bytes) => this.#typeElsewhere(bytes, path, depth, isolate) : sniffMagic)
    } catch {
      this.#record.say(path, 'corrupt', 'type')
      return { type: 'application/octet-stream', also: [] }
    }
  }

  /** libmagic reads hostile bytes as any parser does, so it is asked in the sandbox. */
  async #typeElsewhere(bytes: Uint8Array, path: string, depth: number, isolate: Isolate): Promise<string | null> {
    if (this.#failures > limits.sandboxFailuresMax || this.#broken || !this.#budget.hasTime()) return null
    const outcome = await this.#isolated(typeQuestion(bytes, path, depth, this.#budget), null, isolate)
    if (outcome === null) return null
    if ('extraction' in outcome) return outcome.extraction.sniffedType
    this.#failures += 1
    this.#record.say(path, outcome.failure.reason, outcome.failure.detail)
    return null
  }

  /** Null where there is no sandbox to be had: the message is tried again. */
  async #isolated(part: IsolatedPart, sink: TextSink | null, isolate: Isolate): Promise<IsolatedOutcome | null> {
    const outcome = await isolate(part, sink).catch((cause: unknown) => {
      this.#broken = { cause }
      return null
    })
    if (outcome) this.#budget.waited(outcome.waitedMs)
    return outcome
  }

  async #read(child: ChildPart, open: OpenPart, types: readonly string[]): Promise<void> {
    const known = types
      .map((type) => ({ type, format: this.#settings.formatFor(type) }))
      .filter((t) => t.format !== undefined)
    const { isolate } = this.#settings
    if (isolate && known.some(({ format }) => format && isSandboxed(format)))
      return await this.#readIsolated(child, open, types, isolate)
    if (known.length === 0 && child.bytes.length > 0) this.#unknown(child.bytes, types[0] ?? 'unknown', open)
    for (const { type, format } of known) {
      const isOther = type !== types[0]
      if (isOther && endsInPart(child.bytes, this.#record.parts.slice(open.part.id + 1))) continue
      if (isOther) addTrait(open.traits, 'polyglot')
      if (format) await this.#run(format, type, child, open)
    }
  }

  /** By its format as it comes, where that can; else whole, if it isn't too large for that. */
  async #readStream(child: StreamedPart, open: OpenPart, types: readonly string[]): Promise<void> {
    const { stream, source = null, ...known } = child
    const format = this.#settings.formatFor(types[0] ?? '')
    const { isolate } = this.#settings
    if (isolate && source && format && isSandboxed(format))
      return await this.#readIsolated({ ...known, bytes: NO_BYTES, source }, open, types, isolate)
    const streams = format?.extractStream && types.length === 1 && (source !== null || !format.needsSource)
    if (format && streams) return await this.#run(format, types[0] ?? '', child, open)
    const isMarkup = format !== undefined && isTextual(format)
    const most = isMarkup
      ? this.#budget.limits.textMaxBytes
      : source
        ? limits.extractWholeMaxBytes
        : limits.extractEntryMaxBytes
    const head = await stream.peek(format ? most + 1 : limits.extractCarveMaxBytes)
    if (!format) return this.#unknown(head, types[0] ?? 'unknown', open)
    if (head.length <= most) return await this.#read({ ...known, bytes: head }, open, types)
    this.#record.say(open.part.path, 'too-large', isMarkup ? 'markup' : `${most} bytes`)
    // Its tags are read as the text that they are, which finds all but what they part.
    if (isMarkup) await this.#run(text, 'text/plain', child, open)
  }

  /** What ends a sandbox is told and left out of the next try, so that the rest of the part is read all the same. */
  async #readIsolated(
    child: ChildPart & { readonly source?: ByteSource },
    open: OpenPart,
    types: readonly string[],
    isolate: Isolate,
  ): Promise<void> {
    const { path } = open.part
    const skip: string[] = []
    let hasPassed = false
    const sink: TextSink = {
      write: async (of, utf8) => {
        hasPassed = true
        if (of === path) open.isPassing = true
        await this.#record.hand(of, utf8)
      },
      end: async (of) => await this.#settings.sink?.end(of),
    }
    while (this.#failures <= limits.sandboxFailuresMax && !this.#broken) {
      if (!this.#budget.hasTime()) return this.#record.say(path, 'timeout', `${this.#budget.limits.timeMs} ms`)
      const part = this.#isolatedPart(child, open, types, skip)
      const outcome = await this.#isolated(part, this.#settings.sink && sink, isolate)
      if (outcome === null) return
      if ('extraction' in outcome) {
        const { extraction } = outcome
        this.#record.merge(extraction, open)
        if (extraction.left.pictures) this.#settings.pictures?.settle(extraction.left.pictures)
        return
      }
      const { failure } = outcome
      this.#failures += 1
      this.#record.say(failure.path, failure.reason, failure.detail)
      if (failure.path === path) return
      // A second try would tell the same texts again.
      if (hasPassed) return this.#record.say(path, 'partial', 'parser')
      if (skip.includes(failure.path)) break
      skip.push(failure.path)
    }
    this.#record.say(path, 'too-many', `${limits.sandboxFailuresMax} failed parsers`)
  }

  #isolatedPart(
    child: ChildPart & { readonly source?: ByteSource },
    { part, via, traits }: OpenPart,
    types: readonly string[],
    skip: string[],
  ): IsolatedPart {
    const { bytes, source = null, filename, declaredType = null, parameters = {} } = child
    const { path, depth } = part
    const { labelHeaders, pictures, prints, passing } = this.#settings
    const left = { budget: this.#budget.left, pictures: pictures?.left ?? null }
    const ocr = pictures?.settings ?? null
    const passwords = this.#passwords
    const settings = { limits: this.#budget.limits, passwords, labelHeaders, ocr, prints, passing }
    const takenPaths = this.#record.paths.below(path)
    const known = { bytes, source, filename, declaredType, parameters, types, path, depth, via, traits }
    return { ...known, takenPaths, skip, left, settings }
  }

  /** No format reads it: that is said, and the strings in it are read all the same. */
  #unknown(bytes: Uint8Array, type: string, open: OpenPart): void {
    this.#record.say(open.part.path, 'unsupported', type)
    this.#record.text(open, carveStrings(bytes, type).join('\n'))
  }

  async #run(format: Format, type: string, child: ChildPart | StreamedPart, open: OpenPart): Promise<void> {
    if (!this.#budget.hasTime()) return this.#record.say(open.part.path, 'timeout', `${this.#budget.limits.timeMs} ms`)
    if (format.id !== 'text' && !isMailRoot(open)) open.via.push(format.id)
    const context = this.#contextOf(open)
    const { filename, declaredType = null, parameters = {} } = child
    const input = { filename, declaredType, parameters, sniffedType: type, path: open.part.path }
    const streamed = this.#asStream(format, child)
    try {
      if (streamed) await format.extractStream?.({ ...input, ...streamed }, context)
      else if ('bytes' in child)
        await format.extract({ ...input, bytes: this.#wholeOf(format, child.bytes, open) }, context)
    } catch (thrown) {
      if (thrown instanceof ExtractLimitError) this.#record.say(open.part.path, thrown.reason, thrown.detail)
      else if (isOutOfMemory(thrown)) this.#record.say(open.part.path, 'too-large', 'memory')
      else this.#record.say(open.part.path, 'corrupt', format.id)
    }
  }

  /** Null: the part is read whole. */
  #asStream(format: Format, child: ChildPart | StreamedPart): Pick<StreamInput, 'stream' | 'source'> | null {
    if ('stream' in child) return { stream: child.stream, source: child.source ?? null }
    const { bytes } = child
    if (!format.extractStream || bytes.length <= this.#budget.limits.streamFromBytes) return null
    return { stream: new ByteStream([bytes]), source: sourceOf(bytes) }
  }

  #wholeOf(format: Format, bytes: Uint8Array, open: OpenPart): Uint8Array {
    return isTextual(format) ? this.#beginning(bytes, open) : bytes
  }

  #contextOf(open: OpenPart): ExtractContext {
    return {
      budget: this.#budget satisfies Budget,
      passwords: this.#passwords,
      labelHeaders: this.#settings.labelHeaders,
      text: (piece) => this.#record.text(open, piece),
      child: (part) => this.#walk(part, open, null),
      childStream: (part) => this.#walkStream(part, open),
      pass: (utf8) => this.#record.pass(open, utf8),
      uninspected: (reason, detail, name) =>
        this.#record.say(name ? `${open.part.path}/${displayName(name)}` : open.part.path, reason, detail),
      label: (mark) => this.#record.notes.label({ ...mark, part: open.part.path }),
      trait: (trait) => addTrait(open.traits, trait),
      via: (step) => {
        if (open.via.at(-1) !== step) open.via.push(step)
      },
      pictures: this.#settings.pictures,
      picturePrint: this.#settings.prints?.pictures ? (picture) => this.#record.print(open.part.id, { picture }) : null,
    }
  }

  #beginning(bytes: Uint8Array, open: OpenPart): Uint8Array {
    if (bytes.length <= limits.extractTextInputMaxBytes) return bytes
    this.#record.say(open.part.path, 'too-large', 'text')
    return bytes.subarray(0, limits.extractTextInputMaxBytes)
  }
}
