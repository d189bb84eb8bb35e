import { isUtf8 } from 'node:buffer'
import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { signatureOf } from '../signatures.ts'
import { carveLatin, carveUtf16 } from './carve-strings.ts'

/**
 * Binary values among the data of a file: those that are files become children, of others the strings are read. More
 * files than `limits.extractPartsMax` are told as `too-many`.
 */
export class BinaryValues {
  readonly #files: Buffer[] = []
  #hasMore = false

  /** What stands in the text for a value. */
  textOf(value: Buffer): string {
    if (signatureOf(value) === null)
      return isUtf8(value) && !value.includes(0)
        ? value.toString('utf8')
        : [...carveLatin(value), ...carveUtf16(value)].join(' ')
    if (this.#files.length < limits.extractPartsMax) this.#files.push(value)
    else this.#hasMore = true
    return ''
  }

  /** `kind`: what the format calls such a value. */
  async extract(context: ExtractContext, kind: string): Promise<void> {
    if (this.#hasMore) context.uninspected('too-many', `files in ${kind}`)
    for (const [i, bytes] of this.#files.entries())
      await context.child({ bytes, filename: null, label: `[${kind} ${i + 1}]` })
  }
}
