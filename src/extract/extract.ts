import { hash } from 'node:crypto'
import type {
  ExtractedText,
  Extraction,
  LabelMark,
  Part,
  PartTrait,
  Uninspected,
  UninspectedReason,
} from '../core/extraction.ts'
import { limits } from '../core/limits.ts'
import { defaultExtractLimits, type ExtractLimits, MessageBudget } from './budget.ts'
import { type Budget, type ChildPart, type ExtractContext, ExtractLimitError, type Format } from './format.ts'
import { parseMediaType } from './media-type.ts'
import { PictureReader } from './ocr/picture-reader.ts'
import type { OcrSettings } from './ocr/tesseract-engine.ts'
import { carveLatin, carveUtf16 } from './readers/carve-strings.ts'
import { formatFor } from './registry.ts'
import { header, partialUpload, requestFilename, requestText, undoContentEncoding } from './request.ts'
import { type Sniffed, sniff } from './sniff.ts'
import { isTypeMismatch } from './type-mismatch.ts'

/**
 * The walker: untrusted bytes in, parts, texts, labels and what was not inspected out. It gives each part its true
 * type, hands it to the format that reads it and meters everything against one budget. It never throws for content,
 * touches no network, store or clock but its own budget, and logs nothing. Whatever a format throws is `corrupt`.
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
  readonly request?: ExtractRequest
}

export interface ExtractRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface ExtractOptions {
  readonly limits?: Partial<ExtractLimits>
  /** Passwords that a policy gave for opening sealed content. */
  readonly passwords?: readonly string[]
  /** Further mail header fields that carry a label (names in any case), each a mark of scheme `header`. */
  readonly labelHeaders?: readonly string[]
  /** Text recognition in pictures; left out: English. Null: pictures are not read, which is said of each. */
  readonly ocr?: OcrSettings | null
}

const defaultOcr: OcrSettings = { languages: ['eng'], data: null }

/** Extracts everything nested in `input`. Resolves always; what could not be read is in `uninspected`. */
export async function extract(input: ExtractInput, options: ExtractOptions = {}): Promise<Extraction> {
  const walk = new Walk(input, options)
  return walk.run(input)
}

interface OpenPart {
  readonly part: Part
  readonly traits: PartTrait[]
  readonly via: string[]
  readonly pieces: string[]
  children: number
}

class Walk {
  readonly #budget: MessageBudget
  readonly #passwords: readonly string[]
  readonly #labelHeaders: readonly string[]
  readonly #pictures: PictureReader | null
  readonly #parts: Part[] = []
  readonly #texts: ExtractedText[] = []
  readonly #uninspected: Uninspected[] = []
  readonly #said = new Set<string>()
  readonly #labels: LabelMark[] = []
  readonly #paths = new Map<string, number>()

  constructor(input: ExtractInput, options: ExtractOptions) {
    this.#budget = new MessageBudget(input.bytes.length, { ...defaultExtractLimits, ...options.limits })
    this.#passwords = options.passwords ?? []
    this.#pictures = options.ocr === null ? null : new PictureReader(options.ocr ?? defaultOcr)
    this.#labelHeaders = (options.labelHeaders ?? []).map((name) => name.toLowerCase())
  }

  async run(input: ExtractInput): Promise<Extraction> {
    if (input.as === 'mail') {
      await this.#walk({ bytes: input.bytes, filename: null, declaredType: 'message/rfc822' }, null, 'mail')
    } else await this.#runUpload(input)
    // A part is closed after the parts in it; readers expect the order of the parts.
    this.#texts.sort((a, b) => a.part - b.part)
    return { parts: this.#parts, texts: this.#texts, uninspected: this.#uninspected, labels: this.#labels }
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
    const path = this.#unique(parent ? childPath(parent, child) : rootPath(child, as))
    const depth = parent ? parent.part.depth + 1 : 0
    if (parent && child.filename) this.#text(parent, child.filename)
    if (depth > this.#budget.limits.depthMax)
      return this.#say(path, 'too-deep', `depth ${this.#budget.limits.depthMax}`)
    if (!this.#budget.takePart()) {
      return this.#say(parent?.part.path ?? path, 'too-many', `${this.#budget.limits.partsMax} parts`)
    }
    if (!this.#budget.hasTime()) return this.#say(path, 'timeout', `${this.#budget.limits.timeMs} ms`)
    const sniffed = as === 'mail' ? { type: 'message/rfc822', also: [] } : await this.#sniff(child, path)
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
    await this.#read(child, open, [sniffed.type, ...sniffed.also])
    // A name without a container to stand in: that of an upload.
    if (!parent && child.filename) this.#text(open, child.filename)
    if (beside !== '') this.#text(open, beside)
    this.#close(open)
  }

  /** A file that trips the look at its type is still a part: of unknown type, and said to be corrupt. */
  async #sniff(child: ChildPart, path: string): Promise<Sniffed> {
    try {
      return await sniff(child)
    } catch {
      this.#say(path, 'corrupt', 'type')
      return { type: 'application/octet-stream', also: [] }
    }
  }

  async #read(child: ChildPart, open: OpenPart, types: readonly string[]): Promise<void> {
    const known = types.map((type) => ({ type, format: formatFor(type) })).filter((t) => t.format !== undefined)
    if (known.length === 0 && child.bytes.length > 0) this.#unknown(child.bytes, types[0] ?? 'unknown', open)
    if (types.length > 1) addTrait(open.traits, 'polyglot')
    for (const { type, format } of known) if (format) await this.#run(format, type, child, open)
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
          bytes: child.bytes,
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
      else this.#say(open.part.path, 'corrupt', format.id)
    }
  }

  #contextOf(open: OpenPart): ExtractContext {
    return {
      budget: this.#budget satisfies Budget,
      passwords: this.#passwords,
      labelHeaders: this.#labelHeaders,
      text: (piece) => this.#text(open, piece),
      child: (part) => this.#walk(part, open, null),
      uninspected: (reason, detail, name) =>
        this.#say(name ? `${open.part.path}/${displayName(name)}` : open.part.path, reason, detail),
      label: (mark) => this.#label({ ...mark, part: open.part.path }),
      trait: (trait) => addTrait(open.traits, trait),
      via: (step) => {
        if (open.via.at(-1) !== step) open.via.push(step)
      },
      pictures: this.#pictures,
    }
  }

  /** Two parts never share a path: the second `a.txt` becomes `a.txt~2`. */
  #unique(path: string): string {
    let count = this.#paths.get(path) ?? 0
    let free = path
    while (this.#paths.has(free)) free = `${path}~${++count + 1}`
    this.#paths.set(path, count)
    if (free !== path) this.#paths.set(free, 0)
    return free
  }

  #text(open: OpenPart, piece: string): void {
    if (piece === '') return
    const bytes = Buffer.byteLength(piece)
    if (this.#budget.takeText(bytes)) {
      open.pieces.push(piece)
      return
    }
    const left = this.#budget.textLeft
    // Four bytes is the most one UTF-16 unit pair takes, so this slice always fits.
    const fits = piece.slice(0, Math.floor(left / 4))
    if (fits !== '' && this.#budget.takeText(Buffer.byteLength(fits))) open.pieces.push(fits)
    this.#say(open.part.path, 'too-large', 'text')
  }

  #close(open: OpenPart): void {
    if (open.pieces.length === 0) return
    this.#texts.push({ part: open.part.id, utf8: Buffer.from(open.pieces.join('\n'), 'utf8') })
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

function isMailRoot(open: OpenPart): boolean {
  return open.part.parent === null && open.part.path === 'mail'
}

function addTrait(traits: PartTrait[], trait: PartTrait): void {
  if (!traits.includes(trait)) traits.push(trait)
}

function rootPath(child: ChildPart, as: 'mail' | 'upload' | null): string {
  return as === 'mail' ? 'mail' : child.filename ? displayName(child.filename) : 'upload'
}

/** Paths are shown to people and stand in logs: no control characters, no endless names. */
function displayName(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
  return clean.length > limits.extractNameMaxChars ? `${clean.slice(0, limits.extractNameMaxChars)}…` : clean
}

function childPath(parent: OpenPart, child: ChildPart): string {
  parent.children += 1
  const name = (child.filename ? displayName(child.filename) : '') || child.label || `[${parent.children}]`
  return `${parent.part.path}/${name}`
}
