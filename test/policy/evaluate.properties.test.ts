import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACTIONS, type Action, type Decision } from '../../src/core/decision.ts'
import type { Finding } from '../../src/core/finding.ts'
import { compilePolicies } from '../../src/policy/compile-policies.ts'
import { type EvaluationInput, evaluate } from '../../src/policy/evaluate.ts'
import { explainEvaluation } from '../../src/policy/explain-evaluation.ts'
import type { PolicySet } from '../../src/policy/policy-set.ts'
import { directory, envelope, finding, known, part, report } from './policy-fixture.ts'

const leaf = fc.constantFrom<Record<string, unknown>>(
  { channel: 'mail' },
  { recipient: 'outside' },
  { recipient: 'internal' },
  { recipient: { domain: 'x.example' } },
  { sender: 'internal' },
  { finding: { detector: 'credit_card', confidence: 'high' } },
  { finding: { family: ['financial', 'secret'], unique: { at_least: 3 } } },
  { uninspected: 'any' },
  { attachment: { extension: 'zip' } },
  { label: 'unlabelled' },
)
const condition = fc.letrec<{ tree: Record<string, unknown> }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record({ all: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ none: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
  ),
})).tree

const effects = fc.oneof(
  fc.record({ action: fc.constantFrom('pass', 'quarantine'), tag_subject: fc.constantFrom('[A]', '[B]') }),
  fc.record({ action: fc.constant('pass'), strip_attachments: fc.constant('matched') }),
  fc.record({
    action: fc.constant('encrypt'),
    encrypt: fc.record({
      methods: fc.constantFrom(['smime'], ['openpgp'], ['smime', 'openpgp'], ['openpgp', 'smime']),
      fallback: fc.constantFrom('pass', 'quarantine', 'block'),
    }),
  }),
  fc.record({ action: fc.constantFrom(...ACTIONS), notify: fc.constantFrom('sender', 'reviewers') }),
)
const rule = fc
  .tuple(condition, fc.option(condition), effects, fc.constantFrom('enforce', 'enforce', 'monitor'))
  .map(([when, unless, effect, mode]) => ({ when, ...(unless ? { unless: [unless] } : {}), ...effect, mode }))

const findings: fc.Arbitrary<Finding[]> = fc
  .array(
    fc.tuple(
      fc.constantFrom('credit_card', 'iban', 'private_key'),
      fc.nat(4),
      fc.nat(4),
      fc.constantFrom('mail', 'mail/a.zip'),
    ),
    { maxLength: 3 },
  )
  .map((list) =>
    list.map(([detector, low, high, path], index) =>
      finding(`f${index + 1}`, {
        detector,
        family: detector === 'private_key' ? 'secret' : 'financial',
        low: low + 1,
        high,
        perPart: { [path]: Math.max(low + 1, high) },
      }),
    ),
  )
const message: fc.Arbitrary<EvaluationInput> = fc
  .tuple(
    fc.uniqueArray(
      fc.constantFrom(
        'a@internal.example',
        'b@internal.example',
        'c@x.example',
        'd@sub.x.example',
        'e@y.example',
        'f@acquirer.example',
      ),
      { minLength: 1, maxLength: 6 },
    ),
    fc.constantFrom('someone@internal.example', 'someone@x.example', ''),
    findings,
    fc.boolean(),
  )
  .map(([to, sender, found, sealed]) => ({
    envelope: envelope(to, { sender }),
    report: report({
      parts: [part(0, 'mail'), part(1, 'mail/a.zip')],
      findings: found,
      uninspected: sealed ? [{ path: 'mail/a.zip', reason: 'encrypted', detail: 'x' }] : [],
    }),
    directory,
    now: 0,
  }))

type WrittenRule = Record<string, unknown>

/** JSON is YAML. Sets with a rule that could never act are refused by design, so such samples are left out. */
function policySet(rules: readonly WrittenRule[], names = rules.map((_, index) => `r${index}`)): PolicySet | null {
  const text = JSON.stringify({
    policy: 'p',
    name: 'P',
    rules: rules.map((one, index) => ({ id: names[index], ...one })),
  })
  const { policies, diagnostics } = compilePolicies([{ file: 'p.yaml', text }], known)
  const other = diagnostics.filter((diagnostic) => diagnostic.code !== 'unreachable-rule')
  expect(other).toEqual([])
  return policies
}

function actionFor(decision: Decision, recipient: string): Action {
  const groups = decision.groups.filter((group) => group.recipients.includes(recipient))
  expect(groups).toHaveLength(1)
  return groups[0]?.action ?? 'pass'
}

const strictness = (action: Action) => ACTIONS.indexOf(action)
const options = { numRuns: 200, seed: 20261103 }
const ruleList = fc.array(rule, { minLength: 1, maxLength: 4 })

describe('deterministic-verdict', () => {
  it('adding a rule never makes a verdict weaker, save that naming a case takes it out of the built-in hold', () => {
    fc.assert(
      fc.property(ruleList, rule, message, (rules, added, given) => {
        const before = policySet(rules)
        const after = policySet([...rules, added])
        fc.pre(before !== null && after !== null)
        fc.pre([...before.unnamed].every((reason) => after.unnamed.has(reason)))
        for (const { address } of given.envelope.recipients)
          expect(strictness(actionFor(evaluate(after, given), address))).toBeGreaterThanOrEqual(
            strictness(actionFor(evaluate(before, given), address)),
          )
      }),
      options,
    )
  })

  it('the order of rules and recipients never matters', () => {
    fc.assert(
      fc.property(ruleList, message, fc.infiniteStream(fc.nat()), (rules, given, random) => {
        const shuffle = <T>(list: readonly T[]) =>
          list
            .map((item) => ({ item, key: random.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ item }) => item)
        const order = shuffle([...rules.keys()])
        const one = policySet(rules)
        const other = policySet(
          order.map((index) => rules[index] ?? {}),
          order.map((index) => `r${index}`),
        )
        fc.pre(one !== null && other !== null)
        const shuffled = { ...given, envelope: { ...given.envelope, recipients: shuffle(given.envelope.recipients) } }
        const a = evaluate(one, given)
        const b = evaluate(other, shuffled)
        expect({ ...b, revisions: a.revisions }).toEqual(a)
      }),
      options,
    )
  })

  it('every recipient has one verdict, the strictest of the reasons that name it', () => {
    fc.assert(
      fc.property(ruleList, message, (rules, given) => {
        const policies = policySet(rules)
        fc.pre(policies !== null)
        const decision = evaluate(policies, given)
        const recipients = given.envelope.recipients.map(({ address }) => address)
        expect(decision.groups.flatMap((group) => group.recipients).sort()).toEqual([...recipients].sort())
        for (const recipient of recipients) {
          const reasons = decision.reasons.filter(
            (reason) => reason.mode === 'enforce' && reason.recipients.includes(recipient),
          )
          expect(strictness(actionFor(decision, recipient))).toBe(
            Math.max(0, ...reasons.map((reason) => strictness(reason.action))),
          )
        }
        expect(strictness(decision.action)).toBe(Math.max(...decision.groups.map((group) => strictness(group.action))))
      }),
      options,
    )
  })

  it('the explanation agrees with the decision', () => {
    fc.assert(
      fc.property(ruleList, message, (rules, given) => {
        const policies = policySet(rules)
        fc.pre(policies !== null)
        const decision = evaluate(policies, given)
        for (const explanation of explainEvaluation(policies, given)) {
          const explained = explanation.outcomes
            .filter((outcome) => outcome.matched)
            .flatMap((outcome) => outcome.recipients)
          const reasons = decision.reasons.filter((reason) => reason.rule === explanation.rule)
          expect(explained.sort()).toEqual([...new Set(reasons.flatMap((reason) => reason.recipients))].sort())
        }
      }),
      options,
    )
  })
})
