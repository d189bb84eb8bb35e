/**
 * The detectors over one message: texts that are held whole at its end, streamed ones as they come, and what both say
 * together. Pure; never throws on any content; what could not be inspected in full is `uninspected`.
 */
import type { Extraction, Part, Uninspected } from '../core/extraction.ts'
import type { Finding, LabelFinding, Match, NearMiss } from '../core/finding.ts'
import type { DetectOptions, Detector, RawNearMiss } from './detector.ts'
import { FindingGroups } from './group-findings.ts'
import { MissPlaces } from './miss-places.ts'
import { TextStream } from './text-stream.ts'

export interface Detection {
  readonly findings: readonly Finding[]
  readonly labels: readonly LabelFinding[]
  readonly nearMisses: readonly NearMiss[]
  /** Those that only an explanation asks for. */
  readonly explained: readonly NearMiss[]
  readonly uninspected: readonly Uninspected[]
}

export class MessageDetection {
  readonly #detectors: readonly Detector[]
  readonly #options: DetectOptions
  readonly #groups = new FindingGroups()
  readonly #streams = new Map<string, TextStream>()
  readonly #nearMisses: NearMiss[] = []
  readonly #explained: NearMiss[] = []
  readonly #uninspected: Uninspected[] = []

  constructor(detectors: readonly Detector[], options: DetectOptions) {
    this.#detectors = detectors
    this.#options = options
  }

  /** The next piece, in whole characters, of the streamed text of the part with that path. */
  write(path: string, utf8: Uint8Array): void {
    let stream = this.#streams.get(path)
    if (!stream) {
      stream = new TextStream(path, this.#detectors, this.#groups, this.#options)
      this.#streams.set(path, stream)
    }
    stream.write(utf8)
  }

  /** The text of the part is whole. */
  end(path: string): void {
    this.#streams.get(path)?.end()
  }

  /** Code points of the streamed text of a part; 0 where it has none. */
  codePointsOf(path: string): number {
    return this.#streams.get(path)?.codePoints ?? 0
  }

  /** Takes the message's parts and the texts that are held whole; ends what is still open. */
  finish(extraction: Extraction): Detection {
    for (const stream of this.#streams.values()) stream.end()
    for (const { path, nearMisses, explained, overflows, packed } of this.#streams.values()) {
      for (const miss of nearMisses) this.#nearMisses.push(miss)
      for (const miss of explained) this.#explained.push(miss)
      const gaps = packed.size === 0 || holdsFiles(extraction, path) ? overflows : new Set([...overflows, ...packed])
      for (const kind of gaps) this.#overflow(path, kind)
    }
    const matches: Match[] = []
    const silenced: RawNearMiss[] = []
    const labels: LabelFinding[] = []
    const withEdges = this.#withEdges(extraction)
    for (const detector of this.#detectors) {
      for (const text of detector.inspectText ? extraction.texts : []) {
        const detection = detector.inspectText?.(text, this.#options)
        if (!detection) continue
        for (const match of detection.matches) matches.push(match)
        const path = extraction.parts[text.part]?.path ?? `part ${text.part}`
        const places = new MissPlaces(path, text.utf8, this.#options)
        for (const miss of detection.nearMisses) this.#nearMisses.push(places.of(miss))
        for (const miss of detection.explained ?? []) this.#explained.push(places.of(miss))
        for (const miss of detection.nearMisses) silenced.push(miss)
        if (detection.overflow || (detection.packed && !holdsFiles(extraction, path)))
          this.#overflow(path, detector.kind)
      }
      for (const match of detector.inspectParts?.(withEdges, this.#options) ?? []) matches.push(match)
      const labelled = detector.inspectLabels?.(withEdges, this.#options)
      labels.push(...(labelled?.labels ?? []))
      if (labelled && labelled.cutAt !== null) this.#overflow(labelled.cutAt, detector.kind)
    }
    this.#groups.addAll(matches, extraction, silenced)
    const findings = this.#groups.findings(extraction.parts, this.#options)
    return {
      findings,
      labels,
      nearMisses: this.#nearMisses,
      explained: this.#explained,
      uninspected: this.#uninspected,
    }
  }

  #overflow(path: string, kind: Detector['kind']): void {
    this.#uninspected.push({ path, reason: 'too-many', detail: `${kind} candidates` })
  }

  /** For those who ask which parts have text, and for its first and last lines. */
  #withEdges(extraction: Extraction): Extraction {
    if (this.#streams.size === 0) return extraction
    const idOf = new Map(extraction.parts.map(({ path, id }: Part) => [path, id]))
    const edges = [...this.#streams].flatMap(([path, stream]) => {
      const part = idOf.get(path)
      return part === undefined ? [] : [{ part, utf8: stream.edges() }]
    })
    return { ...extraction, texts: [...extraction.texts, ...edges] }
  }
}

const CODED: ReadonlySet<string | undefined> = new Set(['base64', 'hex'])

/** Whether files that stand in the part's text in base64 or hex were read as its children. */
function holdsFiles({ parts }: Extraction, path: string): boolean {
  const part = parts.find((one) => one.path === path)
  return part !== undefined && parts.some(({ parent, via }) => parent === part.id && CODED.has(via[part.via.length]))
}
