/** Records of a segment's documents as people and comparisons need them. */
import { createHash } from 'node:crypto'
import { fileHash } from '../detect/fingerprint/file-hash.ts'
import {
  type DocumentGroup,
  type FingerprintSegment,
  HASH_WORDS,
  isDead,
  nameOf,
  RECORD,
  RECORD_WORDS,
} from '../detect/fingerprint/fingerprint-index.ts'
import { groupText, type NewDocument, type SegmentDocuments } from './fingerprint-segment.ts'

export interface DocumentRow extends DocumentGroup {
  /** Number in its segment. */
  readonly number: number
  readonly name: string
  /** Distinct winnowed hashes; 0 for a file without text. */
  readonly shingles: number
  readonly words: number
  /** Distinct pieces of a file without text. */
  readonly chunks: number
  /** Whether it is known by what it looks like. */
  readonly picture: boolean
  /** Milliseconds since the epoch. */
  readonly addedAt: number
  /** Keyed hash of the file, hex: the same for the same bytes in this installation. */
  readonly file: string
}

export function documentRows(
  { header, records, names }: SegmentDocuments,
  dead: readonly number[],
  key: Uint8Array,
): readonly DocumentRow[] {
  const gone = new Set(dead)
  const rows: DocumentRow[] = []
  for (let number = 0; number < header.documents; number++) {
    const record = records.subarray(number * RECORD_WORDS, (number + 1) * RECORD_WORDS)
    const group = header.groups[record[RECORD.group] ?? 0]
    if (group && !gone.has(number)) {
      rows.push({
        ...group,
        number,
        name: nameOf({ records, names }, number, key),
        shingles: record[RECORD.shingles] ?? 0,
        words: record[RECORD.words] ?? 0,
        chunks: record[RECORD.chunks] ?? 0,
        picture: (record[RECORD.bands] ?? 0) > 0,
        addedAt: (record[RECORD.addedAt] ?? 0) * 2 ** 32 + (record[RECORD.addedAt + 1] ?? 0),
        file: hexOf(record.subarray(RECORD.file, RECORD.file + HASH_WORDS)),
      })
    }
  }
  return rows
}

/** Whether a registered document has the same bytes and was registered the same way. */
export function sameDocument(
  key: Uint8Array,
  { header, records }: SegmentDocuments,
  number: number,
  document: Omit<NewDocument, 'texts' | 'prints'>,
): boolean {
  const at = number * RECORD_WORDS
  const group = header.groups[records[at + RECORD.group] ?? 0]
  if (!group || groupText(group) !== groupText(document.group)) return false
  return fileHash(key, document.sha256).every((word, i) => records[at + RECORD.file + i] === word)
}

/**
 * Tells two catalogues apart whose documents differ, however their segments are cut: the sum of one keyed hash for each
 * document. Equal catalogues of one installation have equal revisions.
 */
export function catalogRevision(segments: readonly Pick<FingerprintSegment, 'records' | 'groups' | 'dead'>[]): string {
  const sum = new Uint32Array(HASH_WORDS)
  for (const segment of segments) {
    const groups = segment.groups.map((group) => textHash(groupText(group)))
    for (let number = 0; number < segment.records.length / RECORD_WORDS; number++) {
      if (isDead(segment, number)) continue
      const at = number * RECORD_WORDS
      const group = groups[segment.records[at + RECORD.group] ?? 0] ?? 0
      for (let i = 0; i < HASH_WORDS; i++) {
        const identity = segment.records[at + RECORD.identity + i] ?? 0
        const file = segment.records[at + RECORD.file + i] ?? 0
        sum[i] = (sum[i] ?? 0) + (Math.imul(identity ^ group, 0x9e3779b1) ^ Math.imul(file, 0x85ebca6b))
      }
    }
  }
  return hexOf(sum).slice(0, 16)
}

/** Tells two states of a list of documents apart. */
export function rowsRevision(rows: readonly DocumentRow[]): string {
  const hash = createHash('sha256')
  for (const row of rows) hash.update(`${groupText(row)}\n${row.name}\n${row.file}\n`)
  return hash.digest('hex').slice(0, 16)
}

/** FNV-1a, for texts that are no secret. */
function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

function hexOf(words: Uint32Array): string {
  return [...words].map((word) => word.toString(16).padStart(8, '0')).join('')
}
