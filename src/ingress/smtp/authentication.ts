import type { SMTPServerAuthentication, SMTPServerAuthenticationResponse } from 'smtp-server'
import { asError } from '../../core/errors.ts'
import { replies, type SmtpReply } from './smtp-reply.ts'
import type { SmtpSession } from './smtp-session.ts'

/**
 * Judges one AUTH (RFC 4954) or the LOGIN of an XCLIENT. Guessing is slowed down per session, cut after a few failures,
 * and counted per client network. Resolves with the answer for smtp-server; never throws, never logs a password.
 */
export async function judgeAuthentication(
  session: SmtpSession,
  auth: SMTPServerAuthentication,
): Promise<SMTPServerAuthenticationResponse> {
  // The peer is on the list of those whose word is taken.
  const name = auth.username ?? ''
  if (auth.method === 'XCLIENT') return { user: name }
  const { authenticate, throttle, limits, metrics, options, log } = session.context
  const { network } = session
  const details = { session: session.id, listener: options.name, network, name }
  if (authenticate === null) return answer(replies.authUnavailable)
  if (!throttle.begin(network)) {
    metrics.authentication(options.name, 'throttled')
    log.warn(details, 'authentication throttled: too many failures from this network')
    return answer(replies.authThrottled)
  }
  // Acting for somebody else (a SASL authorisation identity) is not offered.
  const forOther = Boolean(auth.authzid) && auth.authzid !== name
  try {
    const user = forOther ? null : await authenticate(name, auth.password ?? '', options)
    if (user !== null && user !== '') {
      throttle.forgive(network)
      metrics.authentication(options.name, 'success')
      log.info(details, 'authenticated')
      return { user }
    }
  } catch (thrown) {
    throttle.forgive(network)
    log.error({ ...details, problem: asError(thrown).message }, 'authentication not available')
    return answer(replies.authUnavailable)
  }
  session.authFailures++
  metrics.authentication(options.name, 'failure')
  log.warn({ ...details, failures: session.authFailures }, 'authentication failed')
  await session.context.wait(limits.authDelayMs * session.authFailures)
  return answer(session.authFailures >= limits.authFailuresMax ? replies.authFailedTooOften : replies.authFailed)
}

function answer(r: SmtpReply): SMTPServerAuthenticationResponse {
  return { responseCode: r.code, message: r.text }
}
