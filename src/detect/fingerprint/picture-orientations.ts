/**
 * The eight ways in which a picture may lie: turned by quarters, and mirrored. A mirrored picture has the same frequencies
 * with every odd one's sign turned, a transposed one has those across for those down. So none is drawn again.
 */
import { PICTURE_BAND, pictureFrequencies } from '../../core/picture-frequencies.ts'

interface Place {
  /** Where the frequency stands in the print as it lies; -1 where the print has no such one. */
  readonly from: number
  readonly sign: 1 | -1
}

const placeOf = new Map(pictureFrequencies.map(({ across, down }, i) => [down * PICTURE_BAND + across, i]))

/** The first leaves the picture as it lies. */
const ORIENTATIONS: readonly (readonly Place[])[] = [false, true].flatMap((transposed) =>
  [false, true].flatMap((mirrored) =>
    [false, true].map((upended) =>
      pictureFrequencies.map(({ across, down }): Place => {
        const turns = (mirrored ? across : 0) + (upended ? down : 0)
        const place = transposed ? across * PICTURE_BAND + down : down * PICTURE_BAND + across
        return { from: placeOf.get(place) ?? -1, sign: turns % 2 === 0 ? 1 : -1 }
      }),
    ),
  ),
)

/** The print in each orientation, the one at hand first. What a print has no value for is 0, whose sign is in doubt. */
export function orientationsOf(frequencies: Int16Array): Int16Array[] {
  return ORIENTATIONS.map((places) =>
    Int16Array.from(frequencies, (_, i) => {
      const { from, sign } = places[i] ?? { from: -1, sign: 1 }
      // The lowest value of 16 bits has no counterpart.
      return Math.min(0x7fff, sign * (frequencies[from] ?? 0))
    }),
  )
}
