/** What happens in the pipeline and at the door, as metrics. */
import type { SmtpMetrics } from '../ingress/smtp/intake.ts'
import type { PipelineObserver } from '../pipeline/dependencies.ts'
import type { Metrics } from '../platform/metrics.ts'

export function pipelineObserver(metrics: Metrics): PipelineObserver {
  return {
    accepted: (envelope, bytes) => {
      metrics.accepted.inc({ listener: envelope.client.listener })
      metrics.acceptedBytes.inc({ listener: envelope.client.listener }, bytes)
    },
    scanned: (report) => {
      metrics.scanSeconds.observe(report.elapsedMs / 1000)
      metrics.scanBytes.inc(report.parts[0]?.size ?? 0)
      for (const { family, confidence } of report.findings) metrics.findings.inc({ family, confidence })
      for (const { reason } of report.uninspected) metrics.uninspected.inc({ reason })
    },
    decided: (decision) => metrics.verdicts.inc({ action: decision.action }),
    held: (reason) => metrics.held.inc({ reason }),
    delivery: (result) => metrics.deliveries.inc({ status: result.status }),
  }
}

export function smtpObserver(metrics: Metrics): SmtpMetrics {
  return {
    connectionOpened: (listener) => {
      metrics.connections.inc({ listener, outcome: 'opened' })
      metrics.openConnections.inc({ listener })
    },
    connectionClosed: (listener) => metrics.openConnections.dec({ listener }),
    connectionRefused: (listener, reason) => metrics.connections.inc({ listener, outcome: reason }),
    messageAccepted: () => undefined,
    messageRefused: (listener, code) => metrics.refused.inc({ listener, code: String(code) }),
    authentication: (listener, outcome) => metrics.authentications.inc({ listener, outcome }),
  }
}
