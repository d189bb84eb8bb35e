import { createHash } from 'node:crypto'
import type { SubmissionRecord } from '../../core/submission.ts'
import type { Composer, DsnRequest, NotificationRequest } from '../../ports/composer.ts'
import { isWireAddress } from '../wire-address.ts'
import { deliveryReport } from './delivery-report.ts'
import { mailDate, mailHeader, textEntity } from './mail-writer.ts'
import { recipientDetails } from './recipient-status.ts'
import { type PlaceholderValues, renderTemplate } from './template.ts'
import { isInside, loadTemplates, type TemplateStore } from './template-store.ts'

/**
 * The gateway's own mail. It speaks of submissions by reference id, addresses and dates only; what a policy's author
 * wrote reaches reviewers and managers, and nobody is told which pattern fired.
 */
export interface ComposerOptions {
  /** Name of this gateway: reporting MTA, and domain of MAILER-DAEMON. */
  readonly hostname: string
  /** Whom people may ask: an address, a telephone number, a page. */
  readonly contact?: string
  /** Folder of `*.txt` that replace the built-in texts or add more. */
  readonly templatesDir?: string
}

export interface TemplateComposer extends Composer {
  /** Names that policies may use in `notify`. */
  readonly templateNames: readonly string[]
}

/** Throws DiagnosticsError when a template of the operator's has mistakes. */
export async function createComposer(options: ComposerOptions): Promise<TemplateComposer> {
  const templates = await loadTemplates(options.templatesDir)
  return {
    dsn: (request) => composeDsn(request, options, templates),
    notification: async (request) => composeNotification(request, options, templates),
    templateNames: templates.names,
  }
}

async function composeDsn(
  request: DsnRequest,
  options: ComposerOptions,
  templates: TemplateStore,
): Promise<Uint8Array> {
  const { kind, record, results, at, expiresAt } = request
  const { envelope } = record.submission
  const { subject, body } = renderTemplate(templates.find(`dsn-${kind}`, 'sender'), {
    ...commonValues(record, options),
    recipients: indented(results.map(({ recipient }) => recipient)),
    details: results.map((result) => recipientDetails(result, kind)).join('\n'),
    until: expiresAt === undefined ? '' : mailDate(expiresAt),
  })
  const header = mailHeader({
    hostname: options.hostname,
    to: [envelope.sender],
    subject,
    messageId: messageId(record, `dsn ${kind} ${results.map(({ recipient }) => recipient).join(' ')}`),
    at,
    autoSubmitted: 'auto-replied',
  })
  const report = await deliveryReport(request, options.hostname, textEntity(body))
  return Buffer.concat([Buffer.from(header), report])
}

function composeNotification(
  request: NotificationRequest,
  options: ComposerOptions,
  templates: TemplateStore,
): Uint8Array {
  const { template, record, about, to, audience, at } = request
  const reasons = isInside(audience) ? (record.submission.decision?.reasons ?? []) : []
  const messages = new Set(reasons.filter(({ mode }) => mode === 'enforce').map(({ message }) => message))
  const { subject, body } = renderTemplate(templates.find(template, audience), {
    ...commonValues(record, options),
    recipients: indented(about),
    reasons: [...messages].map((message) => `  - ${message}`).join('\n'),
  })
  const { contact } = options
  const header = mailHeader({
    hostname: options.hostname,
    to,
    subject,
    messageId: messageId(record, `${template} ${audience} ${to.join(' ')} ${about.join(' ')}`),
    at,
    autoSubmitted: 'auto-generated',
    ...(contact?.includes('@') === true && isWireAddress(contact) && { replyTo: contact }),
  })
  return Buffer.from(header + textEntity(body))
}

function commonValues(record: SubmissionRecord, options: ComposerOptions): PlaceholderValues {
  const { submission } = record
  return {
    reference: submission.id,
    sender: submission.envelope.sender,
    received: mailDate(submission.receivedAt),
    size: String(submission.blob.size),
    contact: options.contact ?? `postmaster@${options.hostname}`,
    gateway: options.hostname,
  }
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n')
}

/** The same notice made again after a crash has the same Message-ID, so that readers can tell. */
function messageId(record: SubmissionRecord, purpose: string): string {
  const digest = createHash('sha256').update(`${record.submission.id} ${purpose}`).digest('hex')
  return `${record.submission.id}.${digest.slice(0, 16)}`
}
