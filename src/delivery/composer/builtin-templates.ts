/**
 * The texts that come with the gateway. A file of the same name in the operator's folder replaces one of them. `.inside`
 * is the variant for reviewers and managers; the plain one is what senders and anybody outside get, so it never says
 * what was found.
 */
export const BUILTIN_TEMPLATES: Readonly<Record<string, string>> = {
  passed: `Subject: Your message {{reference}} was sent and noted

Your message of {{received}} to

{{recipients}}

was sent. Our rules for handling information ask us to tell you that it
was noted. You need not do anything.

Questions: {{contact}}
Please quote {{reference}}.
`,
  'passed.inside': `Subject: Noted: message {{reference}} from {{sender}} was sent

The message {{reference}}, {{size}} bytes, sent by {{sender}} on {{received}} to

{{recipients}}

was sent. What was noted:

{{reasons}}

Look closer: sluice quarantine show {{reference}}
`,
  encrypted: `Subject: Your message {{reference}} was sent encrypted

Your message of {{received}} to

{{recipients}}

holds information that may leave us only encrypted, so it was encrypted
on its way. The recipients open it with their own key. You need not do
anything.

Questions: {{contact}}
Please quote {{reference}}.
`,
  'encrypted.inside': `Subject: Encrypted: message {{reference}} from {{sender}}

The message {{reference}}, {{size}} bytes, sent by {{sender}} on {{received}} to

{{recipients}}

was encrypted on its way. Why:

{{reasons}}
`,
  held: `Subject: Your message {{reference}} waits for review

Your message of {{received}} to

{{recipients}}

was not sent yet. It may hold information that our rules protect, and a
person will look at it. You will hear from us, or the recipients will
get the message; please do not send it again in the meantime.

If you did not mean to send that information, or if it is urgent, tell
us: {{contact}}
Please quote {{reference}}.
`,
  'held.inside': `Subject: To review: message {{reference}} from {{sender}}

The message {{reference}}, {{size}} bytes, sent by {{sender}} on {{received}} to

{{recipients}}

is held. Why:

{{reasons}}

Look at it: sluice quarantine show {{reference}}
Send it on: sluice quarantine release {{reference}} --reason WHY
Refuse it:  sluice quarantine reject {{reference}} --reason WHY
`,
  blocked: `Subject: Your message {{reference}} was not sent

Your message of {{received}} to

{{recipients}}

was not sent: it holds information that may not be sent to these
recipients. Nobody outside has received it.

What you can do: take out what the recipients should not have, or use
the way that is meant for such information, and send it again. If you
think that this is a mistake, ask us: {{contact}}
Please quote {{reference}}.
`,
  'blocked.inside': `Subject: Blocked: message {{reference}} from {{sender}}

The message {{reference}}, {{size}} bytes, sent by {{sender}} on {{received}} to

{{recipients}}

was blocked. Why:

{{reasons}}
`,
  released: `Subject: Your message {{reference}} was released

Your message of {{received}} to

{{recipients}}

was reviewed and is on its way.

Questions: {{contact}}
Please quote {{reference}}.
`,
  rejected: `Subject: Your message {{reference}} will not be sent

Your message of {{received}} to

{{recipients}}

was reviewed and will not be sent.

Questions: {{contact}}
Please quote {{reference}}.
`,
  'reviewer-held': `Subject: Not inspected and held: message {{reference}} from {{sender}}

The message {{reference}}, {{size}} bytes, sent by {{sender}} on {{received}} to

{{recipients}}

could not be inspected to the end and is held until somebody decides.

{{reasons}}

Look at it: sluice quarantine show {{reference}}
Send it on: sluice quarantine release {{reference}} --reason WHY
Refuse it:  sluice quarantine reject {{reference}} --reason WHY
`,
  'dsn-failed': `Subject: Undelivered: your message {{reference}}

Your message of {{received}} could not be delivered to:

{{details}}

It will not be tried again. The lines above say what the other side
answered: check the address, or ask {{contact}}
and quote {{reference}}.
`,
  'dsn-delayed': `Subject: Delayed: your message {{reference}}

Your message of {{received}} could not be delivered yet to:

{{details}}

It will be tried again until {{until}}.
You need not do anything, and please do not send it again.
`,
  'dsn-delivered': `Subject: Delivered: your message {{reference}}

Your message of {{received}} was delivered to:

{{details}}
`,
  'dsn-relayed': `Subject: Relayed: your message {{reference}}

Your message of {{received}} was handed on to a mail system that does not
confirm deliveries. You may hear nothing more about:

{{details}}
`,
  'dsn-blocked': `Subject: Not sent: your message {{reference}}

Your message of {{received}} was not sent to:

{{recipients}}

It holds information that may not be sent to these recipients. Nobody
outside has received it.

What you can do: take out what the recipients should not have, or use
the way that is meant for such information, and send it again. If you
think that this is a mistake, ask us: {{contact}}
Please quote {{reference}}.
`,
}
