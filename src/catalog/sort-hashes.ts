/** Hashes with their values, growing, then sorted by hash by counting: linear, and in order of values where hashes are equal. */
const DIGIT = 0x10000

export interface HashColumns {
  readonly high: Uint32Array<ArrayBuffer>
  readonly low: Uint16Array<ArrayBuffer>
  readonly values: Uint32Array<ArrayBuffer>
}

export class HashCollector {
  length = 0
  #high = new Uint32Array(1024)
  #low = new Uint16Array(1024)
  #values = new Uint32Array(1024)

  push(high: number, low: number, value: number): void {
    if (this.length === this.#high.length) this.#grow()
    this.#high[this.length] = high
    this.#low[this.length] = low
    this.#values[this.length] = value
    this.length++
  }

  #grow(): void {
    const size = this.length * 2
    const high = new Uint32Array(size)
    const low = new Uint16Array(size)
    const values = new Uint32Array(size)
    high.set(this.#high)
    low.set(this.#low)
    values.set(this.#values)
    this.#high = high
    this.#low = low
    this.#values = values
  }

  /** Sorted; of equal entries one stays. Values must have been pushed in ascending order. The collector is spent. */
  sorted(): HashColumns {
    const count = this.length
    let from: HashColumns = {
      high: this.#high.subarray(0, count),
      low: this.#low.subarray(0, count),
      values: this.#values.subarray(0, count),
    }
    let to: HashColumns = {
      high: new Uint32Array(count),
      low: new Uint16Array(count),
      values: new Uint32Array(count),
    }
    for (const digit of [
      (columns: HashColumns, i: number) => columns.low[i] as number,
      (columns: HashColumns, i: number) => (columns.high[i] as number) & 0xffff,
      (columns: HashColumns, i: number) => (columns.high[i] as number) >>> 16,
    ]) {
      distribute(from, to, count, digit)
      const spare = from
      from = to
      to = spare
    }
    return withoutRepeats(from, count)
  }
}

function distribute(
  from: HashColumns,
  to: HashColumns,
  count: number,
  digit: (columns: HashColumns, i: number) => number,
): void {
  const places = new Uint32Array(DIGIT + 1)
  for (let i = 0; i < count; i++) {
    const at = digit(from, i) + 1
    places[at] = (places[at] as number) + 1
  }
  for (let i = 0; i < DIGIT; i++) places[i + 1] = (places[i + 1] as number) + (places[i] as number)
  for (let i = 0; i < count; i++) {
    const own = digit(from, i)
    const at = places[own] as number
    places[own] = at + 1
    to.high[at] = from.high[i] as number
    to.low[at] = from.low[i] as number
    to.values[at] = from.values[i] as number
  }
}

function withoutRepeats({ high, low, values }: HashColumns, count: number): HashColumns {
  let kept = 0
  for (let i = 0; i < count; i++) {
    const same = kept > 0 && high[i] === high[kept - 1] && low[i] === low[kept - 1] && values[i] === values[kept - 1]
    if (same) continue
    high[kept] = high[i] as number
    low[kept] = low[i] as number
    values[kept] = values[i] as number
    kept++
  }
  return { high: high.subarray(0, kept), low: low.subarray(0, kept), values: values.subarray(0, kept) }
}
