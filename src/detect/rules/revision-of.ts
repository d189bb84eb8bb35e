import { createHash } from 'node:crypto'
import type { DetectionRule } from '../../core/detection-rule.ts'

const REVISION_HEX = 16

/** Hash over the rules' content; the same rules have the same revision on every machine. */
export function revisionOf(rules: readonly DetectionRule[]): string {
  const byId = [...rules].sort((a, b) => (a.id < b.id ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(byId)).digest('hex').slice(0, REVISION_HEX)
}
