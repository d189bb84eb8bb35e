/**
 * Keyed hashes of what files without text are recognised by: content-defined chunks, and bands of a picture's print.
 * A picture's print can't be hashed whole and still be found by a copy that is a little different. So its signs are cut
 * into bands, and each band is hashed by itself: copies share some bands, other pictures next to none. Without the key
 * neither a chunk nor a band can be made out, since both are HMACs.
 */
import { limits } from '../../core/limits.ts'
import { PICTURE_FREQUENCIES_MAX, PICTURE_PRINT_BYTES } from '../../core/picture-frequencies.ts'
import { keyedHash } from './keyed-hash.ts'
import { orientationsOf } from './picture-orientations.ts'
import { LOW_MASK } from './shingles.ts'

const DIGEST_BYTES = 16
/** Bands of a picture's print, each of every sixteenth frequency, so that all bands have fine and coarse ones. */
export const PICTURE_BANDS = 16
/** Signs of a band. */
const SIGNS = PICTURE_FREQUENCIES_MAX / PICTURE_BANDS
const BANDS = Array.from({ length: PICTURE_BANDS }, (_, band) => band)
const PLACES = Array.from({ length: SIGNS }, (_, i) => i)
/** Weakest signs of a band that may have flipped in a copy. */
const DOUBTFUL_SIGNS = 3

/** The 48 bits by which the catalogue's tables are looked up. */
export interface Hash48 {
  readonly high: number
  readonly low: number
}

/** Distinct ones. `chunks`: base64 of 16 bytes for each. */
export function chunkHashes(key: Uint8Array, chunks: string): Hash48[] {
  const digests = Buffer.from(chunks, 'base64')
  const seen = new Set<string>()
  const hashes: Hash48[] = []
  const end = Math.min(digests.length, limits.extractChunksMax * DIGEST_BYTES)
  for (let at = 0; at + DIGEST_BYTES <= end; at += DIGEST_BYTES) {
    const digest = digests.toString('hex', at, at + DIGEST_BYTES)
    if (seen.has(digest)) continue
    seen.add(digest)
    hashes.push(hash48(key, `chunk\n${digest}`))
  }
  return hashes
}

/** How many pictures a print holds. */
export function picturesIn(picture: string): number {
  return Math.floor(Buffer.byteLength(picture, 'base64') / PICTURE_PRINT_BYTES)
}

/**
 * One hash for each band of a registered picture. None where there are several: bands of different pictures would add up
 * to one that nobody registered. `picture`: base64 of its frequencies.
 */
export function bandHashes(key: Uint8Array, picture: string): Hash48[] {
  const [frequencies, ...more] = frequenciesOf(picture)
  if (!frequencies || more.length > 0) return []
  return BANDS.map((band) => bandHash(key, band, signsOf(frequencies, band)))
}

/**
 * For each picture at hand, for each way in which it may lie, the one at hand first, and for each band of it: the hash of
 * its signs, and of those with some of the weakest ones flipped.
 */
export function bandProbes(key: Uint8Array, picture: string): Hash48[][][][] {
  return frequenciesOf(picture).map((frequencies) => orientedProbes(key, frequencies))
}

function orientedProbes(key: Uint8Array, lying: Int16Array): Hash48[][][] {
  return orientationsOf(lying).map((frequencies) =>
    BANDS.map((band) => {
      const signs = signsOf(frequencies, band)
      const strength = (i: number) => Math.abs(frequencies[i * PICTURE_BANDS + band] ?? 0)
      const weakest = [...PLACES].sort((x, y) => strength(x) - strength(y)).slice(0, DOUBTFUL_SIGNS)
      return Array.from({ length: 2 ** weakest.length }, (_, flips) => {
        const flipped = weakest.reduce((sum, i, n) => sum ^ (((flips >>> n) & 1) << (SIGNS - 1 - i)), signs)
        return bandHash(key, band, flipped)
      })
    }),
  )
}

function frequenciesOf(picture: string): Int16Array[] {
  const bytes = Buffer.from(picture, 'base64')
  return Array.from({ length: picturesIn(picture) }, (_, n) =>
    Int16Array.from({ length: PICTURE_FREQUENCIES_MAX }, (__, i) => bytes.readInt16LE(n * PICTURE_PRINT_BYTES + i * 2)),
  )
}

/** The signs of a band, the first one's bit the highest. */
function signsOf(frequencies: Int16Array, band: number): number {
  return PLACES.reduce((bits, i) => (bits << 1) | ((frequencies[i * PICTURE_BANDS + band] ?? 0) > 0 ? 1 : 0), 0)
}

function bandHash(key: Uint8Array, band: number, signs: number): Hash48 {
  return hash48(key, `picture\n${band}\n${signs.toString(2).padStart(SIGNS, '0')}`)
}

function hash48(key: Uint8Array, text: string): Hash48 {
  const [high = 0, low = 0] = keyedHash(key, text)
  return { high, low: low & LOW_MASK }
}
