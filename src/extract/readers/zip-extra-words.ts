import { carveLatin } from './carve-strings.ts'
import type { ZipEntry } from './zip-directory.ts'

/** Times, owners and sizes are shorter. */
const EXTRA_WORDS_MIN_CHARS = 16

/** Extra fields may hold anything; what reads like words is taken for a comment. */
export function withExtraWords(entry: ZipEntry, local: ZipEntry | null): ZipEntry {
  const words = [entry.extra, ...(local && !local.extra.equals(entry.extra) ? [local.extra] : [])]
    .filter((extra) => extra.length >= EXTRA_WORDS_MIN_CHARS)
    .flatMap((extra) => carveLatin(extra, EXTRA_WORDS_MIN_CHARS))
  return words.length === 0 ? entry : { ...entry, comment: [entry.comment, ...words].filter(Boolean).join('\n') }
}
