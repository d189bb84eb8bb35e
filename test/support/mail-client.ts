import nodemailer, { type SendMailOptions } from 'nodemailer'
import type SMTPTransport from 'nodemailer/lib/smtp-transport/index.js'

export interface Mail extends SendMailOptions {
  /** Options of the connection, such as `auth`. */
  readonly smtp?: SMTPTransport.Options
}

export interface MailReply {
  readonly code: number
  readonly text: string
  /** The submission id that the reply names; empty when there is none. */
  readonly id: string
}

/** Sends with nodemailer, from a@example.com to b@partner.example unless told otherwise. Never throws for a refusal. */
export async function sendMail(port: number, { smtp, ...mail }: Mail): Promise<MailReply> {
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port, ignoreTLS: true, ...smtp })
  try {
    const { response } = await transport.sendMail({ from: 'a@example.com', to: 'b@partner.example', ...mail })
    return reply(response)
  } catch (thrown) {
    const { response, responseCode } = thrown as { response?: string; responseCode?: number }
    if (responseCode === undefined) throw thrown
    return reply(response ?? '')
  } finally {
    transport.close()
  }
}

function reply(text: string): MailReply {
  return { code: Number(text.slice(0, 3)), text, id: /[0-9A-Z]{26}/.exec(text)?.[0] ?? '' }
}
