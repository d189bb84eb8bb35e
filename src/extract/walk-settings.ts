import type { PrintsWanted } from '../core/extraction.ts'
import type { MessageBudget } from './budget.ts'
import type { Format } from './format.ts'
import type { Isolate, TextPassing, TextSink } from './isolation.ts'
import type { PictureReader } from './ocr/picture-reader.ts'

/** What a walk through one message, or through one part in a sandbox, goes by. */
export interface WalkSettings {
  readonly budget: MessageBudget
  readonly pictures: PictureReader | null
  readonly passwords: readonly string[]
  readonly passwordsFromText: boolean
  readonly labelHeaders: readonly string[]
  readonly formatFor: (type: string) => Format | undefined
  readonly prints: PrintsWanted | null
  readonly isolate: Isolate | null
  /** Null: every text is held, as far as the budget lets it. */
  readonly sink: TextSink | null
  readonly passing: TextPassing
  /** Paths of parts that are not read. */
  readonly skip?: ReadonlySet<string>
  readonly onPath?: (path: string) => void
}
