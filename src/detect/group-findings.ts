/**
 * Matches -> Findings: one per detector, with keyed HMACs of the distinct values, counts, and excerpts in which every
 * matched character is masked. After this no raw value is left, unless `reveal` asks for it. Pure.
 */
import type { Extraction, Part } from '../core/extraction.ts'
import type { Finding, FindingMatch, Match } from '../core/finding.ts'
import type { DetectOptions, RawNearMiss } from './detector.ts'
import { FindingTally, type KeptMatch, type SeenMatch } from './finding-tally.ts'
import { PartMasks } from './part-masks.ts'

/** Findings while their matches come in: those of texts that are gone again, and those of texts held whole. */
export class FindingGroups {
  readonly #tallies = new Map<string, FindingTally>()

  /** The tally of all matches like this one. */
  tallyOf(match: Match): FindingTally {
    const key = JSON.stringify([match.kind, match.family, match.detector])
    let tally = this.#tallies.get(key)
    if (!tally) {
      tally = new FindingTally(match)
      this.#tallies.set(key, tally)
    }
    return tally
  }

  /** `see`: asked at the end, for what is shown. */
  add(match: Match, path: string, see: () => SeenMatch): void {
    this.tallyOf(match).add(match, path, see)
  }

  /** Matches of texts that are at hand. `silenced`: places of near misses, which excerpts of their neighbours mask too. */
  addAll(matches: readonly Match[], extraction: Extraction, silenced: readonly RawNearMiss[]): void {
    const texts = new Map(extraction.texts.map((text) => [text.part, text.utf8]))
    const masks = new PartMasks(texts, matches, silenced)
    for (const match of matches)
      this.add(match, extraction.parts[match.part]?.path ?? `part ${match.part}`, () => masks.see(match))
  }

  /** In order of first appearance. */
  findings(parts: readonly Part[], options: DetectOptions): Finding[] {
    const viaOf = new Map(parts.map(({ path, via }) => [path, via]))
    return [...this.#tallies.values()].map((tally, index) => {
      const shown = tally.kept().map((kept) => shownMatch(kept, viaOf.get(kept.path) ?? [], options))
      return { id: `f${index + 1}`, ...tally.totals(options.findingKey), matches: shown }
    })
  }
}

export function groupFindings(
  matches: readonly Match[],
  extraction: Extraction,
  options: DetectOptions,
  silenced: readonly RawNearMiss[] = [],
): Finding[] {
  const groups = new FindingGroups()
  groups.addAll(matches, extraction, silenced)
  return groups.findings(extraction.parts, options)
}

function shownMatch({ path, match, seen }: KeptMatch, via: readonly string[], options: DetectOptions): FindingMatch {
  return {
    part: path,
    ...seen,
    via: [...via, ...match.via],
    evidence: match.evidence,
    ...(match.document !== undefined && { document: match.document }),
    ...(match.containment !== undefined && { containment: match.containment }),
    ...(match.resemblance !== undefined && { resemblance: match.resemblance }),
    ...(match.passageWords !== undefined && { passageWords: match.passageWords }),
    ...(match.partners !== undefined && { partners: match.partners }),
    ...(match.sensitivity !== undefined && { sensitivity: match.sensitivity }),
    ...(options.reveal && { value: match.value, normalized: match.normalized }),
  }
}
