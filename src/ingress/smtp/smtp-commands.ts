import { receiveMessage } from './data-command.ts'
import { parseMailParameters, parseRcptParameters } from './mail-parameters.ts'
import { MailTransaction } from './mail-transaction.ts'
import { isHeloName, type ParsedPath, type PathProblem, parsePath } from './path-grammar.ts'
import { replies, type SmtpReply } from './smtp-reply.ts'
import type { SmtpSession } from './smtp-session.ts'

/**
 * The verbs, one entry each. A handler answers exactly once (or closes) and then calls `done`. What is not in the table
 * does not exist, so smtp-server's joke commands can't be reached.
 */
export interface Command {
  /** Brings no mail on; a client may send only so many of them in a row. */
  readonly junk: boolean
  run(session: SmtpSession, line: string, done: () => void): void
}

const answering = (junk: boolean, answer: (session: SmtpSession, line: string) => SmtpReply): Command => ({
  junk,
  run(session, line, done) {
    session.reply(answer(session, line))
    done()
  },
})

const upstream = (
  run: (session: SmtpSession, line: string) => SmtpReply | null,
  name: 'XCLIENT' | 'XFORWARD' | 'STARTTLS' | 'AUTH',
): Command => ({
  junk: false,
  run(session, line, done) {
    const refusal = run(session, line)
    if (refusal === null) {
      session[`handler_${name}`](Buffer.from(line), done)
      return
    }
    session.reply(refusal)
    done()
  },
})

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['HELO', { junk: true, run: hello }],
  ['EHLO', { junk: true, run: hello }],
  ['MAIL', { junk: false, run: mail }],
  ['RCPT', { junk: false, run: rcpt }],
  ['DATA', { junk: false, run: data }],
  ['RSET', answering(true, reset)],
  ['NOOP', answering(true, () => replies.ok)],
  ['HELP', answering(true, () => replies.help)],
  ['VRFY', answering(true, (_, line) => (/^VRFY +\S/i.test(line) ? replies.cannotVerify : replies.vrfySyntax))],
  ['EXPN', answering(true, () => replies.notOffered)],
  ['QUIT', { junk: false, run: quit }],
  ['STARTTLS', upstream(startTlsRefusal, 'STARTTLS')],
  ['AUTH', upstream(authRefusal, 'AUTH')],
  ['XCLIENT', upstream(proxyRefusal, 'XCLIENT')],
  ['XFORWARD', upstream(proxyRefusal, 'XFORWARD')],
])

/** A browser that was made to talk to us. */
export const httpVerbs: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'CONNECT', 'PATCH'])

function hello(session: SmtpSession, line: string, done: () => void): void {
  const { options, limits } = session.context
  const [verb = '', name = '', ...more] = line.trim().split(/ +/)
  if (more.length > 0 || !isHeloName(name, limits.heloMaxBytes)) {
    session.reply(replies.heloSyntax)
    done()
    return
  }
  session.mail = null
  session.hostNameAppearsAs = name
  session.openingCommand = verb.toUpperCase()
  const lines = session.openingCommand === 'EHLO' ? [options.hostname, ...features(session)] : [options.hostname]
  session.send(250, lines, false)
  done()
}

/** RFC 2920, 1870, 6152, 6531, 2034, 3461, 3207, 4954; XCLIENT and XFORWARD only to those who may use them. */
function features(session: SmtpSession): string[] {
  const { options, limits, authenticate } = session.context
  const list = [
    'PIPELINING',
    `SIZE ${limits.messageSizeMaxBytes}`,
    '8BITMIME',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    'DSN',
  ]
  if (options.tls === 'starttls' && !session.secure) list.push('STARTTLS')
  if (options.kind === 'submission' && session.secure && authenticate !== null && !session.session.user)
    list.push('AUTH PLAIN LOGIN')
  if (session._proxyCommandAllowed('XCLIENT')) list.push('XCLIENT NAME ADDR PORT PROTO HELO LOGIN')
  if (session._proxyCommandAllowed('XFORWARD')) list.push('XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE')
  return list
}

function quit(session: SmtpSession, _line: string, done: () => void): void {
  session.reply(replies.bye)
  session.close()
  done()
}

function reset(session: SmtpSession): SmtpReply {
  session.mail = null
  return replies.ok
}

/** Null when this session may begin a mail. */
function mailRefusal(session: SmtpSession): SmtpReply | null {
  const { options, clients } = session.context
  if (!session.hostNameAppearsAs) return replies.heloFirst
  if (options.tls === 'starttls' && !session.secure && (options.requireTls || options.kind === 'submission'))
    return replies.tlsFirst
  const open = options.kind === 'submission' && clients.empty
  if (!open && !clients.has(session.accessAddress)) return replies.noAccess
  return options.kind === 'submission' && !session.session.user ? replies.authFirst : null
}

function mail(session: SmtpSession, line: string, done: () => void): void {
  const refusal = beginMail(session, line)
  if (refusal === null) session.reply(replies.senderOk)
  else session.refuseMail(refusal)
  done()
}

function beginMail(session: SmtpSession, line: string): SmtpReply | null {
  const { limits, options } = session.context
  const refusal = mailRefusal(session)
  if (refusal !== null) return refusal
  if (session.mail !== null) return replies.nestedMail
  const argument = /^MAIL FROM: *(.*)$/i.exec(line)?.[1]
  if (argument === undefined) return replies.mailSyntax
  const path = parsePath(argument, { smtpUtf8: true, allowEmpty: true, allowPostmaster: false })
  if (!path.ok) return pathReply(path, replies.senderInvalid)
  const parsed = parseMailParameters(path.rest, {
    sizeMaxBytes: limits.messageSizeMaxBytes,
    auth: options.kind === 'submission',
  })
  if (!parsed.ok) return parsed.reply
  if (!parsed.value.smtpUtf8 && /[^\x20-\x7e]/.test(path.address)) return replies.needsSmtpUtf8
  const unavailable = session.intakeRefusal()
  if (unavailable !== null) return unavailable
  session.mail = new MailTransaction(path.address, parsed.value)
  return null
}

function rcpt(session: SmtpSession, line: string, done: () => void): void {
  const refusal = addRecipient(session, line)
  if (refusal === null) session.reply(replies.recipientOk)
  else session.refuseMail(refusal)
  done()
}

function addRecipient(session: SmtpSession, line: string): SmtpReply | null {
  if (session.mail === null) return mailRefusal(session) ?? replies.mailFirst
  const argument = /^RCPT TO: *(.*)$/i.exec(line)?.[1]
  if (argument === undefined) return replies.rcptSyntax
  const { smtpUtf8 } = session.mail.parameters
  const path = parsePath(argument, { smtpUtf8, allowEmpty: false, allowPostmaster: true })
  if (!path.ok) return pathReply(path, replies.recipientInvalid)
  const parsed = parseRcptParameters(path.rest, { smtpUtf8 })
  if (!parsed.ok) return parsed.reply
  const added = session.mail.addRecipient(path.address, parsed.value, session.context.limits.recipientsMax)
  return added ? null : replies.tooManyRecipients
}

function pathReply(path: Extract<ParsedPath, { ok: false }>, invalid: SmtpReply): SmtpReply {
  const byProblem: Readonly<Record<PathProblem, SmtpReply>> = {
    syntax: invalid,
    'too-long': replies.addressTooLong,
    'source-route': replies.sourceRoute,
    'needs-smtputf8': replies.needsSmtpUtf8,
    'bad-idn': replies.domainNotIdna,
  }
  return byProblem[path.problem]
}

function data(session: SmtpSession, line: string, done: () => void): void {
  const refusal = dataRefusal(session, line)
  if (refusal === null) {
    receiveMessage(session, done)
    return
  }
  session.refuseData(refusal)
  done()
}

function dataRefusal(session: SmtpSession, line: string): SmtpReply | null {
  if (line.trim().length > 4) return replies.noArguments
  if (session.mail === null) return mailRefusal(session) ?? replies.mailFirst
  if (session.mail.recipientCount === 0) return replies.rcptFirst
  return session.intakeRefusal()
}

function startTlsRefusal(session: SmtpSession, line: string): SmtpReply | null {
  if (session.context.options.tls !== 'starttls') return session.secure ? replies.tlsActive : replies.notOffered
  if (session.secure) return replies.tlsActive
  return line.trim().length > 8 ? replies.noArguments : null
}

function authRefusal(session: SmtpSession): SmtpReply | null {
  const { options, authenticate } = session.context
  if (options.kind !== 'submission' || authenticate === null) return replies.notOffered
  if (!session.hostNameAppearsAs) return replies.heloFirst
  if (!session.secure) return replies.authNeedsTls
  return session.session.user || session.mail !== null ? replies.noIdentityChange : null
}

function proxyRefusal(session: SmtpSession, line: string): SmtpReply | null {
  const name = /^XCLIENT/i.test(line) ? 'XCLIENT' : 'XFORWARD'
  if (!session._proxyCommandAllowed(name)) return replies.noXclient
  return session.mail === null ? null : replies.noIdentityChange
}
