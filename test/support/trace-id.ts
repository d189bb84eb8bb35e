/** The submission id in the trace header of a delivered message; empty when there is none. */
export function traceId(content: Buffer): string {
  return /^X-Sluice-Trace: v1; id=([0-9A-Z]{26})/m.exec(content.subarray(0, 2_000).toString('latin1'))?.[1] ?? ''
}
