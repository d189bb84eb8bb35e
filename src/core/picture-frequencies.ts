/** Frequencies that a picture's print holds: across and down, in the order in which they stand in it. */
export interface Frequency {
  readonly across: number
  readonly down: number
}

/** Values of a picture's print, and its bytes. */
export const PICTURE_FREQUENCIES_MAX = 256
export const PICTURE_PRINT_BYTES = 2 * PICTURE_FREQUENCIES_MAX
/** Those of the triangle across + down < PICTURE_BAND without the mean, lowest first. */
export const PICTURE_BAND = 23

export const pictureFrequencies: readonly Frequency[] = Array.from({ length: PICTURE_BAND * PICTURE_BAND }, (_, i) => ({
  across: i % PICTURE_BAND,
  down: Math.floor(i / PICTURE_BAND),
}))
  .filter(({ across, down }) => across + down > 0 && across + down < PICTURE_BAND)
  .sort((a, b) => a.across + a.down - (b.across + b.down) || a.across - b.across)
  .slice(0, PICTURE_FREQUENCIES_MAX)
