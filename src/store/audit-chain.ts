import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { AuditDraft, AuditEntry } from '../core/audit.ts'
import { canonicalJson } from './canonical-json.ts'

/**
 * The links of the audit chain, for every store alike. Each entry's MAC is HMAC-SHA-256 under the audit key over the
 * previous MAC and the canonical JSON of everything else, so that without the key no entry can be changed, put in,
 * taken out or moved. Only the end could be cut off: an anchor kept beside the chain tells how far it had come.
 */
export interface ChainHead {
  readonly sequence: number
  readonly mac: string
}

/** Before the first entry. */
export const CHAIN_START: ChainHead = { sequence: 0, mac: '0'.repeat(64) }

/** The next entry, with its details as the canonical JSON that is stored. */
export function nextEntry(
  key: Uint8Array,
  head: ChainHead,
  draft: AuditDraft,
  at: number,
  submission: string | null,
): Omit<AuditEntry, 'details'> & { readonly details: string } {
  const { event, actor } = draft
  const details = canonicalJson(draft.details)
  const body = { sequence: head.sequence + 1, at, submission, event, actor, previous: head.mac }
  return { ...body, details, mac: entryMac(key, body, details) }
}

/** What is wrong with `entry` as the successor of `head`, or null. */
export function linkProblem(key: Uint8Array, head: ChainHead, entry: AuditEntry): string | null {
  const expected = head.sequence + 1
  if (entry.sequence !== expected) return `entry ${expected} is missing`
  if (entry.previous !== head.mac) return `entry ${entry.sequence} doesn't follow the entry before it`
  if (entryMac(key, entry, canonicalJson(entry.details)) !== entry.mac)
    return `entry ${entry.sequence} was changed, or the audit key is another one`
  return null
}

/** MAC of an anchor, so that one can't be made up either. */
export function anchorMac(key: Uint8Array, head: ChainHead): string {
  return createHmac('sha256', keyObject(key)).update(`sluice audit anchor\n${head.sequence}\n${head.mac}`).digest('hex')
}

/** MAC of the last entry that retention removed, so that nobody else can shorten the chain at its beginning. */
export function startMac(key: Uint8Array, start: ChainHead): string {
  return createHmac('sha256', keyObject(key))
    .update(`sluice audit start\n${start.sequence}\n${start.mac}`)
    .digest('hex')
}

/** Over the previous MAC and the canonical JSON of the rest: the members stand in the order of their names. */
function entryMac(key: Uint8Array, entry: Omit<AuditEntry, 'mac' | 'details'>, details: string): string {
  const { sequence, at, submission, event, actor, previous } = entry
  const text = (value: string | number | null) => JSON.stringify(value)
  return createHmac('sha256', keyObject(key))
    .update(
      `${previous}\n{"actor":${text(actor)},"at":${text(at)},"details":${details},"event":${text(event)},` +
        `"sequence":${text(sequence)},"submission":${text(submission)}}`,
    )
    .digest('hex')
}

const keyObjects = new WeakMap<Uint8Array, KeyObject>()

/** Made once per key: handing bytes to `createHmac` costs five times the HMAC of an entry. */
function keyObject(key: Uint8Array): KeyObject {
  let object = keyObjects.get(key)
  if (!object) {
    object = createSecretKey(key)
    keyObjects.set(key, object)
  }
  return object
}
