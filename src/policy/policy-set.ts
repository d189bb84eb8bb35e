/** Compiled policies: immutable, and identified by a revision over everything that can change a verdict. */
import type { Action, EncryptPlan, NotifyRequest, Severity } from '../core/decision.ts'
import type { UninspectedReason } from '../core/extraction.ts'
import type { ReportedPart } from '../core/report.ts'
import type { Condition } from './condition.ts'
import type { WrittenTest } from './test-schema.ts'

export interface PolicySet {
  /** First 16 hex digits of a SHA-256 over the policies' content, the label levels and the directory. */
  readonly revision: string
  readonly policies: readonly CompiledPolicy[]
  /** Families of the known detectors, for test cases. */
  readonly families: ReadonlyMap<string, string>
  /** Lowest first. */
  readonly labelLevels: readonly string[]
  /** Lists that a directory must have for messages to be judged. */
  readonly references: { readonly partners: readonly string[]; readonly groups: readonly string[] }
  /** Ways of not being inspected that no rule in force names: they hold a message. */
  readonly unnamed: ReadonlySet<UninspectedReason>
}

export interface CompiledPolicy {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly file: string
  readonly mode: 'enforce' | 'monitor' | 'off'
  readonly regulations: readonly string[]
  readonly rules: readonly CompiledPolicyRule[]
  readonly tests: readonly PolicyTest[]
}

export interface CompiledPolicyRule {
  readonly policy: string
  readonly id: string
  /** The weaker of the policy's and its own. */
  readonly mode: 'enforce' | 'monitor' | 'off'
  readonly severity: Severity
  readonly action: Action
  readonly message: string
  readonly regulations: readonly string[]
  /** `applies_to` and `when`. */
  readonly when: Condition
  /** Exceptions of the policy and its own; one that holds is enough. */
  readonly unless: readonly Condition[]
  readonly effects: Effects
  readonly row: number
}

/** What a rule does besides its action. */
export interface Effects {
  readonly encrypt?: EncryptPlan
  readonly tagSubject?: string
  readonly addHeaders: readonly { readonly name: string; readonly value: string }[]
  readonly writeLabel?: WriteLabel
  readonly redirect: readonly string[]
  readonly strip?: StripSpec
  readonly notify: readonly NotifyRequest[]
}

/** The header that tells a message's highest label level. */
export interface WriteLabel {
  readonly header: string
  /** By level, lowest first. */
  readonly values: readonly string[]
  /** Position of the level that is written where no label has one; null: nothing is. */
  readonly unlabelled: number | null
}

export interface StripSpec {
  /** Takes out what made the rule match; where that isn't an attachment the rule quarantines instead. */
  readonly matched: boolean
  readonly selects: (part: ReportedPart) => boolean
  readonly note: string
}

export interface PolicyTest {
  readonly written: WrittenTest
  readonly row: number
}
