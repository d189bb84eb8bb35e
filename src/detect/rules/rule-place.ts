import type { Diagnostic } from '../../core/diagnostic.ts'
import type { Path, YamlSource } from '../../yaml/parse-yaml.ts'

/** Where one entry of a rule file stands, and what is wrong with it. */
export class RulePlace {
  readonly diagnostics: Diagnostic[] = []
  readonly #source: YamlSource
  readonly #base: Path

  constructor(source: YamlSource, base: Path) {
    this.#source = source
    this.#base = base
  }

  /** `file:row`, for complaints that name another place. */
  get name(): string {
    return `${this.#source.file}:${this.#source.at(this.#base).row}`
  }

  report(path: Path, code: string, message: string): void {
    this.diagnostics.push(this.#source.diagnostic([...this.#base, ...path], code, message))
  }

  warn(path: Path, code: string, message: string): void {
    this.diagnostics.push({ ...this.#source.diagnostic([...this.#base, ...path], code, message), severity: 'warning' })
  }

  get broken(): boolean {
    return this.diagnostics.some(({ severity }) => severity === 'error')
  }
}
