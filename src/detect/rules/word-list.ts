/**
 * The terms of a word list: those written into the rule and those in files beside it, one a line, a weight behind a tab.
 * Pure: the files' texts come with the rule file. Every mistake is a diagnostic at the entry that names the file.
 */
import type { WeightedTerm } from '../../core/detection-rule.ts'
import { limits } from '../../core/limits.ts'
import { foldedWords } from '../words/fold.ts'
import type { RulePlace } from './rule-place.ts'
import type { WordsDocument } from './rule-schema.ts'

/** Texts of the files that a rule file names, by the path written there; null: it can't be read. */
export type ListFiles = Readonly<Record<string, string | null>>

/** Complaints about one file's lines; the rest of them is of the same kind. */
const COMPLAINTS_MAX = 5

/** Terms in order, each once. `path`: place of the word list in its rule. */
export function readTerms(
  words: WordsDocument,
  files: ListFiles,
  path: readonly (string | number)[],
  place: RulePlace,
): WeightedTerm[] {
  const terms = new TermCollector(place)
  for (const [i, text] of words.terms.entries()) terms.add(text, 1, [...path, 'terms', i])
  for (const [text, weight] of Object.entries(words.weighted)) terms.add(text, weight, [...path, 'weighted', text])
  for (const [i, file] of words.files.entries()) {
    const at = [...path, 'files', i]
    for (const line of linesOf(file, files, at, place)) {
      const [text = '', weight = '1', ...more] = line.text.split('\t')
      if (more.length > 0 || !/^-?\d{1,4}$/.test(weight.trim()))
        terms.complain(at, 'bad-line', `${file} line ${line.row}: write a term, or a term, a tab and a whole number`)
      else terms.add(text, Number(weight), at, ` (${file} line ${line.row})`)
    }
  }
  if (terms.all.length === 0 && !terms.complained)
    place.report(path, 'empty-words', 'there is no term in it: write `terms`, `weighted` or `files` with some')
  return terms.all
}

/** Lines of an allow-list or word list: no blank ones, no comments. */
export function linesOf(
  file: string,
  files: ListFiles,
  at: readonly (string | number)[],
  place: RulePlace,
): { row: number; text: string }[] {
  if (file.startsWith('/') || file.split(/[\\/]/).includes('..')) {
    place.report(at, 'bad-path', `\`${file}\` must be a path below the folder of this rule file, without \`..\``)
    return []
  }
  const text = Object.hasOwn(files, file) ? files[file] : undefined
  if (typeof text !== 'string') {
    place.report(
      at,
      'file-missing',
      `\`${file}\` can't be read; it must be a file of at most ${limits.wordListFileMaxBytes} bytes, by its path from this rule file's folder`,
    )
    return []
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const kept = lines
    .map((line, i) => ({ row: i + 1, text: line.trim() }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'))
  if (kept.length <= limits.wordListTermsMax) return kept
  place.report(at, 'too-many', `\`${file}\` has ${kept.length} lines; ${limits.wordListTermsMax} is the most`)
  return []
}

class TermCollector {
  readonly all: WeightedTerm[] = []
  complained = false
  readonly #place: RulePlace
  readonly #seen = new Map<string, string>()
  #complaints = 0

  constructor(place: RulePlace) {
    this.#place = place
  }

  add(text: string, weight: number, at: readonly (string | number)[], where = ''): void {
    const trimmed = text.trim()
    const words = foldedWords(trimmed)
    const key = words.join(' ')
    const earlier = this.#seen.get(key)
    if (words.length === 0) this.complain(at, 'empty-term', `\`${trimmed}\`${where} has no letter or digit`)
    else if (words.length > limits.wordListTermMaxWords)
      this.complain(
        at,
        'long-term',
        `\`${trimmed.slice(0, 40)}…\`${where}: ${limits.wordListTermMaxWords} words are the most`,
      )
    else if (words.length === 1 && /^[\x00-\x7f]$/.test(key))
      this.complain(at, 'short-term', `\`${trimmed}\`${where} is one letter to a word list; write a pattern for it`)
    else if (earlier !== undefined)
      this.complain(at, 'duplicate-term', `\`${trimmed}\`${where} is in the list already, as \`${earlier}\``)
    else if (this.all.length >= limits.wordListTermsMax)
      this.complain(at, 'too-many', `there are more than ${limits.wordListTermsMax} terms; make several rules of them`)
    else {
      this.#seen.set(key, trimmed)
      this.all.push({ text: trimmed, weight })
    }
  }

  complain(at: readonly (string | number)[], code: string, message: string): void {
    this.complained = true
    if (++this.#complaints <= COMPLAINTS_MAX) this.#place.report(at, code, message)
    else if (this.#complaints === COMPLAINTS_MAX + 1)
      this.#place.report(at, 'too-many-mistakes', 'there are more mistakes of this kind; mend these first')
  }
}
