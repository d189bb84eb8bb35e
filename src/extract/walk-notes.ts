import type { LabelMark, Uninspected, UninspectedReason } from '../core/extraction.ts'
import { limits } from '../core/limits.ts'

/** What was not inspected and which labels were seen, each told once and no more of them than is allowed. */
export class WalkNotes {
  readonly uninspected: Uninspected[] = []
  readonly labels: LabelMark[] = []
  readonly #said = new Set<string>()
  readonly #rootPath: () => string | undefined

  /** `rootPath`: of the message, once it is known. */
  constructor(rootPath: () => string | undefined) {
    this.#rootPath = rootPath
  }

  say(path: string, reason: UninspectedReason, detail: string): void {
    const key = `${reason}\0${detail}\0${path}`
    if (this.#said.has(key) || this.uninspected.length > limits.extractUninspectedMax) return
    this.#said.add(key)
    if (this.uninspected.length === limits.extractUninspectedMax) {
      this.uninspected.push({ path: this.#rootPath() ?? path, reason: 'too-many', detail: 'uninspected parts' })
      return
    }
    this.uninspected.push({ path, reason, detail })
  }

  label(mark: LabelMark): void {
    if (this.labels.length < limits.extractLabelsMax) this.labels.push(mark)
    else this.say(mark.part, 'too-many', `${limits.extractLabelsMax} labels`)
  }
}
