/**
 * Keyed hashes of what files without text are recognised by: content-defined chunks, and bands of a picture's print.
 * A picture's print can't be hashed whole and still be found by a copy that is a little different. So its signs are cut
 * into bands, and each band is hashed by itself: copies share some bands, other pictures next to none. Without the key
 * neither a chunk nor a band can be made out, since both are HMACs.
 */
import { createHmac } from 'node:crypto'
import { limits } from '../../core/limits.ts'
import { LOW_MASK } from './shingles.ts'

const DIGEST_BYTES = 16
/** Bands of a picture's print, each of every sixteenth frequency, so that all bands have fine and coarse ones. */
export const PICTURE_BANDS = 16
const FREQUENCIES = 256
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

/** One hash for each band of a registered picture. `picture`: base64 of its frequencies. */
export function bandHashes(key: Uint8Array, picture: string): Hash48[] {
  return bandsOf(frequenciesOf(picture)).map((signs, band) => bandHash(key, band, signs))
}

/** For each band of a picture at hand the hash of its signs, and of those with some of the weakest ones flipped. */
export function bandProbes(key: Uint8Array, picture: string): Hash48[][] {
  const frequencies = frequenciesOf(picture)
  return bandsOf(frequencies).map((signs, band) => {
    const strength = (i: number) => Math.abs(frequencies[i * PICTURE_BANDS + band] ?? 0)
    const weakest = [...signs.keys()].sort((a, b) => strength(a) - strength(b)).slice(0, DOUBTFUL_SIGNS)
    return Array.from({ length: 2 ** weakest.length }, (_, flips) => {
      const flipped = signs.map((sign, i) => {
        const place = weakest.indexOf(i)
        return place >= 0 && ((flips >>> place) & 1) === 1 ? !sign : sign
      })
      return bandHash(key, band, flipped)
    })
  })
}

function frequenciesOf(picture: string): Int16Array {
  const bytes = Buffer.from(picture, 'base64')
  return Int16Array.from({ length: Math.min(FREQUENCIES, bytes.length >>> 1) }, (_, i) => bytes.readInt16LE(i * 2))
}

function bandsOf(frequencies: Int16Array): boolean[][] {
  return Array.from({ length: PICTURE_BANDS }, (_, band) =>
    Array.from(
      { length: Math.floor(frequencies.length / PICTURE_BANDS) },
      (__, i) => (frequencies[i * PICTURE_BANDS + band] ?? 0) > 0,
    ),
  )
}

function bandHash(key: Uint8Array, band: number, signs: readonly boolean[]): Hash48 {
  return hash48(key, `picture\n${band}\n${signs.map(Number).join('')}`)
}

function hash48(key: Uint8Array, text: string): Hash48 {
  const mac = createHmac('sha256', key).update(text).digest()
  return { high: mac.readUInt32LE(0), low: mac.readUInt32LE(4) & LOW_MASK }
}
