/**
 * Which of the rows that values of a text lead to are in it: enough columns of one row near a value that leads to it, or
 * one column that identifies alone. Common values confirm a row and never stand for it. Pure; bounded in work.
 */
import { limits } from '../../core/limits.ts'
import type { CellKind } from './cell-values.ts'
import type { ExactDataIndex, ValueHash } from './exact-data-index.ts'

/** Where a value stands. */
export interface Place {
  readonly start: number
  readonly end: number
}

export interface ColumnPlace extends Place {
  readonly column: number
}

export interface FoundRow {
  readonly row: number
  /** In order of their places; one for each column. */
  readonly places: readonly ColumnPlace[]
  /** By a column that identifies alone. */
  readonly alone: boolean
}

/** What one text holds of one index. */
export class RowCollector {
  overflow = false
  readonly #index: ExactDataIndex
  /** Kind and 32 bits of a value's HMAC -> where such a value stands, in order. */
  readonly #places = new Map<string, Place[]>()
  /** Row -> where values stand that lead to it, with what its cell holds of them. */
  readonly #rows = new Map<number, (Place & { readonly cell: string })[]>()
  #work = 0

  constructor(index: ExactDataIndex) {
    this.#index = index
  }

  add(kind: CellKind, { cell: hash }: ValueHash, place: Place, rows: readonly number[]): void {
    const cell = `${kind} ${hash}`
    const places = this.#places.get(cell)
    if (!places) this.#places.set(cell, [place])
    else if (places.length < limits.detectMatchesPerRuleMax) places.push(place)
    else this.overflow = true
    for (const row of rows) {
      const leading = this.#rows.get(row)
      if (leading) {
        if (leading.length < limits.detectMatchesPerRuleMax) leading.push({ ...place, cell })
        else this.overflow = true
      } else if (this.#rows.size < limits.detectCandidatesPerRuleMax) this.#rows.set(row, [{ ...place, cell }])
      else this.overflow = true
    }
  }

  /** One answer for each row that is in the text. */
  *found(): Generator<FoundRow> {
    for (const [row, leading] of this.#rows) {
      const found = this.#judge(row, leading)
      if (found) yield found
      if (this.#work > limits.detectPostingsMax) {
        this.overflow = true
        return
      }
    }
  }

  #judge(row: number, leading: readonly (Place & { readonly cell: string })[]): FoundRow | null {
    const { columns, cells, columnsMin } = this.#index
    const own = columns.map(({ kind }, column) => `${kind} ${cells[row * columns.length + column] ?? 0}`)
    for (const place of leading) {
      for (const [column, { alone }] of columns.entries()) {
        if (own[column] !== place.cell) continue
        if (alone) return { row, places: [{ column, start: place.start, end: place.end }], alone }
        const places = this.#around({ column, start: place.start, end: place.end }, own)
        if (places.length >= columnsMin) return { row, places, alone: false }
      }
    }
    return null
  }

  /** The most columns of a row, each at a place of its own, in the shortest stretch of text with the leading place. */
  #around(leading: ColumnPlace, own: readonly string[]): readonly ColumnPlace[] {
    const { withinBytes } = this.#index
    const near: ColumnPlace[] = [leading]
    for (const [column, cell] of own.entries()) {
      if (column === leading.column) continue
      const places = this.#places.get(cell) ?? []
      for (let i = firstFrom(places, leading.start - withinBytes); i < places.length; i++) {
        const place = places[i] as Place
        this.#work++
        if (place.start - leading.start > withinBytes || this.#work > limits.detectPostingsMax) break
        if (apart(place, leading)) near.push({ column, start: place.start, end: place.end })
      }
    }
    near.sort((a, b) => a.start - b.start || a.end - b.end)
    let best: readonly ColumnPlace[] = []
    for (const [i, first] of near.entries()) {
      if (first.start > leading.start) break
      const group = this.#from(near, i, leading)
      if (group.length > best.length || (group.length === best.length && span(group) < span(best))) best = group
    }
    return best
  }

  #from(near: readonly ColumnPlace[], from: number, leading: ColumnPlace): readonly ColumnPlace[] {
    const first = near[from] as ColumnPlace
    if (leading.start - first.start > this.#index.withinBytes) return []
    const group: ColumnPlace[] = [leading]
    for (let i = from; i < near.length; i++) {
      const place = near[i] as ColumnPlace
      this.#work++
      if (place.start - first.start > this.#index.withinBytes || this.#work > limits.detectPostingsMax) break
      if (group.every((other) => other.column !== place.column && apart(other, place))) group.push(place)
    }
    return group.sort((a, b) => a.start - b.start)
  }
}

function span(places: readonly Place[]): number {
  return (places.at(-1)?.end ?? 0) - (places[0]?.start ?? 0)
}

function apart(a: Place, b: Place): boolean {
  return a.end <= b.start || b.end <= a.start
}

/** Index of the first place that begins at `start` or later. */
function firstFrom(places: readonly Place[], start: number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle] as Place).start < start) low = middle + 1
    else high = middle
  }
  return low
}
