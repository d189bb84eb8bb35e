import type { Scanner } from '../pipeline/dependencies.ts'
import type { ScanPool } from '../scan/scan-pool.ts'

/** The scan pool in the pipeline's terms: an envelope says whether bytes are mail or an upload. */
export function pipelineScanner(pool: ScanPool): Scanner {
  return {
    scan: ({ content, envelope, size, sha256 }) =>
      pool.scan({
        bytes: content,
        ...(sha256 === undefined ? {} : { sha256 }),
        ...(size === undefined ? {} : { size }),
        as: envelope.channel,
        filename: envelope.request?.filename ?? null,
        declaredType:
          envelope.channel === 'mail' ? 'message/rfc822' : (envelope.request?.headers['content-type'] ?? null),
        ...(envelope.request ? { request: envelope.request } : {}),
      }),
  }
}
