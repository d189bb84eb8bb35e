import type { MessageBudget } from './budget.ts'
import type { IsolatedPart } from './isolation.ts'
import { MAGIC_SAMPLE_BYTES } from './sniff-magic.ts'

/** What goes into a sandbox to learn the type of a part that no own signature knows: its beginning, and no type. */
export function typeQuestion(
  bytes: Uint8Array,
  path: string,
  depth: number,
  { left, limits }: MessageBudget,
): IsolatedPart {
  return {
    bytes: bytes.subarray(0, MAGIC_SAMPLE_BYTES),
    source: null,
    filename: null,
    declaredType: null,
    parameters: {},
    types: [],
    path,
    depth,
    via: [],
    traits: [],
    takenPaths: [],
    skip: [],
    left: { budget: left, pictures: null },
    settings: { limits, passwords: [], labelHeaders: [], ocr: null, prints: null, passing: 'none' },
  }
}
