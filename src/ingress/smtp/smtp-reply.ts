import { GatewayError } from '../../core/errors.ts'

/**
 * Every reply this side gives of its own accord. Texts are public: they say what is wrong with the command or the
 * message, never what a policy or a check found (RFC 5321 section 4.2, RFC 3463 for the enhanced codes).
 */
export interface SmtpReply {
  readonly code: number
  /** RFC 3463; null where none may stand (greetings, HELO and EHLO, 3xx). */
  readonly enhanced: string | null
  readonly text: string
}

function reply(code: number, enhanced: string | null, text: string): SmtpReply {
  return { code, enhanced, text }
}

export const replies = {
  ok: reply(250, '2.0.0', 'Ok'),
  senderOk: reply(250, '2.1.0', 'Sender ok'),
  recipientOk: reply(250, '2.1.5', 'Recipient ok'),
  startData: reply(354, null, 'End data with <CR><LF>.<CR><LF>'),
  bye: reply(221, '2.0.0', 'Bye'),
  help: reply(214, '2.0.0', 'See RFC 5321'),
  cannotVerify: reply(252, '2.0.0', 'Cannot verify, will take mail and try'),

  tooManyConnections: reply(421, '4.7.0', 'Too many connections, try again later'),
  tooManyFromClient: reply(421, '4.7.0', 'Too many connections from your network, try again later'),
  shuttingDown: reply(421, '4.3.2', 'Service shutting down, try again later'),
  idle: reply(421, '4.4.2', 'Idle for too long, closing connection'),
  sessionTooLong: reply(421, '4.4.2', 'Session lasted too long, open a new connection'),
  dataTooSlow: reply(421, '4.4.2', 'Content arrives too slowly, closing connection'),
  dataTimeout: reply(421, '4.4.2', 'Content took too long, closing connection'),
  tooManyErrors: reply(421, '4.7.0', 'Too many errors, closing connection'),
  tooMuchJunk: reply(421, '4.7.0', 'Too many commands without mail, closing connection'),
  wrongProtocol: reply(421, '4.7.0', 'This is an SMTP service, closing connection'),
  outOfStep: reply(421, '4.5.0', 'Content was sent although DATA was refused, closing connection'),
  noAccess: reply(554, '5.7.1', 'Access denied: your address may not send through this service'),

  unknownCommand: reply(500, '5.5.2', 'Command not recognised'),
  bareLineEnd: reply(500, '5.5.2', 'Command lines must end in CRLF and hold no bare CR, LF or NUL'),
  notUtf8: reply(501, '5.5.4', 'Command is neither ASCII nor UTF-8'),
  lineTooLong: reply(500, '5.5.2', 'Command line too long'),
  notOffered: reply(502, '5.5.1', 'Command not offered here'),
  noArguments: reply(501, '5.5.4', 'This command takes no arguments'),
  heloSyntax: reply(501, '5.5.4', 'Syntax: HELO or EHLO and one host name'),
  vrfySyntax: reply(501, '5.5.4', 'Syntax: VRFY address'),
  mailSyntax: reply(501, '5.5.4', 'Syntax: MAIL FROM:<address> parameters'),
  rcptSyntax: reply(501, '5.5.4', 'Syntax: RCPT TO:<address> parameters'),
  heloFirst: reply(503, '5.5.1', 'Send HELO or EHLO first'),
  nestedMail: reply(503, '5.5.1', 'A sender was already given, send RSET first'),
  mailFirst: reply(503, '5.5.1', 'Send MAIL first'),
  rcptFirst: reply(503, '5.5.1', 'Send RCPT first, no recipient was accepted'),
  noIdentityChange: reply(503, '5.5.1', 'No change of identity during a session or a transaction'),
  noXclient: reply(550, '5.7.0', 'Not allowed'),

  tlsFirst: reply(530, '5.7.0', 'Send STARTTLS first'),
  tlsActive: reply(503, '5.5.1', 'TLS is already active'),
  authFirst: reply(530, '5.7.0', 'Authentication required'),
  authNeedsTls: reply(538, '5.7.11', 'Authentication needs TLS, send STARTTLS first'),
  authUnavailable: reply(454, '4.7.0', 'Authentication is not available at the moment, try again later'),
  authThrottled: reply(454, '4.7.0', 'Too many failed authentications from your network, try again later'),
  authFailed: reply(535, '5.7.8', 'Name or password is wrong'),
  authFailedTooOften: reply(421, '4.7.0', 'Too many failed authentications, closing connection'),

  senderInvalid: reply(501, '5.1.7', 'The sender is no RFC 5321 address'),
  recipientInvalid: reply(501, '5.1.3', 'The recipient is no RFC 5321 address'),
  addressTooLong: reply(501, '5.1.3', 'The address is too long'),
  sourceRoute: reply(501, '5.1.3', 'Source routes are not supported'),
  needsSmtpUtf8: reply(553, '5.6.7', 'An address outside of ASCII needs SMTPUTF8'),
  domainNotIdna: reply(501, '5.1.2', 'The domain is no valid internationalised domain name'),
  tooManyRecipients: reply(452, '4.5.3', 'Too many recipients, send the rest in another transaction'),
  unknownParameter: reply(555, '5.5.4', 'Parameter not recognised'),
  duplicateParameter: reply(501, '5.5.4', 'A parameter may be given only once'),
  badParameter: reply(501, '5.5.4', 'Bad parameter value'),
  sizeExceeded: reply(552, '5.3.4', 'The message is larger than this service accepts'),

  badLineEnds: reply(554, '5.6.0', 'Message refused: it holds a bare CR, a bare LF or a NUL (RFC 5321 section 2.3.8)'),
  dataLineTooLong: reply(554, '5.6.0', 'Message refused: it has a line that is too long'),
  headerTooLarge: reply(552, '5.3.4', 'Message refused: its header is too large'),
  tooManyHops: reply(554, '5.4.6', 'Message refused: too many hops, it is in a mail loop'),
  ownLoop: reply(554, '5.4.6', 'Message refused: it passed here before, it is in a mail loop'),

  spoolFull: reply(452, '4.3.1', 'Not enough storage at the moment, try again later'),
  localProblem: reply(451, '4.3.0', 'Local problem, try again later'),
  notTaken: reply(554, '5.3.0', 'Message not taken'),
} as const satisfies Record<string, SmtpReply>

/** GatewayError codes with a reply of their own; every other temporary one is `451 4.3.0`. */
const replyByErrorCode: Readonly<Record<string, SmtpReply>> = {
  'spool-full': replies.spoolFull,
  'disk-low': replies.spoolFull,
  draining: replies.shuttingDown,
  'shutting-down': replies.shuttingDown,
}

/** What the peer is told about something thrown inside: temporary unless a GatewayError says otherwise. */
export function replyForError(thrown: unknown): SmtpReply {
  if (!(thrown instanceof GatewayError)) return replies.localProblem
  const known = replyByErrorCode[thrown.code]
  const base = known ?? (thrown.temporary ? replies.localProblem : replies.notTaken)
  return { ...base, text: thrown.publicMessage }
}

/** The wire form, for the places where no session exists yet. */
export function replyLine(r: SmtpReply): string {
  return r.enhanced === null ? `${r.code} ${r.text}\r\n` : `${r.code} ${r.enhanced} ${r.text}\r\n`
}
