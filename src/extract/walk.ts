import { hash } from 'node:crypto'
import type {
  ExtractedText,
  Extraction,
  LabelMark,
  Part,
  PartPrint,
  PartTrait,
  Uninspected,
  UninspectedReason,
} from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import type { MessageBudget } from './budget.ts'
import {
  type Budget,
  type ChildPart,
  type ExtractContext,
  ExtractLimitError,
  type Format,
  isOutOfMemory,
} from './format.ts'
import type { Isolate, IsolatedExtraction, IsolatedOutcome, IsolatedPart } from './isolation.ts'
import { joinPieces, ownBytes, utf8Beginning } from './join-pieces.ts'
import { parseMediaType } from './media-type.ts'
import { addTrait, isMailRoot, type OpenPart } from './open-part.ts'
import { childPath, displayName, PartPaths, rootPath } from './part-paths.ts'
import { isBody, withWordsOf } from './passwords-in-text.ts'
import { contentChunks, hasChunks } from './prints/content-chunks.ts'
import { carveLatin, carveUtf16 } from './readers/carve-strings.ts'
import { isSandboxed, isTextual } from './registry.ts'
import {
  header,
  partialUpload,
  type RequestFacts,
  requestFilename,
  requestText,
  undoContentEncoding,
} from './request.ts'
import { type Sniffed, sniff } from './sniff.ts'
import { sniffMagic } from './sniff-magic.ts'
import { isTypeMismatch } from './type-mismatch.ts'
import { typeQuestion } from './type-question.ts'
import type { WalkSettings } from './walk-settings.ts'

/**
 * The walker: untrusted bytes in, parts, texts, labels and what was not inspected out. It gives each part its true
 * type, hands it to the format that reads it and meters everything against one budget. Parts of hostile formats are
 * read in a sandbox where one is given. It never throws for content, touches no network, store or clock but its own
 * budget, and logs nothing. Whatever a format throws is `corrupt`.
 */
export interface ExtractInput {
  readonly bytes: Uint8Array
  /** Name of the upload; null for mail. */
  readonly filename: string | null
  /** Content-Type as given, parameters included. */
  readonly declaredType: string | null
  /** `mail`: the bytes are an RFC 5322 message, whatever they look like. */
  readonly as: 'mail' | 'upload'
  /** The HTTP request of an upload: its URL and headers are read too. */
  readonly request?: RequestFacts
}

export class Walk {
  readonly #settings: WalkSettings
  readonly #budget: MessageBudget
  readonly #parts: Part[] = []
  readonly #texts: ExtractedText[] = []
  readonly #uninspected: Uninspected[] = []
  readonly #said = new Set<string>()
  readonly #labels: LabelMark[] = []
  readonly #prints = new Map<number, PartPrint>()
  readonly #paths = new PartPaths()
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
  }

  async run(input: ExtractInput): Promise<Extraction> {
    if (input.as === 'mail') {
      await this.#walk({ bytes: input.bytes, filename: null, declaredType: 'message/rfc822' }, null, 'mail')
    } else await this.#runUpload(input)
    if (this.#broken) throw this.#broken.cause
    // A part is closed after the parts in it; readers expect the order of the parts.
    this.#texts.sort((a, b) => a.part - b.part)
    const prints = this.#settings.prints ? { prints: [...this.#prints.values()] } : {}
    return { parts: this.#parts, texts: this.#texts, uninspected: this.#uninspected, labels: this.#labels, ...prints }
  }

  async runIsolated(root: IsolatedPart): Promise<IsolatedExtraction> {
    const { bytes, path, filename, declaredType, parameters, types, depth } = root
    const [traits, via] = [[...root.traits], [...root.via]]
    const sniffedType = types[0] ?? 'application/octet-stream'
    const part = { id: 0, parent: null, path, filename, declaredType, sniffedType, size: 0, sha256: '', depth }
    this.#parts.push({ ...part, via, traits })
    for (const taken of [path, ...root.takenPaths]) this.#paths.mark(taken)
    const open: OpenPart = { part: { ...part, via, traits }, traits, via, pieces: [], children: 0 }
    this.#settings.onPath?.(path)
    const asked = types.length === 0 ? await sniffMagic(bytes) : null
    if (types.length > 0) await this.#read({ bytes, filename, declaredType, parameters }, open, types)
    this.#close(open)
    return {
      sniffedType: asked,
      via,
      traits,
      parts: this.#parts.slice(1),
      texts: this.#texts,
      uninspected: this.#uninspected,
      labels: this.#labels,
      prints: [...this.#prints.values()],
      left: { budget: this.#budget.left, pictures: this.#settings.pictures?.left ?? null },
    }
  }

  async #runUpload(input: ExtractInput): Promise<void> {
    const { request } = input
    const declared = parseMediaType(input.declaredType ?? (request ? header(request, 'content-type') : null))
    const content = request
      ? undoContentEncoding(input.bytes, request, this.#budget)
      : { bytes: input.bytes, problem: null }
    await this.#walk(
      {
        bytes: content.bytes,
        filename: input.filename ?? (request ? requestFilename(request) : null),
        declaredType: declared.type,
        parameters: declared.parameters,
      },
      null,
      'upload',
      request ? requestText(request) : '',
    )
    const path = this.#parts[0]?.path ?? 'upload'
    if (content.problem) this.#say(path, content.problem.reason, content.problem.detail)
    const partial = request ? partialUpload(request) : null
    if (partial !== null) this.#say(path, 'partial', partial)
  }

  async #walk(child: ChildPart, parent: OpenPart | null, as: 'mail' | 'upload' | null, beside = ''): Promise<void> {
    const path = this.#paths.take(parent ? childPath(parent, child) : rootPath(child, as))
    const depth = parent ? parent.part.depth + 1 : 0
    if (parent && child.filename) this.#text(parent, child.filename)
    if (depth > this.#budget.limits.depthMax)
      return this.#say(path, 'too-deep', `depth ${this.#budget.limits.depthMax}`)
    if (!this.#budget.takePart()) {
      return this.#say(parent?.part.path ?? path, 'too-many', `${this.#budget.limits.partsMax} parts`)
    }
    if (!this.#budget.hasTime()) return this.#say(path, 'timeout', `${this.#budget.limits.timeMs} ms`)
    const sniffed = as === 'mail' ? { type: 'message/rfc822', also: [] } : await this.#sniff(child, path, depth)
    const traits: PartTrait[] = [...(child.traits ?? [])]
    if (as !== 'mail' && isTypeMismatch(sniffed.type, child.declaredType ?? null, child.filename))
      addTrait(traits, 'type-mismatch')
    const via: string[] = [...(parent?.via ?? []), ...(child.via ? [child.via] : [])]
    const part: Part = {
      id: this.#parts.length,
      parent: parent?.part.id ?? null,
      path,
      filename: child.filename,
      declaredType: child.declaredType ?? null,
      sniffedType: sniffed.type,
      size: child.bytes.length,
      sha256: hash('sha256', child.bytes, 'hex'),
      depth,
      via,
      traits,
    }
    this.#parts.push(part)
    const open: OpenPart = { part, traits, via, pieces: [], children: 0 }
    if (this.#settings.prints?.chunks) this.#chunks(child.bytes, part)
    if (!this.#settings.skip?.has(path)) {
      this.#settings.onPath?.(path)
      // Whoever waits for this part gives it no more than its share, and would end it in the middle.
      const widen = this.#settings.onPath ? this.#budget.narrow(limits.sandboxPartTimeShare) : null
      await this.#read(child, open, [sniffed.type, ...sniffed.also])
      widen?.()
      if (parent) this.#settings.onPath?.(parent.part.path)
    }
    // A name without a container to stand in: that of an upload.
    if (!parent && child.filename) this.#text(open, child.filename)
    if (beside !== '') this.#text(open, beside)
    this.#close(open)
  }

  /** A file that trips the look at its type is still a part: of unknown type, and said to be corrupt. */
  async #sniff(child: ChildPart, path: string, depth: number): Promise<Sniffed> {
    const { isolate } = this.#settings
    try {
      return await sniff(child, isolate ? (bytes) => this.#typeElsewhere(bytes, path, depth, isolate) : sniffMagic)
    } catch {
      this.#say(path, 'corrupt', 'type')
      return { type: 'application/octet-stream', also: [] }
    }
  }

  /** libmagic reads hostile bytes as any parser does, so it is asked in the sandbox. */
  async #typeElsewhere(bytes: Uint8Array, path: string, depth: number, isolate: Isolate): Promise<string | null> {
    if (this.#failures > limits.sandboxFailuresMax || this.#broken || !this.#budget.hasTime()) return null
    const outcome = await this.#isolated(typeQuestion(bytes, path, depth, this.#budget), isolate)
    if (outcome === null) return null
    if ('extraction' in outcome) return outcome.extraction.sniffedType
    this.#failures += 1
    this.#say(path, outcome.failure.reason, outcome.failure.detail)
    return null
  }

  /** Null where there is no sandbox to be had: the message is tried again. */
  async #isolated(part: IsolatedPart, isolate: Isolate): Promise<IsolatedOutcome | null> {
    const outcome = await isolate(part).catch((cause: unknown) => {
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
    if (types.length > 1) addTrait(open.traits, 'polyglot')
    for (const { type, format } of known) if (format) await this.#run(format, type, child, open)
  }

  /** What ends a sandbox is told and left out of the next try, so that the rest of the part is read all the same. */
  async #readIsolated(child: ChildPart, open: OpenPart, types: readonly string[], isolate: Isolate): Promise<void> {
    const { path } = open.part
    const skip: string[] = []
    while (this.#failures <= limits.sandboxFailuresMax && !this.#broken) {
      if (!this.#budget.hasTime()) return this.#say(path, 'timeout', `${this.#budget.limits.timeMs} ms`)
      const outcome = await this.#isolated(this.#isolatedPart(child, open, types, skip), isolate)
      if (outcome === null) return
      if ('extraction' in outcome) return this.#merge(outcome.extraction, open)
      const { failure } = outcome
      this.#failures += 1
      this.#say(failure.path, failure.reason, failure.detail)
      if (failure.path === path) return
      if (skip.includes(failure.path)) break
      skip.push(failure.path)
    }
    this.#say(path, 'too-many', `${limits.sandboxFailuresMax} failed parsers`)
  }

  #isolatedPart(
    child: ChildPart,
    { part, via, traits }: OpenPart,
    types: readonly string[],
    skip: string[],
  ): IsolatedPart {
    const { bytes, filename, declaredType = null, parameters = {} } = child
    const { path, depth } = part
    const { labelHeaders, pictures } = this.#settings
    const left = { budget: this.#budget.left, pictures: pictures?.left ?? null }
    const ocr = pictures?.settings ?? null
    const passwords = this.#passwords
    const settings = { limits: this.#budget.limits, passwords, labelHeaders, ocr, prints: this.#settings.prints }
    const takenPaths = this.#paths.below(path)
    const known = { bytes, filename, declaredType, parameters, types, path, depth, via, traits }
    return { ...known, takenPaths, skip, left, settings }
  }

  #merge(extraction: IsolatedExtraction, open: OpenPart): void {
    open.via.splice(0, open.via.length, ...extraction.via)
    open.traits.splice(0, open.traits.length, ...extraction.traits)
    const before = this.#parts.length - 1
    const idOf = (id: number) => (id === 0 ? open.part.id : before + id)
    for (const part of extraction.parts) {
      this.#paths.mark(part.path)
      this.#parts.push({ ...part, id: idOf(part.id), parent: idOf(part.parent ?? 0) })
    }
    for (const { part, utf8 } of extraction.texts) {
      if (part === 0) open.pieces.push(utf8)
      else this.#texts.push({ part: idOf(part), utf8 })
    }
    for (const { path, reason, detail } of extraction.uninspected) this.#say(path, reason, detail)
    for (const mark of extraction.labels) this.#label(mark)
    for (const { part, ...print } of extraction.prints) this.#print(idOf(part), print)
    this.#budget.settle(extraction.left.budget)
    if (extraction.left.pictures) this.#settings.pictures?.settle(extraction.left.pictures)
  }

  /** No format reads it: that is said, and the strings in it are read all the same, unless it is sound or pictures. */
  #unknown(bytes: Uint8Array, type: string, open: OpenPart): void {
    this.#say(open.part.path, 'unsupported', type)
    if (/^(?:image|audio|video|font)\//.test(type)) return
    const head = bytes.subarray(0, limits.extractCarveMaxBytes)
    this.#text(open, [...carveLatin(head), ...carveUtf16(head)].join('\n'))
  }

  async #run(format: Format, type: string, child: ChildPart, open: OpenPart): Promise<void> {
    if (!this.#budget.hasTime()) return this.#say(open.part.path, 'timeout', `${this.#budget.limits.timeMs} ms`)
    if (format.id !== 'text' && !isMailRoot(open)) open.via.push(format.id)
    const context = this.#contextOf(open)
    try {
      await format.extract(
        {
          bytes: isTextual(format) ? this.#beginning(child.bytes, open) : child.bytes,
          filename: child.filename,
          declaredType: child.declaredType ?? null,
          parameters: child.parameters ?? {},
          sniffedType: type,
          path: open.part.path,
        },
        context,
      )
    } catch (thrown) {
      if (thrown instanceof ExtractLimitError) this.#say(open.part.path, thrown.reason, thrown.detail)
      else if (isOutOfMemory(thrown)) this.#say(open.part.path, 'too-large', 'memory')
      else this.#say(open.part.path, 'corrupt', format.id)
    }
  }

  #contextOf(open: OpenPart): ExtractContext {
    return {
      budget: this.#budget satisfies Budget,
      passwords: this.#passwords,
      labelHeaders: this.#settings.labelHeaders,
      text: (piece) => this.#text(open, piece),
      child: (part) => this.#walk(part, open, null),
      uninspected: (reason, detail, name) =>
        this.#say(name ? `${open.part.path}/${displayName(name)}` : open.part.path, reason, detail),
      label: (mark) => this.#label({ ...mark, part: open.part.path }),
      trait: (trait) => addTrait(open.traits, trait),
      via: (step) => {
        if (open.via.at(-1) !== step) open.via.push(step)
      },
      pictures: this.#settings.pictures,
      picturePrint: this.#settings.prints?.pictures ? (picture) => this.#print(open.part.id, { picture }) : null,
    }
  }

  #chunks(bytes: Uint8Array, part: Part): void {
    if (!hasChunks(part.sniffedType)) return
    const { chunks, complete } = contentChunks(bytes)
    if (chunks !== '') this.#print(part.id, { chunks })
    if (!complete) this.#say(part.path, 'too-large', 'content chunks')
  }

  #print(part: number, print: Omit<PartPrint, 'part'>): void {
    this.#prints.set(part, { ...this.#prints.get(part), ...print, part })
  }

  #beginning(bytes: Uint8Array, open: OpenPart): Uint8Array {
    if (bytes.length <= limits.extractTextInputMaxBytes) return bytes
    this.#say(open.part.path, 'too-large', 'text')
    return bytes.subarray(0, limits.extractTextInputMaxBytes)
  }

  #text(open: OpenPart, piece: string | Uint8Array): void {
    if (piece.length === 0) return
    // The line break between two pieces is text too: what is handed on must be no longer than the budget said.
    const joint = open.pieces.length > 0 ? 1 : 0
    const bytes = (typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length) + joint
    if (this.#budget.takeText(bytes)) {
      open.pieces.push(typeof piece === 'string' ? piece : ownBytes(piece))
      return
    }
    const fits = utf8Beginning(piece, Math.max(0, this.#budget.textLeft - joint))
    if (fits.length > 0 && this.#budget.takeText(fits.length + joint)) open.pieces.push(fits)
    this.#say(open.part.path, 'too-large', 'text')
  }

  #close(open: OpenPart): void {
    if (open.pieces.length === 0) return
    const utf8 = joinPieces(open.pieces)
    this.#texts.push({ part: open.part.id, utf8 })
    if (this.#settings.passwordsFromText && isBody(open.part)) this.#passwords = withWordsOf(utf8, this.#passwords)
  }

  #say(path: string, reason: UninspectedReason, detail: string): void {
    const key = `${reason}\0${detail}\0${path}`
    if (this.#said.has(key) || this.#uninspected.length > limits.extractUninspectedMax) return
    this.#said.add(key)
    if (this.#uninspected.length === limits.extractUninspectedMax) {
      this.#uninspected.push({ path: this.#parts[0]?.path ?? path, reason: 'too-many', detail: 'uninspected parts' })
      return
    }
    this.#uninspected.push({ path, reason, detail })
  }

  #label(mark: LabelMark): void {
    if (this.#labels.length < limits.extractLabelsMax) this.#labels.push(mark)
    else this.#say(mark.part, 'too-many', `${limits.extractLabelsMax} labels`)
  }
}
