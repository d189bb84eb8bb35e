/**
 * Patterns, validators and evidence over one byte text: raw matches in, judged matches and near misses out. Knows
 * nothing of views: a caller that looks at a decoded region maps the offsets back. Pure and linear; what is bounded
 * says so.
 */
import { CONFIDENCES, type Confidence, confidenceAtLeast, type EvidenceNote } from '../core/finding.ts'
import { limits } from '../core/limits.ts'
import type {
  CompiledAntiGroup,
  CompiledElement,
  CompiledPattern,
  CompiledRule,
  CompiledRuleSet,
  ScanItem,
} from './compile-rules.ts'
import { EvidenceFinder, type Nearby, type OuterHeaders } from './evidence/evidence-finder.ts'
import { insideWord } from './match/boundary.ts'
import { leadStart } from './match/plan-pattern.ts'
import { scanBudget } from './match/scanner.ts'
import type { OnMatch } from './match/walker.ts'
import { matchValue } from './match-value.ts'
import { addWindow, nearWindows, type Windows } from './near-windows.ts'
import type { View } from './views/view.ts'
import { foldedWords } from './words/fold.ts'

/** A match in the bytes that were scanned; the value's offsets. */
export interface Claim {
  readonly pattern: CompiledElement
  readonly start: number
  readonly end: number
  /** The whole match, where the value is only a part of it. */
  readonly matchStart: number
  readonly matchEnd: number
  readonly value: string
  readonly normalized: string
  readonly confidence: Confidence
  readonly evidence: readonly EvidenceNote[]
}

/** A match that was silenced. */
export interface SilencedClaim {
  readonly pattern: CompiledElement
  readonly start: number
  readonly end: number
  readonly silencedBy: EvidenceNote
}

/** Where a view has something to look at. */
export interface Place {
  readonly view: View
  readonly start: number
  readonly end: number
}

export class TextScan {
  readonly claims: Claim[] = []
  readonly silenced: SilencedClaim[] = []
  readonly places: Place[] = []
  /** Something was left uninspected: a limit was hit. */
  overflow = false
  readonly #rules: CompiledRuleSet
  readonly #text: Buffer
  readonly #outer: OuterHeaders | null
  readonly #candidates = new Map<CompiledRule, number>()
  readonly #kept = new Map<CompiledRule, number>()
  readonly #candidatesMax: number
  readonly #matchesMax: number
  #finder: EvidenceFinder | null = null

  /** `matchesMax`: of one rule. */
  constructor(
    rules: CompiledRuleSet,
    text: Uint8Array,
    outer: OuterHeaders | null = null,
    matchesMax: number = limits.detectMatchesPerRuleMax,
  ) {
    this.#matchesMax = matchesMax
    this.#rules = rules
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    this.#outer = outer
    this.#candidatesMax = Math.max(limits.detectCandidatesPerRuleMax, text.length / limits.detectBytesPerCandidateMin)
  }

  get finder(): EvidenceFinder {
    this.#finder ??= new EvidenceFinder(this.#text, this.#rules.keywords, this.#rules.groupsOfKeyword, this.#outer)
    return this.#finder
  }

  /** Looks for matches that start in `[from, to)`. */
  run(from = 0, to = this.#text.length): void {
    const { items, scanner, lines, lineScanner } = this.#rules
    const budget = scanBudget(this.#text.length)
    const atLiterals: Windows = new Map()
    const onMatch: OnMatch = (index, start, end) => {
      const item = items[index] as ScanItem
      switch (item.kind) {
        case 'pattern':
          return this.#judge(item.pattern, start, end)
        case 'literal': {
          const first = leadStart(this.#text, start, item.required)
          if (first <= start) addWindow(atLiterals, item.pattern, { start: first, end: start + 1 })
          return true
        }
        case 'view':
          if (this.places.length < limits.detectPlacesMax) this.places.push({ view: item.view, start, end })
          else this.overflow = true
          return true
      }
    }
    if (!scanner.scan(this.#text, onMatch, budget, from, to)) this.overflow = true
    const onLine: OnMatch = (index, start, end) => this.#judge(lines[index] as CompiledPattern, start, end)
    if (!lineScanner.scanLines(this.#text, onLine, budget, from, to)) this.overflow = true
    for (const [pattern, windows] of nearWindows(this.#rules, this.#text, this.finder, atLiterals)) {
      const judge: OnMatch = (_, start, end) => this.#judge(pattern, start, end)
      for (const window of windows) {
        const [first, last] = [Math.max(from, window.start), Math.min(to, window.end)]
        if (first < last && !pattern.sole.scanner.scan(this.#text, judge, budget, first, last)) this.overflow = true
      }
    }
    this.#readWords(from, to)
  }

  /** Terms that begin in `[from, to)`. */
  #readWords(from: number, to: number): void {
    for (const { index, lists } of this.#rules.dictionaries) {
      const whole = index.find(this.#text, ({ term, start, end }) => {
        const words = lists[term.list] as CompiledElement
        if (start < from || start >= to || this.#tooMany(words.rule)) return
        const value = this.#text.toString('utf8', start, end)
        const note: EvidenceNote = { kind: 'pattern', name: words.pattern.id, effect: words.pattern.confidence }
        const span = { start, end, matchStart: start, matchEnd: end }
        this.#weigh(words, { ...span, value, normalized: foldedWords(term.text).join(' ') }, [note])
      })
      if (!whole) this.overflow = true
    }
  }

  /** Counts a candidate of the rule. */
  #tooMany(rule: CompiledRule): boolean {
    const seen = (this.#candidates.get(rule) ?? 0) + 1
    if (seen > this.#candidatesMax) this.overflow = true
    else this.#candidates.set(rule, seen)
    return seen > this.#candidatesMax
  }

  /** Whether the raw match stands. */
  #judge(pattern: CompiledPattern, start: number, end: number): boolean {
    if (this.#tooMany(pattern.rule)) return true
    if (pattern.term) return this.#term(pattern, start, end)
    const found = matchValue(pattern, this.#text, start, end)
    if (found.normalized === null) return false
    const { value, normalized, notes } = found
    const first: EvidenceNote = { kind: 'pattern', name: pattern.pattern.id, effect: pattern.pattern.confidence }
    const span = { start: found.start, end: found.end, matchStart: start, matchEnd: end }
    return this.#weigh(pattern, { ...span, value, normalized }, [first, ...notes])
  }

  /** What stands near says whether the match stands and how sure it is. */
  #weigh(
    pattern: CompiledElement,
    found: Omit<Claim, 'pattern' | 'confidence' | 'evidence'>,
    notes: EvidenceNote[],
  ): boolean {
    const { start, end } = found
    const required = this.#required(pattern, start, end)
    if (required?.effect === 'missing') return this.#silence(pattern, start, end, required)
    if (required) notes.push(required)
    let confidence = this.#raised(pattern, start, end, notes)
    for (const group of pattern.rule.anti) {
      const note = this.#against(group, found.value, found.normalized, start, end)
      if (!note) continue
      if (group.effect === 'silence') return this.#silence(pattern, start, end, note)
      if (confidenceAtLeast(group.effect, confidence)) continue
      confidence = group.effect
      notes.push(note)
    }
    return this.#claim({ pattern, ...found, confidence, evidence: notes })
  }

  #claim(claim: Claim): true {
    const kept = (this.#kept.get(claim.pattern.rule) ?? 0) + 1
    this.#kept.set(claim.pattern.rule, kept)
    if (kept > this.#matchesMax) this.overflow = true
    else this.claims.push(claim)
    return true
  }

  /** Terms are whole words whatever stands between their letters, so the boundary is looked at here. */
  #term(pattern: CompiledPattern, start: number, end: number): boolean {
    if (insideWord(this.#text, start, end)) return false
    const confidence = pattern.pattern.confidence
    return this.#claim({
      pattern,
      start,
      end,
      matchStart: start,
      matchEnd: end,
      value: this.#text.toString('utf8', start, end),
      normalized: pattern.term?.text ?? '',
      confidence,
      evidence: [{ kind: 'pattern', name: pattern.pattern.id, effect: confidence }],
    })
  }

  #required(pattern: CompiledElement, start: number, end: number): EvidenceNote | null {
    let missing: EvidenceNote | null = null
    for (const group of pattern.requires) {
      const found = this.finder.near(group, start, end)
      if (found) return { ...found, name: group.name, effect: 'required' }
      missing ??= { kind: 'keyword', name: group.name, effect: 'missing' }
    }
    return missing
  }

  #raised(pattern: CompiledElement, start: number, end: number, notes: EvidenceNote[]): Confidence {
    let confidence = pattern.pattern.confidence
    const highest = CONFIDENCES.at(-1) as Confidence
    for (const { group, to } of pattern.raise) {
      if (confidence === highest) break
      if (confidenceAtLeast(confidence, to)) continue
      const found = this.finder.near(group, start, end)
      if (!found) continue
      confidence = to
      notes.push({ ...found, name: group.name, effect: `raised to ${to}` })
    }
    return confidence
  }

  #against(group: CompiledAntiGroup, value: string, normalized: string, start: number, end: number) {
    const effect = group.effect === 'silence' ? 'silenced' : `lowered to ${group.effect}`
    const note = (found?: Nearby): EvidenceNote => ({
      kind: 'anti-evidence',
      name: group.name,
      ...(found && { distance: found.distance, ...(found.keyword !== undefined && { keyword: found.keyword }) }),
      effect,
    })
    if (group.values.some((regex) => regex().test(value) || regex().test(normalized))) return note()
    if (group.allowed.size > 0 && [value, normalized].some((text) => group.allowed.has(text.toLowerCase())))
      return note()
    if (group.keywords + group.patterns.length === 0) return null
    const found = this.finder.near(group, start, end)
    return found ? note(found) : null
  }

  #silence(pattern: CompiledElement, start: number, end: number, silencedBy: EvidenceNote): boolean {
    if (this.silenced.length < limits.detectNearMissesMax) this.silenced.push({ pattern, start, end, silencedBy })
    // Another reading of the same place may still stand, so the search goes on one byte further.
    return false
  }
}
