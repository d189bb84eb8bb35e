/** Configuration in the pipeline's terms. */

import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Config } from '../config/schema.ts'
import { limits } from '../core/limits.ts'
import type { PipelineSettings } from '../pipeline/dependencies.ts'

export function hostnameOf(config: Config): string {
  return config.hostname ?? hostname()
}

export function pipelineSettings(config: Config, traceKey: Uint8Array, acts: boolean): PipelineSettings {
  return {
    hostname: hostnameOf(config),
    traceKey,
    owner: `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`,
    acts,
    reviewers: config.organisation.reviewers,
    inspectAttemptsMax: limits.inspectAttemptsMax,
    inspectRetryFirstMs: limits.inspectRetryFirstMs,
    inspectOwnersLostMax: limits.inspectOwnersLostMax,
    claimTtlMs: limits.claimTtlMs,
    deliveryExpireMs: config.delivery.expire,
    deliveryDelayNoticeMs: config.delivery.delay_notice,
    deliveryRetryFirstMs: config.delivery.retry_first,
    deliveryRetryMaxMs: config.delivery.retry_max,
    quarantineRetentionMs: config.quarantine.retention,
    sweepIntervalMs: limits.sweepIntervalMs,
    sweepBatchMax: limits.sweepBatchMax,
  }
}
