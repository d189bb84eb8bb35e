/** What conditions look at, worked out once per message: the input, its parties, and answers that don't depend on the recipient. */
import type { Envelope } from '../core/envelope.ts'
import type { ReportedPart, ScanReport } from '../core/report.ts'
import type { Judgement, Leaf } from './condition.ts'
import { type Directory, type DirectoryLookup, lookupOf, normaliseDomain, type Party } from './directory.ts'

export interface EvaluationInput {
  readonly envelope: Envelope
  readonly report: ScanReport
  readonly directory: Directory
  /** Milliseconds since the epoch: what `time` conditions look at, and `decidedAt`. */
  readonly now: number
}

export interface Facts {
  readonly envelope: Envelope
  readonly report: ScanReport
  readonly lookup: DirectoryLookup
  readonly now: number
  readonly sender: Party
  /** Distinct recipients, sorted; for an upload without any, one party that stands for the host it goes to. */
  readonly recipients: readonly Party[]
  /** Files: named or marked as attachment, members of archives included; for an upload the root too. */
  readonly attachments: readonly ReportedPart[]
  readonly partsByPath: ReadonlyMap<string, ReportedPart>
  readonly memo: Map<Leaf, Judgement>
}

/** RFC 6761 section 6.4: no host has this name, so an upload that names none goes to someone external. */
const UNKNOWN_HOST = 'invalid'

/** Never throws; an upload's URL that can't be read leaves a party without a domain, which is external. */
export function factsOf(input: EvaluationInput): Facts {
  const { envelope, report, directory, now } = input
  const lookup = lookupOf(directory)
  const addresses = [...new Set(envelope.recipients.map((recipient) => recipient.address))].sort()
  const recipients =
    addresses.length > 0
      ? addresses.map((address) => lookup.party(address, ...hostIn(envelope, address)))
      : [lookup.party('', hostOf(envelope) || UNKNOWN_HOST)]
  return {
    envelope,
    report,
    lookup,
    now,
    sender: lookup.party(envelope.sender),
    recipients,
    attachments: report.parts.filter((part) => isAttachment(part, envelope)),
    partsByPath: new Map(report.parts.map((part) => [part.path, part])),
    memo: new Map(),
  }
}

function isAttachment(part: ReportedPart, envelope: Envelope): boolean {
  if (part.parent === null) return envelope.channel === 'upload'
  return part.filename !== null || part.traits.includes('attachment')
}

/** What an upload goes to is a host, unless an address is given for it. */
function hostIn(envelope: Envelope, recipient: string): [domain?: string] {
  return envelope.channel === 'upload' && !recipient.includes('@') ? [normaliseDomain(recipient)] : []
}

/** The host that a request names, by its URL or its Host field; empty where neither can be read. */
export function hostOf(envelope: Pick<Envelope, 'request'>): string {
  const url = envelope.request?.url
  if (url === undefined) return ''
  const header = Object.entries(envelope.request?.headers ?? {}).find(([name]) => name.toLowerCase() === 'host')
  try {
    return normaliseDomain(new URL(url, header ? `http://${header[1]}` : undefined).hostname)
  } catch {
    return ''
  }
}
