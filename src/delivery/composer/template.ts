import type { Diagnostic } from '../../core/diagnostic.ts'

/**
 * Notification texts: a `Subject:` line, an empty line, and plain text with `{{placeholder}}`s. There is no logic, no
 * nesting and no HTML; a value is put in as it is and never looked at again. Everything wrong is found when it is read.
 */
export const PLACEHOLDERS = {
  reference: 'reference id of the message',
  sender: 'envelope sender',
  recipients: 'recipients the text is about, one a line',
  received: 'when the message was accepted',
  size: 'size of the message in bytes',
  contact: 'whom to ask',
  gateway: 'host name of the gateway',
  reasons: 'messages of the policy rules that matched; only for people inside',
  details: 'what happened to each recipient, one a line; only in delivery status notifications',
  until: 'when delivery is given up; only in delay notices',
} as const
export type Placeholder = keyof typeof PLACEHOLDERS
export type PlaceholderValues = Readonly<Partial<Record<Placeholder, string>>>

export interface Template {
  readonly subject: readonly TemplatePiece[]
  readonly body: readonly TemplatePiece[]
}

type TemplatePiece = string | { readonly placeholder: Placeholder }

/** `allowed` are the placeholders that this template may use. All mistakes at once; no template when there is one. */
export function parseTemplate(
  text: string,
  file: string,
  allowed: ReadonlySet<string>,
): { readonly template: Template | null; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const subject = /^Subject:[ \t]*(.*)$/i.exec(lines[0] ?? '')
  if (!subject?.[1]?.trim()) {
    const message = 'The first line must be `Subject: …` with the subject of the mail.'
    diagnostics.push({ file, row: 1, column: 1, code: 'missing-subject', message, severity: 'error' })
  }
  if ((lines[1] ?? '').trim() !== '') {
    const message = 'The second line must be empty; the text begins on the third.'
    diagnostics.push({ file, row: 2, column: 1, code: 'missing-empty-line', message, severity: 'error' })
  }
  const pieces = lines.map((line, index) => parseLine(line, file, index + 1, allowed, diagnostics))
  if (diagnostics.length > 0) return { template: null, diagnostics }
  const [first = [], , ...rest] = pieces
  const template = {
    subject: [String(first[0] ?? '').replace(/^Subject:[ \t]*/i, ''), ...first.slice(1)],
    body: rest.flatMap((line, index) => (index === 0 ? line : ['\n', ...line])),
  }
  return { template, diagnostics }
}

function parseLine(
  line: string,
  file: string,
  row: number,
  allowed: ReadonlySet<string>,
  diagnostics: Diagnostic[],
): TemplatePiece[] {
  const pieces: TemplatePiece[] = []
  let from = 0
  for (let open = line.indexOf('{{'); open >= 0; open = line.indexOf('{{', from)) {
    const column = [...line.slice(0, open)].length + 1
    const close = line.indexOf('}}', open)
    if (close < 0) {
      const message = 'This `{{` is never closed: write `{{name}}` on one line.'
      diagnostics.push({ file, row, column, code: 'unclosed-placeholder', message, severity: 'error' })
      return pieces
    }
    const name = line.slice(open + 2, close).trim()
    if (!allowed.has(name)) {
      const message = `There is no placeholder \`${name}\` here; known are ${[...allowed].join(', ')}.`
      diagnostics.push({ file, row, column, code: 'unknown-placeholder', message, severity: 'error' })
    }
    pieces.push(line.slice(from, open), { placeholder: name as Placeholder })
    from = close + 2
  }
  pieces.push(line.slice(from))
  return pieces
}

/** Values that are missing become empty. Controls are taken out of values, line ends in the subject become spaces. */
export function renderTemplate(template: Template, values: PlaceholderValues): { subject: string; body: string } {
  const fill = (pieces: readonly TemplatePiece[]) =>
    pieces.map((piece) => (typeof piece === 'string' ? piece : clean(values[piece.placeholder] ?? ''))).join('')
  return {
    subject: fill(template.subject).replace(/\s+/g, ' ').trim(),
    body: `${fill(template.body).trimEnd()}\n`,
  }
}

function clean(value: string): string {
  return value.replace(/[^\P{Cc}\n]/gu, '').toWellFormed()
}
