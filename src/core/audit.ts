/** What happened, in the words of the state machine. `details` never holds content or a matched value. */
export const AUDIT_EVENTS = [
  'accepted',
  'decided',
  'held',
  'inspect-failed',
  'delivery',
  'quarantined',
  'released',
  'rejected',
  'expired',
  'refused',
  'done',
  'bounced',
  'notified',
  'viewed',
  'bypass',
  'configuration',
  'catalog',
  'trimmed',
] as const
export type AuditEvent = (typeof AUDIT_EVENTS)[number]

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

export interface AuditDraft {
  readonly event: AuditEvent
  /** `system`, `policy`, or a reviewer's or operator's name. */
  readonly actor: string
  readonly details: { readonly [key: string]: JsonValue | undefined }
}

/** One link: `mac` is HMAC-SHA-256 under the audit key over the previous mac and this entry's canonical JSON. */
export interface AuditEntry extends AuditDraft {
  /** 1, 2, 3 … without gaps. */
  readonly sequence: number
  readonly at: number
  /** Submission id, or null for entries about the installation. */
  readonly submission: string | null
  readonly previous: string
  readonly mac: string
}

export type AuditVerdict =
  /** `first`: sequence of the first entry that is kept; those before it were removed by retention. */
  | { readonly ok: true; readonly entries: number; readonly first?: number; readonly head: string }
  | { readonly ok: false; readonly entries: number; readonly brokenAt: number; readonly problem: string }
