/**
 * The registered documents as one immutable table that all scan threads share: open addressing from shingle hash to
 * the documents that hold it. Plain typed arrays over shared memory; opening it costs nothing, a look-up one or two
 * cache lines. It holds keyed hashes and counts only: nothing of any document can be read from it.
 */
export interface FingerprintDocument {
  readonly id: number
  readonly name: string
  readonly collection: string
  /** How many distinct winnowed shingles it has. */
  readonly shingles: number
  /** Passages of it are of no interest wherever they stand (licences, signatures, templates). */
  readonly ignore: boolean
}

export interface FingerprintIndex {
  readonly revision: string
  readonly key: Uint8Array
  readonly documents: readonly FingerprintDocument[]
  /** Slots: high half, low half, first posting + 1 (0: empty). A power of two. */
  readonly slots: Uint32Array<SharedArrayBuffer>
  /** Postings: document id, next posting + 1 (0: last). */
  readonly postings: Uint32Array<SharedArrayBuffer>
}

export interface IndexedDocument extends FingerprintDocument {
  readonly high: Uint32Array
  readonly low: Uint32Array
}

const SLOT = 3
const POSTING = 2
/** Share of slots in use; beyond it probes get long. */
const LOAD_MAX = 0.6

/** Builds the table. Linear in the number of hashes; 20 bytes a slot and posting at most. */
export function buildFingerprintIndex(
  revision: string,
  key: Uint8Array,
  documents: readonly IndexedDocument[],
): FingerprintIndex {
  const total = documents.reduce((sum, document) => sum + document.high.length, 0)
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, total / LOAD_MAX)))
  const slots = new Uint32Array(new SharedArrayBuffer(capacity * SLOT * 4))
  const postings = new Uint32Array(new SharedArrayBuffer(Math.max(1, total) * POSTING * 4))
  let next = 0
  for (const document of documents) {
    for (let i = 0; i < document.high.length; i++) {
      const high = document.high[i] ?? 0
      const low = document.low[i] ?? 0
      const slot = findSlot(slots, high, low)
      slots[slot] = high
      slots[slot + 1] = low
      postings[next * POSTING] = document.id
      postings[next * POSTING + 1] = slots[slot + 2] ?? 0
      slots[slot + 2] = ++next
    }
  }
  const plain = documents.map(({ id, name, collection, shingles, ignore }) => ({
    id,
    name,
    collection,
    shingles,
    ignore,
  }))
  return { revision, key, documents: plain, slots, postings }
}

/** First posting + 1 of a hash, 0 when no registered document has it. */
export function lookUp({ slots }: FingerprintIndex, high: number, low: number): number {
  return slots[findSlot(slots, high, low) + 2] ?? 0
}

/** Calls back with each document of a posting list. */
export function eachDocument({ postings }: FingerprintIndex, first: number, visit: (document: number) => void): void {
  for (let at = first; at !== 0; at = postings[(at - 1) * POSTING + 1] ?? 0) visit(postings[(at - 1) * POSTING] ?? 0)
}

/** Offset of the slot that holds the hash, or of the empty one where it would go. */
function findSlot(slots: Uint32Array, high: number, low: number): number {
  const mask = slots.length / SLOT - 1
  let slot = (low ^ (high >>> 7)) & mask
  for (;;) {
    const at = slot * SLOT
    if (slots[at + 2] === 0 || (slots[at] === high && slots[at + 1] === low)) return at
    slot = (slot + 1) & mask
  }
}
