/** What a rule does besides its action: checks that the options make sense together and compiles them. */
import type { EncryptPlan, NotifyRequest } from '../core/decision.ts'
import type { CompileScope } from './compile-scope.ts'
import { extensionOf } from './conditions/attachment.ts'
import { anyGlob } from './glob.ts'
import type { WrittenNotify, WrittenPolicyRule } from './policy-schema.ts'
import type { Effects, StripSpec, WriteLabel } from './policy-set.ts'

const STRIP_NOTE = 'An attachment was taken out of this message by policy.'
const CHANGES = ['add_header', 'write_label', 'tag_subject', 'redirect', 'strip_attachments'] as const

export function compileEffects(
  rule: WrittenPolicyRule,
  inherited: WrittenNotify | undefined,
  scope: CompileScope,
): Effects {
  if (rule.encrypt && rule.action !== 'encrypt')
    scope.problem(
      ['encrypt'],
      'option-without-effect',
      `\`encrypt\` means nothing with \`action: ${rule.action}\`; write \`action: encrypt\` or remove it.`,
    )
  for (const key of CHANGES) {
    if (rule[key] !== undefined && rule.action === 'block')
      scope.problem(
        [key],
        'option-without-effect',
        `\`${key}\` means nothing with \`action: block\`, since nothing is sent; remove it or choose another action.`,
      )
  }
  if (rule.redirect && rule.action === 'quarantine')
    scope.problem(
      ['redirect'],
      'option-without-effect',
      '`redirect` means nothing with `action: quarantine`, since nothing is sent; write `action: pass` to send it elsewhere.',
    )
  const strip = compileStrip(rule, scope)
  const writeLabel = compileWriteLabel(rule, scope)
  return {
    ...(rule.action === 'encrypt' && { encrypt: encryptPlan(rule) }),
    ...(rule.tag_subject !== undefined && { tagSubject: rule.tag_subject }),
    addHeaders: rule.add_header ?? [],
    ...(writeLabel && { writeLabel }),
    redirect: rule.redirect ?? [],
    ...(strip && { strip }),
    notify: compileNotify(rule.notify ?? inherited ?? [], scope),
  }
}

function encryptPlan(rule: WrittenPolicyRule): EncryptPlan {
  return {
    methods: [...new Set(rule.encrypt?.methods ?? (['smime', 'openpgp'] as const))],
    fallback: rule.encrypt?.fallback ?? 'quarantine',
  }
}

function compileWriteLabel(rule: WrittenPolicyRule, scope: CompileScope): WriteLabel | undefined {
  const written = rule.write_label
  if (!written) return undefined
  const { labelHeader, labelLevels = [] } = scope.known
  if (!labelHeader) {
    scope.problem(
      ['write_label'],
      'no-label-header',
      'The label map names no header to write; add `write: { header: X-Classification }` to the file that `labels` in sluice.yaml names.',
    )
    return undefined
  }
  const { unlabelled } = written
  if (unlabelled !== undefined)
    scope.names([unlabelled], labelLevels, ['write_label', 'unlabelled'], 'unknown-label-level', 'label level', '')
  return {
    header: labelHeader.name,
    values: labelHeader.values,
    unlabelled: unlabelled === undefined ? null : labelLevels.indexOf(unlabelled),
  }
}

function compileStrip(rule: WrittenPolicyRule, scope: CompileScope): StripSpec | undefined {
  const written = rule.strip_attachments
  if (!written) return undefined
  const types = scope.globs(written.type, ['strip_attachments', 'type'])
  const names = scope.globs(written.name, ['strip_attachments', 'name'])
  const extensions = written.extension?.map((extension) => extension.replace(/^\*?\./, '').toLowerCase())
  return {
    matched: written.matched === true,
    selects: (part) =>
      (types !== undefined && anyGlob(types, part.sniffedType)) ||
      (names !== undefined && anyGlob(names, part.filename ?? '')) ||
      (extensions?.includes(extensionOf(part.filename)) ?? false),
    note: written.note ?? STRIP_NOTE,
  }
}

/** Addresses of sender, manager and reviewers, and what `default` stands for, are filled in when a verdict is there. */
function compileNotify(written: WrittenNotify, scope: CompileScope): NotifyRequest[] {
  return written.map((entry, index) => {
    const [audience, template] =
      entry.sender !== undefined
        ? (['sender', entry.sender] as const)
        : entry.manager !== undefined
          ? (['manager', entry.manager] as const)
          : entry.reviewers !== undefined
            ? (['reviewers', entry.reviewers] as const)
            : (['address', entry.template ?? 'default'] as const)
    if (entry.template !== undefined && audience !== 'address')
      scope.problem(
        ['notify', index, 'template'],
        'option-without-effect',
        `\`template\` goes with \`addresses\`; write \`${audience}: ${entry.template}\`.`,
      )
    const known = scope.known.templates && ['default', ...scope.known.templates]
    if (known && !known.includes(template))
      scope.names([template], known, ['notify', index], 'unknown-template', 'notification template', '')
    return {
      audience,
      addresses: entry.addresses ?? [],
      template,
    }
  })
}
