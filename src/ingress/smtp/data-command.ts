import type { ClientIdentity, Envelope } from '../../core/envelope.ts'
import { asError } from '../../core/errors.ts'
import { limits as core } from '../../core/limits.ts'
import type { IntakeWriter } from './intake.ts'
import { protocolKeyword } from './mail-transaction.ts'
import { MessageGuard } from './message-guard.ts'
import { MessageTransfer, type TransferOutcome } from './message-transfer.ts'
import { isHeloName } from './path-grammar.ts'
import { replies, replyForError } from './smtp-reply.ts'
import type { SmtpSession } from './smtp-session.ts'

/** Takes a message: begins it in the intake, answers 354, and lets a transfer have what follows. Answers once. */
export function receiveMessage(session: SmtpSession, done: () => void): void {
  const { intake, options, log } = session.context
  const envelope = envelopeOf(session)
  session.receiving = true
  intake.begin(envelope).then(
    (writer) => {
      if (session.closed || session.parser === null) {
        writer.abort().catch((thrown: unknown) => {
          log.error({ session: session.id, problem: asError(thrown).message }, 'abandoned message not forgotten')
        })
      } else startTransfer(session, envelope, writer)
      done()
    },
    (thrown: unknown) => {
      session.receiving = false
      log.warn(
        { session: session.id, listener: options.name, problem: asError(thrown).message },
        'message refused: it could not be begun',
      )
      session.refuseData(replyForError(thrown))
      done()
    },
  )
}

function startTransfer(session: SmtpSession, envelope: Envelope, writer: IntakeWriter): void {
  const { limits, options, trace } = session.context
  const transfer = new MessageTransfer({
    guard: new MessageGuard({
      limits: { ...limits, traceHeadersMax: core.smtpTraceHeadersMax },
      lineEndings: options.lineEndings,
      trace,
    }),
    writer,
    limits,
    onOutcome: (outcome) => finishMessage(session, envelope, outcome),
  })
  session.transfer = transfer
  session.parser?.startMessage(transfer)
  session.reply(replies.startData)
}

function finishMessage(session: SmtpSession, envelope: Envelope, outcome: TransferOutcome): void {
  const { metrics, options, log } = session.context
  const { reply, size, error } = outcome
  const accepted = reply.code < 400
  const details = {
    session: session.id,
    listener: options.name,
    client: session.remoteAddress,
    sender: envelope.sender,
    recipients: envelope.recipients.length,
    code: reply.code,
    reply: reply.text,
  }
  if (accepted) {
    metrics.messageAccepted(options.name, size)
    log.info({ ...details, size }, 'message accepted')
  } else {
    metrics.messageRefused(options.name, reply.code)
    if (error === null) log.info(details, 'message refused')
    else log.error({ ...details, problem: error.message }, 'message refused')
  }
  session.endMessage(reply, accepted)
  if (outcome.close) session.close()
}

function envelopeOf(session: SmtpSession): Envelope {
  const { mail } = session
  if (mail === null) throw new Error('DATA without a transaction')
  return mail.envelope(clientOf(session, mail.parameters.smtpUtf8), session.context.now())
}

function clientOf(session: SmtpSession, smtpUtf8: boolean): ClientIdentity {
  const { options, limits } = session.context
  const announced = session._xClient.get('HELO')
  const helo = typeof announced === 'string' ? announced : session.hostNameAppearsAs
  const user: unknown = session.session.user
  const authenticated = typeof user === 'string' && user !== '' ? user : null
  const tls = session.tlsDetails
  return {
    address: session.remoteAddress,
    ...(helo && isHeloName(helo, limits.heloMaxBytes) ? { helo } : {}),
    listener: options.name,
    ...(tls === null ? {} : { tls }),
    ...(authenticated === null ? {} : { authenticated }),
    protocol: protocolKeyword({
      esmtp: session.openingCommand === 'EHLO',
      tls: session.secure,
      authenticated: authenticated !== null,
      smtpUtf8,
    }),
  }
}
