/**
 * Registered files found again without their text: the same bytes, many of the same pieces, or a picture that looks the
 * same. Where text speaks for both the part and the document, the text decides.
 */
import type { Part, PartPrint } from '../../core/extraction.ts'
import type { Confidence, EvidenceNote, Match } from '../../core/finding.ts'
import { bandProbes, chunkHashes, type Hash48, PICTURE_BANDS } from './binary-hashes.ts'
import { fileHash } from './file-hash.ts'
import {
  DOCUMENTS_PER_HASH_MAX,
  eachPosting,
  type FingerprintIndex,
  type FingerprintSegment,
  groupOf,
  HASH_WORDS,
  isIgnored,
  mayHave,
  nameOf,
  RECORD,
  RECORD_WORDS,
} from './fingerprint-index.ts'
import { LOW_MASK } from './shingles.ts'

/** One piece of 2 KB may stand in any file of a kind (a table of a library, a preview); two are no coincidence. */
const CHUNKS_MIN = 2
/** Shares of the registered file from which a match is medium and high. */
const CHUNKS_MEDIUM = 0.2
const CHUNKS_HIGH = 0.5
/** Of 16 bands: pictures that have nothing to do with each other share 2 at most, pages of text among them. */
const BANDS_MIN = 4
const BANDS_HIGH = 7

/** A registered document that some hashes led to. */
interface Candidate {
  readonly segment: FingerprintSegment
  readonly document: number
  hits: number
}

export function binaryMatches(
  index: FingerprintIndex,
  part: Part,
  print: PartPrint | undefined,
  hasText: boolean,
): Match[] {
  const told = new Set<string>()
  const matches: Match[] = []
  const tell = (found: readonly Match[]) => {
    for (const match of found) if (!told.has(match.normalized)) matches.push(match)
    for (const { normalized } of found) told.add(normalized)
  }
  tell(sameFiles(index, part, hasText))
  if (print?.chunks) tell(sharedChunks(index, part, chunkHashes(index.key, print.chunks), hasText))
  if (print?.picture) tell(samePictures(index, part, bandProbes(index.key, print.picture)))
  return matches
}

/** Registered files whose bytes the part has. */
function sameFiles(index: FingerprintIndex, part: Part, hasText: boolean): Match[] {
  const hash = fileHash(index.key, part.sha256)
  const matches: Match[] = []
  eachDocument(index, { high: hash[0] ?? 0, low: (hash[1] ?? 0) & LOW_MASK }, (segment, document) => {
    const record = document * RECORD_WORDS
    for (let i = 0; i < HASH_WORDS; i++) if (segment.records[record + RECORD.file + i] !== hash[i]) return
    if (hasText && (segment.records[record + RECORD.shingles] ?? 0) > 0) return
    matches.push(
      ...matchOf(index, part, { segment, document, hits: 1 }, 'high', 1, (name) => ({
        name: 'same-file',
        effect: `the same bytes as ${name}`,
      })),
    )
  })
  return sorted(matches)
}

/** Registered files that have pieces of the part; containment is their share of the registered file's pieces. */
function sharedChunks(index: FingerprintIndex, part: Part, hashes: readonly Hash48[], hasText: boolean): Match[] {
  const matches = [...candidates(index, [...hashes.map((hash) => [hash])]).values()].flatMap((candidate) => {
    const record = candidate.document * RECORD_WORDS
    const own = candidate.segment.records[record + RECORD.chunks] ?? 0
    if (own === 0 || (hasText && (candidate.segment.records[record + RECORD.shingles] ?? 0) > 0)) return []
    const share = Math.min(1, candidate.hits / own)
    if (candidate.hits < CHUNKS_MIN && share < CHUNKS_HIGH) return []
    const confidence = share >= CHUNKS_HIGH ? 'high' : share >= CHUNKS_MEDIUM ? 'medium' : 'low'
    const resemblance = candidate.hits / (own + hashes.length - candidate.hits)
    return matchOf(
      index,
      part,
      candidate,
      confidence,
      share,
      (name) => ({ name: 'shared-pieces', effect: `${candidate.hits} of the ${own} pieces of ${name}` }),
      resemblance,
    )
  })
  return sorted(matches)
}

/**
 * Registered pictures that look like one of the part, however it lies: resemblance is the share of equal bands.
 * `probes`: for each picture and orientation, the one at hand first, a set for each band.
 */
function samePictures(
  index: FingerprintIndex,
  part: Part,
  probes: readonly (readonly (readonly (readonly Hash48[])[])[])[],
): Match[] {
  const best = new Map<string, { readonly candidate: Candidate; readonly turned: boolean }>()
  for (const [orientation, sets] of probes.flatMap((ways) => [...ways.entries()]))
    for (const [key, candidate] of candidates(index, sets)) {
      if ((candidate.segment.records[candidate.document * RECORD_WORDS + RECORD.bands] ?? 0) === 0) continue
      if (candidate.hits >= BANDS_MIN && candidate.hits > (best.get(key)?.candidate.hits ?? 0))
        best.set(key, { candidate, turned: orientation > 0 })
    }
  const matches = [...best.values()].flatMap(({ candidate, turned }) => {
    const share = candidate.hits / PICTURE_BANDS
    const alike = `${turned ? 'turned or mirrored, ' : ''}${Math.round(share * 100)} % alike`
    return matchOf(
      index,
      part,
      candidate,
      candidate.hits >= BANDS_HIGH ? 'high' : 'medium',
      1,
      (name) => ({ name: 'same-picture', effect: `looks like ${name} (${alike})` }),
      share,
    )
  })
  return sorted(matches)
}

/** Documents by how many of the sets have a hash of theirs; a set counts once, and not when it is to be ignored. */
function candidates(index: FingerprintIndex, sets: readonly (readonly Hash48[])[]): Map<string, Candidate> {
  const found = new Map<string, Candidate>()
  for (const set of sets) {
    const now = new Set<string>()
    for (const hash of set) {
      if (!mayHave(index, hash.high, hash.low) || isIgnored(index, hash.high, hash.low)) continue
      eachDocument(index, hash, (segment, document, number) => {
        const key = `${number} ${document}`
        if (now.has(key)) return
        now.add(key)
        const known = found.get(key)
        if (known) known.hits++
        else found.set(key, { segment, document, hits: 1 })
      })
    }
  }
  return found
}

/** Documents with a hash, the first of them alone where very many share it. */
function eachDocument(
  index: FingerprintIndex,
  { high, low }: Hash48,
  visit: (segment: FingerprintSegment, document: number, number: number) => void,
): void {
  if (!mayHave(index, high, low)) return
  let visited = 0
  eachPosting(index, high, low, false, (number, document) => {
    const segment = index.segments[number]
    if (segment) visit(segment, document, number)
    return ++visited < DOCUMENTS_PER_HASH_MAX
  })
}

function matchOf(
  index: FingerprintIndex,
  part: Part,
  { segment, document }: Candidate,
  confidence: Confidence,
  containment: number,
  note: (name: string) => Omit<EvidenceNote, 'kind'>,
  resemblance = 1,
): Match[] {
  const group = groupOf(segment, document)
  if (!group) return []
  const name = nameOf(segment, document, index.key)
  return [
    {
      detector: group.collection,
      family: 'intellectual_property',
      kind: 'fingerprint',
      confidence,
      part: part.id,
      start: 0,
      end: 0,
      value: '',
      normalized: `${group.collection}/${name}`,
      via: [],
      evidence: [{ kind: 'threshold', ...note(name) }],
      document: name,
      containment: Math.round(containment * 1000) / 1000,
      resemblance: Math.round(resemblance * 1000) / 1000,
      ...(group.partners.length > 0 ? { partners: group.partners } : {}),
      ...(group.sensitivity ? { sensitivity: group.sensitivity } : {}),
    },
  ]
}

function sorted(matches: Match[]): Match[] {
  return matches.sort((a, b) => (b.containment ?? 0) - (a.containment ?? 0) || (a.normalized < b.normalized ? -1 : 1))
}
