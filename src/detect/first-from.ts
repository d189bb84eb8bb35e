/** Index of the first of the places, which are in order, that begins at `start` or later; their number when none does. */
export function firstFrom(places: readonly { readonly start: number }[], start: number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle] as { readonly start: number }).start < start) low = middle + 1
    else high = middle
  }
  return low
}
