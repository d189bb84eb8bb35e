/** Names in a test case that must exist elsewhere: detectors, label levels, rules, recipients. */
import type { CompileScope } from './compile-scope.ts'
import type { WrittenTest } from './test-schema.ts'

export const TEST_RECIPIENT = 'someone@external.example'

export function checkTest(test: WrittenTest, rules: readonly string[], scope: CompileScope): void {
  const ids = scope.known.detectors.map((detector) => detector.id)
  for (const [index, finding] of (test.findings ?? []).entries()) {
    // With a family given the detector's name is free: collections, ad-hoc terms, rules of a site's own.
    if (finding.detector !== undefined && finding.family === undefined && !ids.includes(finding.detector))
      scope.names(
        [finding.detector],
        ids,
        ['findings', index],
        'unknown-detector',
        'detection rule',
        'give its `family` too.',
      )
  }
  // Without a label map a case may invent levels; no rule can ask for their order then.
  const levels = scope.known.labelLevels ?? []
  for (const [index, label] of (test.labels ?? []).entries()) {
    if (label.level !== undefined && levels.length > 0 && !levels.includes(label.level))
      scope.names(
        [label.level],
        levels,
        ['labels', index],
        'unknown-label-level',
        'label level',
        'write `{ scheme: …, name: … }`.',
      )
  }
  scope.names(test.rules, rules, ['rules'], 'unknown-rule', 'rule in this policy', 'see the `id` of its rules.')
  if (typeof test.expect !== 'object') return
  const recipients = test.to ?? [TEST_RECIPIENT]
  const named = Object.keys(test.expect)
  for (const recipient of named)
    if (!recipients.includes(recipient))
      scope.problem(
        ['expect', recipient],
        'unknown-recipient',
        `\`${recipient}\` is not among the recipients in \`to\`.`,
      )
  for (const recipient of recipients)
    if (!named.includes(recipient))
      scope.problem(
        ['expect'],
        'missing-key',
        `\`expect\` says nothing of \`${recipient}\`; write the action it must get.`,
      )
}
