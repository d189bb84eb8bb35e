import type { Revisions } from './report.ts'

/** Ascending strictness; the strictest of all matching policy rules wins, per recipient. */
export const ACTIONS = ['pass', 'encrypt', 'quarantine', 'block'] as const
export type Action = (typeof ACTIONS)[number]

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export function strictest(a: Action, b: Action): Action {
  return ACTIONS.indexOf(a) >= ACTIONS.indexOf(b) ? a : b
}

/** What a passed or encrypted message has changed on its way out. Applied in this order of kinds. */
export type Modification =
  | { readonly kind: 'strip-attachment'; readonly paths: readonly string[]; readonly note: string }
  | { readonly kind: 'tag-subject'; readonly tag: string }
  | { readonly kind: 'add-header'; readonly name: string; readonly value: string }
  /** In place of every field of that name. */
  | { readonly kind: 'set-header'; readonly name: string; readonly value: string }
  | { readonly kind: 'redirect'; readonly to: readonly string[] }

export interface NotifyRequest {
  readonly audience: 'sender' | 'manager' | 'reviewers' | 'address'
  /** For `manager`, `reviewers` and `address`: whom to write to. */
  readonly addresses: readonly string[]
  readonly template: string
}

export interface EncryptPlan {
  /** Tried in order; the first for which every recipient of the group has a key is used. */
  readonly methods: readonly ('smime' | 'openpgp')[]
  /** What happens to recipients without a key. */
  readonly fallback: 'quarantine' | 'block' | 'pass'
}

/** Recipients that share a verdict and everything that follows from it. */
export interface DecisionGroup {
  readonly recipients: readonly string[]
  readonly action: Action
  readonly modifications: readonly Modification[]
  readonly notify: readonly NotifyRequest[]
  readonly encrypt?: EncryptPlan
}

/** One policy rule that matched and counted (or would have, in monitor mode). */
export interface Reason {
  readonly policy: string
  readonly rule: string
  readonly severity: Severity
  readonly action: Action
  readonly mode: 'enforce' | 'monitor'
  /** Written by the policy's author for people inside. Peers never see it. */
  readonly message: string
  /** Ids of the findings that made it match. */
  readonly findings: readonly string[]
  readonly regulations: readonly string[]
  /** Recipients it applied to. */
  readonly recipients: readonly string[]
}

/** Persisted before anything acts on it. A retry re-acts; it never re-decides. */
export interface Decision {
  /** Strictest action over all groups. */
  readonly action: Action
  readonly groups: readonly DecisionGroup[]
  readonly reasons: readonly Reason[]
  readonly revisions: Revisions
  readonly decidedBy:
    | { readonly kind: 'policy' }
    | { readonly kind: 'reviewer'; readonly name: string; readonly reason: string }
    | { readonly kind: 'system'; readonly reason: string }
  /** Milliseconds since the epoch. */
  readonly decidedAt: number
}
