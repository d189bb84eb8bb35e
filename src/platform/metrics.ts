/**
 * Counters and gauges in Prometheus text. Labels are closed sets (listener, action, status, reason): never an address,
 * a subject or a value. One registry per gateway, so that tests can run several in one process.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  readonly registry: Registry
  readonly connections: Counter<'listener' | 'outcome'>
  readonly openConnections: Gauge<'listener'>
  readonly authentications: Counter<'listener' | 'outcome'>
  readonly accepted: Counter<'listener'>
  readonly acceptedBytes: Counter<'listener'>
  readonly refused: Counter<'listener' | 'code'>
  readonly verdicts: Counter<'action'>
  readonly findings: Counter<'family' | 'confidence'>
  readonly uninspected: Counter<'reason'>
  readonly held: Counter<'reason'>
  readonly scanSeconds: Histogram
  readonly scanBytes: Counter
  readonly deliveries: Counter<'status'>
  readonly submissions: Gauge<'state'>
  readonly dispatch: Gauge<'state'>
  readonly spoolBytes: Gauge<'kind'>
  readonly nextHopHealthy: Gauge<'next_hop'>
  readonly ready: Gauge
}

const SCAN_BUCKETS_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createMetrics(options: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry()
  const registers = [registry]
  if (options.processMetrics) collectDefaultMetrics({ register: registry })
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: `sluice_${name}`, help, labelNames, registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: `sluice_${name}`, help, labelNames, registers })
  return {
    registry,
    connections: counter('smtp_connections_total', 'SMTP connections by outcome', ['listener', 'outcome']),
    openConnections: gauge('smtp_open_connections', 'SMTP connections open now', ['listener']),
    authentications: counter('smtp_authentications_total', 'AUTH attempts by outcome', ['listener', 'outcome']),
    accepted: counter('messages_accepted_total', 'Messages taken over', ['listener']),
    acceptedBytes: counter('messages_accepted_bytes_total', 'Content taken over, in bytes', ['listener']),
    refused: counter('messages_refused_total', 'SMTP transactions refused, by reply code', ['listener', 'code']),
    verdicts: counter('verdicts_total', 'Decisions by strictest action', ['action']),
    findings: counter('findings_total', 'Findings by family and confidence', ['family', 'confidence']),
    uninspected: counter('uninspected_total', 'Parts that could not be inspected, by reason', ['reason']),
    held: counter('held_total', 'Messages held because inspecting or acting failed', ['reason']),
    scanSeconds: new Histogram({
      name: 'sluice_scan_seconds',
      help: 'Time to extract and detect one message, in seconds',
      buckets: SCAN_BUCKETS_SECONDS,
      registers,
    }),
    scanBytes: counter('scan_bytes_total', 'Content scanned, in bytes'),
    deliveries: counter('deliveries_total', 'Delivery results by recipient status', ['status']),
    submissions: gauge('submissions', 'Submissions by state', ['state']),
    dispatch: gauge('dispatch_jobs', 'Jobs waiting and active', ['state']),
    spoolBytes: gauge('spool_bytes', 'Spool: bytes used and bytes free on its file system', ['kind']),
    nextHopHealthy: gauge('next_hop_healthy', '1 when the last delivery to this next hop worked', ['next_hop']),
    ready: gauge('ready', '1 when the gateway accepts mail, or the worker takes work'),
  }
}
