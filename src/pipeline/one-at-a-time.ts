/** Runs what it is given one after the other, in order. A failure is its caller's and stops nobody. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve()

  alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work)
    this.#last = mine
    return mine
  }
}
