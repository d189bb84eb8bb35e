import type { ExtractedText, Part, PartPrint, PartTrait, UninspectedReason } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import { PICTURE_PRINT_BYTES } from '../core/picture-frequencies.ts'
import type { MessageBudget } from './budget.ts'
import type { ChildPart } from './format.ts'
import type { IsolatedExtraction, TextPassing, TextSink } from './isolation.ts'
import { joinPieces, ownBytes, utf8Beginning } from './join-pieces.ts'
import { addTrait, type OpenPart, openPart } from './open-part.ts'
import { childPath, PartPaths, rootPath } from './part-paths.ts'
import type { ContentChunks } from './prints/content-chunks.ts'
import { isTypeMismatch } from './type-mismatch.ts'
import { WalkNotes } from './walk-notes.ts'

/**
 * What a walk has found so far: parts, their texts as far as they are held, prints, labels and what was not inspected,
 * all of it within the message's budget. Texts that are not held go to the sink.
 */
export class WalkRecord {
  readonly parts: Part[] = []
  readonly texts: ExtractedText[] = []
  readonly notes = new WalkNotes(() => this.parts[0]?.path)
  readonly prints = new Map<number, PartPrint>()
  readonly paths = new PartPaths()
  readonly #budget: MessageBudget
  readonly #sink: TextSink | null
  readonly #passing: TextPassing

  constructor(budget: MessageBudget, sink: TextSink | null, passing: TextPassing) {
    this.#budget = budget
    this.#sink = sink
    this.#passing = passing
  }

  /** The path of a part that may be looked at; null where a limit is reached, which is said. */
  enter(child: Omit<ChildPart, 'bytes'>, parent: OpenPart | null, as: 'mail' | 'upload' | null): string | null {
    const path = this.paths.take(parent ? childPath(parent, child) : rootPath(child, as))
    const depth = parent ? parent.part.depth + 1 : 0
    const { depthMax, partsMax, timeMs } = this.#budget.limits
    if (parent && child.filename) this.text(parent, child.filename)
    if (depth > depthMax) this.say(path, 'too-deep', `depth ${depthMax}`)
    else if (!this.#budget.takePart()) this.say(parent?.part.path ?? path, 'too-many', `${partsMax} parts`)
    else if (!this.#budget.hasTime()) this.say(path, 'timeout', `${timeMs} ms`)
    else return path
    return null
  }

  /** Adds the part that stands at a path that `enter` gave. */
  open(
    child: Omit<ChildPart, 'bytes'>,
    parent: OpenPart | null,
    path: string,
    sniffedType: string,
    identity: Pick<Part, 'size' | 'sha256'>,
    as: 'mail' | 'upload' | null,
  ): OpenPart {
    const { filename, declaredType = null } = child
    const traits: PartTrait[] = [...(child.traits ?? [])]
    if (as !== 'mail' && isTypeMismatch(sniffedType, declaredType, filename)) addTrait(traits, 'type-mismatch')
    const via: string[] = [...(parent?.via ?? []), ...(child.via ? [child.via] : [])]
    const depth = parent ? parent.part.depth + 1 : 0
    const place = { id: this.parts.length, parent: parent?.part.id ?? null, path }
    const part: Part = { ...place, filename, declaredType, sniffedType, ...identity, depth, via, traits }
    this.parts.push(part)
    return openPart(part, traits, via)
  }

  /** Takes over what was read of an open part elsewhere. */
  merge(extraction: IsolatedExtraction, open: OpenPart): void {
    open.via.splice(0, open.via.length, ...extraction.via)
    open.traits.splice(0, open.traits.length, ...extraction.traits)
    const before = this.parts.length - 1
    const idOf = (id: number) => (id === 0 ? open.part.id : before + id)
    for (const part of extraction.parts) {
      this.paths.mark(part.path)
      this.parts.push({ ...part, id: idOf(part.id), parent: idOf(part.parent ?? 0) })
    }
    for (const { part, utf8 } of extraction.texts) {
      if (part === 0) open.pieces.push(utf8)
      else this.texts.push({ part: idOf(part), utf8 })
    }
    for (const { path, reason, detail } of extraction.uninspected) this.say(path, reason, detail)
    for (const mark of extraction.labels) this.notes.label(mark)
    for (const { part, ...print } of extraction.prints) this.print(idOf(part), print)
    this.#budget.settle(extraction.left.budget)
  }

  /** Takes what a part's pieces came to. */
  chunks({ chunks, complete }: ContentChunks, part: Part): void {
    if (chunks !== '') this.print(part.id, { chunks })
    if (!complete) this.say(part.path, 'too-large', 'content chunks')
  }

  /** Pictures stand behind those that the part has already. */
  print(part: number, print: Omit<PartPrint, 'part'>): void {
    const before = this.prints.get(part)
    const pictures = [before?.picture, print.picture].flatMap((one) => (one ? [Buffer.from(one, 'base64')] : []))
    const joined = Buffer.concat(pictures)
    const kept = joined.subarray(0, limits.extractPicturePrintsMax * PICTURE_PRINT_BYTES)
    if (kept.length < joined.length) this.say(this.parts[part]?.path ?? '', 'too-many', 'pictures to compare')
    const picture = kept.length > 0 ? { picture: kept.toString('base64') } : {}
    this.prints.set(part, { ...before, ...print, ...picture, part })
  }

  /** Adds text that is held until the part is closed. */
  text(open: OpenPart, piece: string | Uint8Array): void {
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
    this.say(open.part.path, 'too-large', 'text')
  }

  /** Hands text on that nobody holds, where somebody takes it. */
  async pass(open: OpenPart, utf8: Uint8Array): Promise<void> {
    if (utf8.length === 0) return
    if (!this.#sink) return this.text(open, utf8)
    open.isPassing = true
    await this.hand(open.part.path, utf8)
  }

  /** Time that others spend on a text is none of the message's. */
  async hand(path: string, utf8: Uint8Array): Promise<void> {
    const from = performance.now()
    await this.#sink?.write(path, utf8)
    this.#budget.waited(performance.now() - from)
  }

  /** `isWhole`: nobody else adds to the text of this part. The text as it was held, null where there was none. */
  async close(open: OpenPart, isWhole: boolean): Promise<Uint8Array | null> {
    const utf8 = open.pieces.length === 0 ? null : joinPieces(open.pieces)
    if (this.#sink && (open.isPassing || this.#passing === 'all')) {
      if (utf8) this.#budget.returnText(utf8.length)
      if (utf8 && open.isPassing) await this.pass(open, LINE_FEED)
      if (utf8) await this.pass(open, utf8)
      if (isWhole && open.isPassing) await this.#sink.end(open.part.path)
    } else if (utf8) this.texts.push({ part: open.part.id, utf8 })
    return utf8
  }

  say(path: string, reason: UninspectedReason, detail: string): void {
    this.notes.say(path, reason, detail)
  }
}

const LINE_FEED = Buffer.from('\n', 'latin1')
