/**
 * Changes to a message as ranges of the original that are replaced: whatever lies outside them is byte-identical by
 * construction. Ranges may not overlap; several insertions at one place keep their order.
 */
export interface Edit {
  readonly start: number
  /** Exclusive; equal to `start` for an insertion. */
  readonly end: number
  readonly replacement: Uint8Array
}

/** Sorted by place. Throws when two ranges overlap: that is a fault of ours, not of the message. */
export function sortEdits(edits: readonly Edit[]): readonly Edit[] {
  const sorted = edits.toSorted((a, b) => a.start - b.start || a.end - b.end)
  for (const [index, edit] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next && next.start < edit.end) throw new Error('edits overlap')
  }
  return sorted
}

/** The edited content as a stream. `edits` come from `sortEdits`; one past the end of the content is applied there. */
export async function* applyEdits(
  content: AsyncIterable<Uint8Array>,
  edits: readonly Edit[],
): AsyncIterable<Uint8Array> {
  let index = 0
  let chunkStart = 0
  /** Everything before this offset has been given out or dropped. */
  let position = 0
  for await (const chunk of content) {
    const chunkEnd = chunkStart + chunk.length
    for (let edit = edits[index]; edit && edit.start < chunkEnd; edit = edits[index]) {
      if (edit.start > position) yield chunk.subarray(position - chunkStart, edit.start - chunkStart)
      if (edit.replacement.length > 0) yield edit.replacement
      position = Math.max(edit.end, edit.start)
      index++
    }
    if (position < chunkEnd) {
      yield chunk.subarray(position - chunkStart)
      position = chunkEnd
    }
    chunkStart = chunkEnd
  }
  for (const edit of edits.slice(index)) if (edit.replacement.length > 0) yield edit.replacement
}

/** Size of the edited content. */
export function editedSize(size: number, edits: readonly Edit[]): number {
  return edits.reduce((total, { start, end, replacement }) => total + replacement.length - (end - start), size)
}
