import { limits as core } from '../../core/limits.ts'
import type { ReplyMode } from '../../core/submission.ts'
import type { Intake, SmtpLogger, SmtpMetrics } from './intake.ts'

/** The bounds of the receiving side; every one has a default in `core/limits`. Sizes are bytes, times milliseconds. */
export interface SmtpLimits {
  readonly messageSizeMaxBytes: number
  readonly dataLineMaxBytes: number
  readonly commandLineMaxBytes: number
  readonly headerMaxBytes: number
  readonly heloMaxBytes: number
  readonly recipientsMax: number
  readonly connectionsMax: number
  /** Peers on `xclientFrom` or `xforwardFrom` speak for many clients and are exempt. */
  readonly connectionsPerClientMax: number
  readonly commandErrorsMax: number
  readonly junkCommandsMax: number
  readonly authFailuresMax: number
  readonly authFailuresPerNetworkMax: number
  readonly authWindowMs: number
  readonly authDelayMs: number
  readonly idleTimeoutMs: number
  readonly sessionMaxMs: number
  readonly dataTimeoutMs: number
  readonly dataRateMinBytesPerSecond: number
  readonly dataRateGraceMs: number
  readonly tlsHandshakeTimeoutMs: number
  readonly certificatePollMs: number
  readonly hopsMax: number
  readonly ownTracesMax: number
}

export const smtpLimitDefaults: SmtpLimits = {
  messageSizeMaxBytes: core.smtpMessageSizeMaxBytes,
  dataLineMaxBytes: core.smtpDataLineMaxBytes,
  commandLineMaxBytes: core.smtpCommandLineMaxBytes,
  headerMaxBytes: core.smtpHeaderMaxBytes,
  heloMaxBytes: core.smtpHeloMaxBytes,
  recipientsMax: core.smtpRecipientsMax,
  connectionsMax: core.smtpConnectionsMax,
  connectionsPerClientMax: core.smtpConnectionsPerClientMax,
  commandErrorsMax: core.smtpCommandErrorsMax,
  junkCommandsMax: core.smtpJunkCommandsMax,
  authFailuresMax: core.smtpAuthFailuresMax,
  authFailuresPerNetworkMax: core.smtpAuthFailuresPerNetworkMax,
  authWindowMs: core.smtpAuthWindowMs,
  authDelayMs: core.smtpAuthDelayMs,
  idleTimeoutMs: core.smtpIdleTimeoutMs,
  sessionMaxMs: core.smtpSessionMaxMs,
  dataTimeoutMs: core.smtpDataTimeoutMs,
  dataRateMinBytesPerSecond: core.smtpDataRateMinBytesPerSecond,
  dataRateGraceMs: core.smtpDataRateGraceMs,
  tlsHandshakeTimeoutMs: core.smtpTlsHandshakeTimeoutMs,
  certificatePollMs: core.smtpCertificatePollMs,
  hopsMax: core.smtpHopsMax,
  ownTracesMax: core.smtpOwnTracesMax,
}

/** What happens to a bare CR, a bare LF or a NUL in DATA: the message is refused, or mended before it is hashed. */
export type LineEndings = 'reject' | 'canonicalise'

export interface SmtpListenerOptions {
  /** Unique; goes into `Envelope.client.listener`, logs and metrics. */
  readonly name: string
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  /** `relay`: clients by network. `submission`: whoever authenticates, over TLS only. */
  readonly kind: 'relay' | 'submission'
  /** Networks (CIDR or single addresses) that may send. Required for `relay`; for `submission` empty means any. */
  readonly clients: readonly string[]
  readonly tls: 'none' | 'starttls' | 'implicit'
  /** With `starttls`: no mail before TLS. */
  readonly requireTls: boolean
  /** PEM files, reloaded when they change. Required unless `tls` is `none`. */
  readonly certificateFile?: string
  readonly keyFile?: string
  readonly replyMode: ReplyMode
  /** Networks whose XCLIENT is believed, also for access. */
  readonly xclientFrom: readonly string[]
  /** Networks whose XFORWARD is believed, for the record only; they must be among `clients` too. */
  readonly xforwardFrom: readonly string[]
  /** Own name in greeting and EHLO reply. */
  readonly hostname: string
  /** Text after `ESMTP` in the greeting. */
  readonly banner?: string
  readonly lineEndings: LineEndings
  /** Configuration key of this listener, for messages to the administrator, e.g. `smtp.listeners.0`. */
  readonly configKey?: string
}

/** Checks a name and password for a listener. Resolves with the name to record, null when they are wrong; throws when it can't tell. */
export type Authenticate = (name: string, password: string, listener: SmtpListenerOptions) => Promise<string | null>

export interface SmtpIngressOptions {
  readonly listeners: readonly SmtpListenerOptions[]
  /** By listener, since reply modes differ. Called once per listener at construction. */
  readonly intakeFor: (listener: SmtpListenerOptions) => Intake
  /** Needed by `submission` listeners. */
  readonly authenticate?: Authenticate
  /** Lower-case field name of the trace header, and whether a value was made with this installation's key. */
  readonly trace?: { readonly header: string; readonly isOwnTrace: (value: string) => boolean }
  readonly limits?: Partial<SmtpLimits>
  readonly log: SmtpLogger
  readonly metrics: SmtpMetrics
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Resolves after so many milliseconds: the delay of a failed AUTH. */
  readonly wait?: (ms: number) => Promise<void>
}

export interface BoundAddress {
  readonly listener: string
  readonly host: string
  readonly port: number
}
