/**
 * A view undoes one way of hiding text. It names the patterns by which the scanner notices a place (they run in the
 * same pass as the rules, so a text without such places costs nothing), and says what stands there instead. It never
 * copies the whole text: its edits are applied to the surroundings of the place alone. Pure; total on any bytes.
 * Adding one: a file beside this, a name in `view-names.ts` and a line in `registry.ts`.
 */
import type { Boundary } from '../match/boundary.ts'
import type { Token } from './tokens.ts'
import type { ViewName } from './view-names.ts'

export interface Edit {
  /** Byte offsets of what is replaced. */
  readonly start: number
  readonly end: number
  readonly replacement: Uint8Array
  /** Further steps that the replacement took, e.g. `gzip`. */
  readonly via?: readonly ViewName[]
  /** Findings that touch the edit are no surer than this unless evidence near them says so. */
  readonly doubtful?: boolean
  /** What is packed there is larger than is unpacked: the replacement is empty, and the text not inspected in full. */
  readonly cut?: boolean
  /** The replacement is what is replaced, from its last character to its first. */
  readonly backward?: boolean
}

/** What a view made of a token and what belongs to it; nothing up to `end` is asked about again. */
export interface Reading {
  readonly end: number
  readonly edit: Edit | null
}

export interface Trigger {
  readonly regex: string
  readonly boundary: Boundary
  /** Default: the same as `boundary`. */
  readonly endBoundary?: Boundary
}

export interface View {
  readonly name: ViewName
  readonly triggers: readonly Trigger[]
  /** What stands at the place where a trigger matched; null: nothing hidden there. */
  edit(text: Buffer, start: number, end: number): Edit | null
  /** For views of encodings: asked about every long token instead of by triggers. null: not the encoding's look. */
  token?(text: Buffer, token: Token): Reading | null
  /** For views of what isn't ASCII: all edits of a text, asked for only when it has such bytes. */
  editsOf?(text: Buffer): Edit[]
  /** Only what is high without help counts: the view shows nonsense as often as text. */
  readonly strongOnly?: boolean
}
