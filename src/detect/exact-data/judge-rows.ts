/**
 * Which of the rows that values of a text lead to are in it: enough columns of one row near a value that leads to it, or
 * one column that identifies alone. Common values confirm a row and never stand for it. Pure; bounded in work.
 */

import { limits } from '../../core/limits.ts'
import { firstFrom } from '../first-from.ts'
import { type ExactDataIndex, type Field, fieldOf, type ValueHash } from './exact-data-index.ts'

/** Where a value stands. */
export interface Place {
  readonly start: number
  readonly end: number
}

export interface ColumnPlace extends Place {
  readonly column: number
}

/** Where a value stands, and what cells hold of it. */
interface ValuePlace extends Place {
  readonly field: Field
  readonly cell: number
}

export interface FoundRow {
  readonly row: number
  /** In order of their places; one for each column. */
  readonly places: readonly ColumnPlace[]
  /** By nothing but a column that identifies alone. */
  readonly alone: boolean
  /** Where the value begins that led to the row. */
  readonly leading: number
}

/** What one text holds of one index. */
export class RowCollector {
  overflow = false
  readonly #index: ExactDataIndex
  /** For each field, 32 bits of a value's HMAC -> where such a value stands, in order. */
  readonly #places = new Map<Field, Map<number, ValuePlace[]>>()
  readonly #fields: readonly Field[]
  /** Row -> where values stand that lead to it. */
  readonly #rows = new Map<number, ValuePlace[]>()
  #work = 0

  constructor(index: ExactDataIndex) {
    this.#index = index
    this.#fields = index.columns.map(fieldOf)
  }

  add(field: Field, { cell }: ValueHash, { start, end }: Place, rows: readonly number[]): void {
    const place: ValuePlace = { start, end, field, cell }
    let ofField = this.#places.get(field)
    if (!ofField) {
      ofField = new Map()
      this.#places.set(field, ofField)
    }
    const places = ofField.get(cell)
    if (!places) ofField.set(cell, [place])
    else this.#append(places, place)
    for (const row of rows) {
      const leading = this.#rows.get(row)
      if (leading) this.#append(leading, place)
      else if (this.#rows.size < limits.detectRowsMax) this.#rows.set(row, [place])
      else this.overflow = true
    }
  }

  #append(places: ValuePlace[], place: ValuePlace): void {
    if (places.length < limits.detectMatchesPerRuleMax) places.push(place)
    else this.overflow = true
  }

  /**
   * One answer for each row that is in the text. A place that leads to several rows (people of one surname) speaks for
   * those with the most columns around it.
   */
  found(): readonly FoundRow[] {
    const found: FoundRow[] = []
    const most = new Map<number, number>()
    for (const [row, leading] of this.#rows) {
      const one = this.#judge(row, leading)
      if (one) {
        found.push(one)
        for (const { start } of one.places) most.set(start, Math.max(most.get(start) ?? 0, one.places.length))
      }
      if (this.#work > limits.detectPostingsMax) {
        this.overflow = true
        break
      }
    }
    return found.filter(({ alone, leading, places }) => alone || places.length === most.get(leading))
  }

  #judge(row: number, leading: readonly ValuePlace[]): FoundRow | null {
    const { columns, cells, columnsMin, together } = this.#index
    const least = Math.min(columnsMin, ...together.map((set) => set.length))
    const own: (readonly ValuePlace[] | undefined)[] = []
    let present = 0
    for (let column = 0; column < columns.length; column++) {
      const places = this.#places.get(this.#fields[column] as Field)?.get(cells[row * columns.length + column] ?? 0)
      own.push(places)
      if (places) present++
    }
    let best: FoundRow | null = null
    for (const place of leading) {
      for (const [column, { alone }] of columns.entries()) {
        if (this.#fields[column] !== place.field || cells[row * columns.length + column] !== place.cell) continue
        const at = { column, start: place.start, end: place.end }
        if (present < least && !alone) continue
        const places = present > 1 ? this.#around(at, own) : [at]
        const enough = this.#areEnough(places)
        if ((enough || alone) && places.length > (best?.places.length ?? 0))
          best = { row, places, alone: !enough, leading: place.start }
      }
      if (best?.places.length === present || this.#work > limits.detectPostingsMax) break
    }
    return best
  }

  #areEnough(places: readonly ColumnPlace[]): boolean {
    const { columnsMin, together } = this.#index
    if (places.length >= columnsMin) return true
    return together.some((set) => set.every((column) => places.some((place) => place.column === column)))
  }

  /** The most columns of a row, each at a place of its own, in the shortest stretch of text with the leading place. */
  #around(leading: ColumnPlace, own: readonly (readonly ValuePlace[] | undefined)[]): readonly ColumnPlace[] {
    const { withinBytes } = this.#index
    const near: ColumnPlace[] = [leading]
    for (const [column, places] of own.entries()) {
      if (column === leading.column || !places) continue
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
      const rank = this.#areEnough(group) ? 1 : 0
      const bestRank = this.#areEnough(best) ? 1 : 0
      const more = rank - bestRank || group.length - best.length
      if (more > 0 || (more === 0 && span(group) < span(best))) best = group
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
