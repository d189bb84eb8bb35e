/**
 * The surroundings of one or more edits, with the edits applied, and the way back: offsets of the region to offsets of
 * the text that it was cut out of. Pure.
 */
import type { Edit } from './view.ts'

/** Bytes about an edit that stay in view, for evidence and for values of which only a part is hidden. */
export const REGION_CONTEXT_BYTES = 240

interface Piece {
  readonly start: number
  readonly end: number
  readonly sourceStart: number
  readonly sourceEnd: number
  readonly edit: Edit | null
}

export class Region {
  readonly text: Buffer
  readonly #pieces: readonly Piece[]

  constructor(text: Buffer, pieces: readonly Piece[]) {
    this.text = text
    this.#pieces = pieces
  }

  /** Where the first edit begins and the last ends, in the region. */
  get edited(): { readonly start: number; readonly end: number } {
    const edits = this.#pieces.filter((piece) => piece.edit)
    return { start: edits[0]?.start ?? 0, end: edits.at(-1)?.end ?? 0 }
  }

  /** Edits that a span of the region contains a part of; a removed character counts when it stood inside. */
  touching(start: number, end: number): Edit[] {
    const found: Edit[] = []
    for (let i = this.#firstEndingPast(start); i < this.#pieces.length; i++) {
      const piece = this.#pieces[i] as Piece
      if (piece.start >= end) break
      if (piece.edit) found.push(piece.edit)
    }
    return found
  }

  /** The span of the source text that shows as `[start, end)` here; a decoded piece is mapped in proportion. */
  toSource(start: number, end: number): { start: number; end: number } {
    const first = this.#pieces[this.#firstEndingPast(start)]
    const last = this.#pieces[this.#firstEndingPast(end - 1)]
    if (!first || !last) return { start: 0, end: 0 }
    if (first === last && first.edit?.backward)
      return { start: first.sourceEnd - (end - first.start), end: first.sourceEnd - (start - first.start) }
    return {
      start: first.edit?.backward ? first.sourceStart : Math.floor(sourceOf(first, start)),
      end: last.edit?.backward ? last.sourceEnd : Math.ceil(sourceOf(last, end)),
    }
  }

  #firstEndingPast(at: number): number {
    let low = 0
    let high = this.#pieces.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#pieces[middle] as Piece).end <= at) low = middle + 1
      else high = middle
    }
    return low
  }
}

function sourceOf(piece: Piece, at: number): number {
  if (!piece.edit) return piece.sourceStart + (at - piece.start)
  const share = (at - piece.start) / (piece.end - piece.start)
  return piece.sourceStart + share * (piece.sourceEnd - piece.sourceStart)
}

/** Regions of edits that are sorted and don't overlap; edits near each other share one. */
export function* regionsOf(text: Buffer, edits: readonly Edit[]): Generator<Region> {
  for (let i = 0; i < edits.length; ) {
    let last = i
    while (
      last + 1 < edits.length &&
      (edits[last + 1] as Edit).start - (edits[last] as Edit).end <= 2 * REGION_CONTEXT_BYTES
    )
      last++
    yield region(text, edits.slice(i, last + 1))
    i = last + 1
  }
}

function region(text: Buffer, edits: readonly Edit[]): Region {
  const from = characterStart(text, Math.max(0, (edits[0] as Edit).start - REGION_CONTEXT_BYTES))
  const to = characterStart(text, Math.min(text.length, (edits.at(-1) as Edit).end + REGION_CONTEXT_BYTES))
  const chunks: Uint8Array[] = []
  const pieces: Piece[] = []
  let at = 0
  let source = from
  const push = (bytes: Uint8Array, sourceEnd: number, edit: Edit | null) => {
    chunks.push(bytes)
    pieces.push({ start: at, end: at + bytes.length, sourceStart: source, sourceEnd, edit })
    at += bytes.length
    source = sourceEnd
  }
  for (const edit of edits) {
    if (edit.start > source) push(text.subarray(source, edit.start), edit.start, null)
    push(edit.replacement, edit.end, edit)
  }
  if (source < to) push(text.subarray(source, to), to, null)
  return new Region(Buffer.concat(chunks), pieces)
}

/** `at`, or the first byte of the character that it stands in. */
export function characterStart(text: Buffer, at: number): number {
  let start = at
  while (start > 0 && start < text.length && ((text[start] as number) & 0xc0) === 0x80) start--
  return start
}
