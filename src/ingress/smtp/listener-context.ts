import type { AuthThrottle } from './auth-throttle.ts'
import type { NetworkList } from './client-networks.ts'
import type { Intake, SmtpLogger, SmtpMetrics } from './intake.ts'
import type { Authenticate, SmtpLimits, SmtpListenerOptions } from './smtp-options.ts'

/** All that a session knows of the listener it came in on. */
export interface ListenerContext {
  readonly options: SmtpListenerOptions
  readonly limits: SmtpLimits
  readonly intake: Intake
  readonly clients: NetworkList
  readonly xclientFrom: NetworkList
  readonly xforwardFrom: NetworkList
  readonly authenticate: Authenticate | null
  readonly throttle: AuthThrottle
  readonly trace: { readonly header: string; readonly isOwnTrace: (value: string) => boolean } | null
  readonly log: SmtpLogger
  readonly metrics: SmtpMetrics
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
}
