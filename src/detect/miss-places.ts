import type { NearMiss } from '../core/finding.ts'
import { CodePointOffsets } from './code-point-offsets.ts'
import type { DetectOptions, RawNearMiss } from './detector.ts'

/** Says where in a part near misses of its text are, or of a window that begins `before` code points into it. Pure. */
export class MissPlaces {
  readonly #path: string
  readonly #text: Buffer
  readonly #reveal: boolean
  readonly #before: number
  readonly #offsets: CodePointOffsets

  constructor(path: string, text: Uint8Array, { reveal = false }: Pick<DetectOptions, 'reveal'>, before = 0) {
    this.#path = path
    this.#text = Buffer.from(text.buffer, text.byteOffset, text.byteLength)
    this.#reveal = reveal
    this.#before = before
    this.#offsets = new CodePointOffsets(text)
  }

  of({ detector, start, end, silencedBy }: RawNearMiss): NearMiss {
    return {
      detector,
      part: this.#path,
      start: this.#before + this.#offsets.at(start),
      end: this.#before + this.#offsets.at(end),
      silencedBy,
      ...(this.#reveal && { value: this.#text.toString('utf8', start, end) }),
    }
  }
}
