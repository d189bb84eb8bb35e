import type { Extraction, PrintsWanted } from '../core/extraction.ts'
import { defaultExtractLimits, type ExtractLimits, MessageBudget } from './budget.ts'
import type { Format } from './format.ts'
import type { Isolate, IsolatedExtraction, IsolatedPart, TextSink } from './isolation.ts'
import { PictureReader } from './ocr/picture-reader.ts'
import type { OcrSettings } from './ocr/tesseract-engine.ts'
import { formatFor as formatOf } from './registry.ts'
import { type ExtractInput, Walk } from './walk.ts'

/**
 * Untrusted bytes in, parts, texts, labels and what was not inspected out: the two ways into the walker, one for a whole
 * mail or upload, one for a part that a walker elsewhere hands over.
 */
export interface ExtractOptions {
  readonly limits?: Partial<ExtractLimits>
  /** Passwords that a policy gave for opening sealed content. */
  readonly passwords?: readonly string[]
  /** Words of the message's own text are tried as passwords of what comes behind it. */
  readonly passwordsFromText?: boolean
  /** Further mail header fields and document properties that carry a label, names in any case. */
  readonly labelHeaders?: readonly string[]
  /** Text recognition in pictures; left out: English. Null: pictures are not read, which is said of each. */
  readonly ocr?: OcrSettings | null
  /** What parts are recognised by apart from their text; left out: nothing. */
  readonly prints?: PrintsWanted
  /** Reads parts of hostile formats elsewhere; left out: they are read here. */
  readonly isolate?: Isolate
  /** Looks a format up by media type; left out: the registry does. */
  readonly formatFor?: (type: string) => Format | undefined
}

const defaultOcr: OcrSettings = { languages: ['eng'], data: null }

/**
 * Extracts everything nested in `input`. Texts that are too large to be held go to `sink` as they are read, and all texts
 * of a large upload; without one they are `too-large`. What could not be read is in `uninspected`; throws only what `isolate` does.
 */
export async function extract(
  input: ExtractInput,
  options: ExtractOptions = {},
  sink: TextSink | null = null,
): Promise<Extraction> {
  const ocr = options.ocr === undefined ? defaultOcr : options.ocr
  const size = input.source?.size ?? input.bytes.length
  const extractLimits = { ...defaultExtractLimits, ...options.limits }
  const passing = sink === null ? 'none' : size > extractLimits.streamFromBytes ? 'all' : 'streamed'
  const walk = new Walk({
    budget: new MessageBudget(size, extractLimits),
    sink,
    passing,
    pictures: ocr === null ? null : new PictureReader(ocr),
    passwords: options.passwords ?? [],
    passwordsFromText: options.passwordsFromText ?? false,
    labelHeaders: (options.labelHeaders ?? []).map((name) => name.toLowerCase()),
    formatFor: options.formatFor ?? formatOf,
    prints: options.prints ?? null,
    isolate: options.isolate ?? null,
  })
  return walk.run(input)
}

/**
 * The other end of an `Isolate`: reads one part here. Tells `onPath` of the part it is at, the nested ones included, and
 * `sink` the texts that are to be handed on.
 */
export async function extractIsolated(
  part: IsolatedPart,
  onPath: (path: string) => void,
  sink: TextSink,
  formatFor: (type: string) => Format | undefined = formatOf,
): Promise<IsolatedExtraction> {
  const { limits: extractLimits, ocr, passwords, labelHeaders, prints, passing } = part.settings
  const { budget, pictures } = part.left
  const walk = new Walk({
    budget: MessageBudget.resume(budget, extractLimits),
    pictures: ocr === null || pictures === null ? null : new PictureReader(ocr, pictures),
    passwords,
    passwordsFromText: false,
    labelHeaders,
    formatFor,
    prints,
    isolate: null,
    sink: passing === 'none' ? null : sink,
    passing,
    skip: new Set(part.skip),
    onPath,
  })
  return walk.runIsolated(part)
}
