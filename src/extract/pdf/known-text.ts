import { limits } from '../../core/limits.ts'

/** Lines of text that were read already, so that what turns up again elsewhere in a file is not given twice. */
export class KnownText {
  readonly #lines = new Set<string>()

  add(text: string): void {
    for (const line of text.split('\n')) {
      if (this.#lines.size >= limits.extractRecordsMax) return
      this.#lines.add(squeeze(line))
    }
  }

  /** Whether every line of it is known. */
  has(text: string): boolean {
    return text.split('\n').every((line) => this.#has(line))
  }

  /** Lines of it that are new, which are known from now on. */
  fresh(text: string): string[] {
    const lines = text.split('\n').filter((line) => !this.#has(line))
    this.add(lines.join('\n'))
    return lines
  }

  #has(line: string): boolean {
    const squeezed = squeeze(line)
    return squeezed === '' || this.#lines.has(squeezed)
  }
}

function squeeze(line: string): string {
  return line.replace(/\s+/g, '')
}
