/**
 * Looks behind what hides text: views' edits are applied to the surroundings of each place, the rules look at the result,
 * and views look at it again, to a bounded depth. What they find is reported at its place in the original text. Pure;
 * the bytes looked at are budgeted, and running out is said.
 */
import { isAscii } from 'node:buffer'
import { type Confidence, confidenceAtLeast, type EvidenceNote } from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import type { CompiledRuleSet } from './compile-rules.ts'
import { type Claim, type Place, TextScan } from './scan-text.ts'
import { type Region, regionsOf } from './views/region.ts'
import { views } from './views/registry.ts'
import { longTokens, partsOf, type Token } from './views/tokens.ts'
import type { Edit, View } from './views/view.ts'
import type { ViewName } from './views/view-names.ts'

/** A claim seen through views; offsets of the original text. */
export interface HiddenClaim {
  readonly claim: Claim
  readonly start: number
  readonly end: number
  readonly via: readonly ViewName[]
  readonly confidence: Confidence
  readonly evidence: readonly EvidenceNote[]
}

/** How far before an edit a match may begin that the edit is part of. */
const MATCH_LEAD_BYTES = 96

interface Layer {
  readonly text: Buffer
  readonly scan: TextScan
  readonly places: readonly Place[]
  readonly via: readonly ViewName[]
  /** Whether a span has anything that the layer above didn't show. */
  touched(start: number, end: number): boolean
  /** Maps a span of this layer to the original text. */
  toOriginal(start: number, end: number): { start: number; end: number }
}

interface TokenWithParts {
  readonly token: Token
  readonly parts: readonly Token[]
}

export class ViewScan {
  readonly found: HiddenClaim[] = []
  overflow = false
  /** See `TextDetection.packed`. */
  packed = false
  readonly #rules: CompiledRuleSet
  #bytesLeft: number

  constructor(rules: CompiledRuleSet, textBytes: number) {
    this.#rules = rules
    this.#bytesLeft = limits.detectViewBytesMax + textBytes
  }

  /** `scan` has run over `text`. */
  run(text: Buffer, scan: TextScan): void {
    this.#explore(
      { text, scan, places: scan.places, via: [], touched: () => true, toOriginal: (start, end) => ({ start, end }) },
      0,
    )
  }

  #explore(layer: Layer, depth: number): void {
    const isDeepest = depth === limits.detectViewDepthMax
    if (isDeepest && layer.via.some((name) => STRONG_ONLY.has(name))) return
    const nonAscii = !isAscii(layer.text)
    const tokens = longTokens(layer.text)
      .filter(({ start, end }) => layer.touched(start, end))
      .map((token) => ({ token, parts: partsOf(layer.text, token) }))
    if (layer.places.length === 0 && tokens.length === 0 && !nonAscii) return
    const placesOf = Map.groupBy(layer.places, (place) => place.view)
    for (const view of views as readonly View[]) {
      if (isDeepest && view.strongOnly) continue
      const seen = inOrder([
        ...(nonAscii ? (view.editsOf?.(layer.text) ?? []) : []),
        ...placeEdits(view, layer.text, placesOf.get(view) ?? []),
        ...(view.token ? tokenEdits(view, layer.text, tokens) : []),
      ])
      if (isDeepest) {
        if (seen.some(({ replacement, cut }) => cut === true || replacement.length > 0)) this.overflow = true
        continue
      }
      const all = seen.filter((edit) => !edit.cut)
      for (const edit of seen)
        if (edit.cut && depth === 0 && isCodedGzip(layer.text, edit)) this.packed = true
        else if (edit.cut) this.overflow = true
      const edits = view.strongOnly ? this.#promising(all) : all
      for (const region of regionsOf(layer.text, edits)) {
        this.#bytesLeft -= region.text.length
        if (this.#bytesLeft < 0) {
          this.overflow = true
          return
        }
        this.#look(layer, view, region, depth)
      }
    }
  }

  /** Edits in whose replacement a pattern that is sure by itself matches; far cheaper than looking at their regions. */
  #promising(edits: readonly Edit[]): Edit[] {
    const starts: number[] = []
    const chunks: Uint8Array[] = []
    let length = 0
    for (const { replacement } of edits) {
      starts.push(length)
      chunks.push(replacement, BETWEEN)
      length += replacement.length + BETWEEN.length
    }
    const promising = new Set<Edit>()
    // One pass over all of them: most are a word long, and a pass has its beginning and end.
    const complete = this.#rules.sureScanner().scan(Buffer.concat(chunks, length), (_, at) => {
      promising.add(edits[indexOf(starts, at)] as Edit)
      // No match may hide another in the next replacement.
      return false
    })
    if (!complete) this.overflow = true
    return edits.filter((edit) => promising.has(edit))
  }

  #look(layer: Layer, view: View, region: Region, depth: number): void {
    const scan = new TextScan(this.#rules, region.text, (group, start) => {
      const source = region.toSource(start, start + 1)
      return layer.scan.finder.heads(group, source.start)
    })
    const { start, end } = region.edited
    scan.run(Math.max(0, start - MATCH_LEAD_BYTES), end)
    if (scan.overflow) this.overflow = true
    for (const claim of scan.claims) this.#keep(layer, view, region, claim)
    const touched = (from: number, to: number) => region.touching(from, to).length > 0
    const places = scan.places.filter((place) => touched(place.start, place.end))
    const toOriginal = (from: number, to: number) => {
      const source = region.toSource(from, to)
      return layer.toOriginal(source.start, source.end)
    }
    this.#explore({ text: region.text, scan, places, via: [...layer.via, view.name], touched, toOriginal }, depth + 1)
  }

  #keep(layer: Layer, view: View, region: Region, claim: Claim): void {
    // What stands beside a match made it none before: a digit of an encoded space, say.
    const edits = region.touching(claim.matchStart - 1, claim.matchEnd + 1)
    if (edits.length === 0) return
    const via = [
      ...layer.via,
      view.name,
      ...new Set(edits.flatMap((edit) => edit.via ?? [])),
      ...(claim.pattern.term?.via ?? []),
    ]
    const allowed = claim.pattern.rule.rule.views
    if (allowed && !via.every((name) => allowed.includes(name))) return
    const strong = !confidenceAtLeast('medium', claim.pattern.pattern.confidence)
    if (view.strongOnly && !strong) return
    const source = region.toSource(claim.start, claim.end)
    const doubtful = edits.some((edit) => edit.doubtful) && !claim.evidence.some((note) => note.distance !== undefined)
    const below = doubtful ? BELOW[claim.confidence] : null
    this.found.push({
      claim,
      ...layer.toOriginal(source.start, source.end),
      via,
      confidence: below ?? claim.confidence,
      evidence: below ? [...claim.evidence, { ...DOUBT, effect: `lowered to ${below}` }] : claim.evidence,
    })
  }
}

const BELOW: Readonly<Record<Confidence, Confidence | null>> = { high: 'medium', medium: 'low', low: null }
const DOUBT = { kind: 'anti-evidence', name: 'joined from groups' } as const

/** Ends lines and words, and is part of no token. */
const BETWEEN = Buffer.from('\n\n')

/** What shows nonsense as often as text says nothing of whether text that is as deep as is looked hides more. */
const STRONG_ONLY: ReadonlySet<ViewName> = new Set(views.flatMap((view: View) => (view.strongOnly ? [view.name] : [])))

/** Where a run of the characters of base64 or hex begins, and its first line is long enough to be told as a file. */
const CODED_GZIP = /^[^A-Za-z0-9+/_-]?(?:H4sI|1f8b08|1F8B08)[A-Za-z0-9+/_-]{36}/

/** Gzip in base64 or hex as it is read as a file of its own, of whatever size, in the texts in which files are looked for. */
function isCodedGzip(text: Buffer, { start }: Edit): boolean {
  return CODED_GZIP.test(text.toString('latin1', Math.max(0, start - 1), start + 48))
}

/** Index of the last start that is not behind `at`. */
function indexOf(starts: readonly number[], at: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] as number) <= at) low = middle
    else high = middle
  }
  return low
}

/** What a view makes of the places its triggers found; a place inside of an edit made before is part of it. */
function placeEdits(view: View, text: Buffer, places: readonly Place[]): Edit[] {
  const edits: Edit[] = []
  let readTo = 0
  for (const { start, end } of [...places].sort((a, b) => a.start - b.start)) {
    const edit = start < readTo ? null : view.edit(text, start, end)
    if (!edit) continue
    edits.push(edit)
    readTo = edit.end
  }
  return edits
}

/** What a view makes of the tokens: of each as a whole, or else of its parts. */
function tokenEdits(view: View, text: Buffer, tokens: readonly TokenWithParts[]): Edit[] {
  const edits: Edit[] = []
  let readTo = 0
  const read = (token: Token): boolean => {
    if (token.start < readTo) return true
    const reading = view.token?.(text, token)
    if (!reading) return false
    if (reading.edit) edits.push(reading.edit)
    // A run over several lines is read once; a single token that gave nothing may still have a part that does.
    if (!view.strongOnly && (reading.edit || reading.end > token.end)) readTo = reading.end
    return reading.edit !== null && !view.strongOnly
  }
  for (const { token, parts } of tokens) if (!read(token)) for (const part of parts) read(part)
  return edits
}

/** Edits by position, without overlaps: the first to start wins, and of those the longest. */
function inOrder(edits: Edit[]): Edit[] {
  const kept: Edit[] = []
  for (const edit of edits.sort((a, b) => a.start - b.start || b.end - a.end))
    if (edit.start >= (kept.at(-1)?.end ?? 0)) kept.push(edit)
  return kept
}
