/**
 * What the first start leaves behind: a commented `sluice.yaml` that says what can be changed, and the key files. Never
 * touches a file that is there.
 */
import { access } from 'node:fs/promises'
import { hostname } from 'node:os'
import { writeFileAtomic } from '../platform/safe-files.ts'

const CONFIG_MODE = 0o640

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}

/** Writes the commented default configuration; false when the file is there already. */
export async function writeDefaultConfig(
  path: string,
  packaged: { readonly rules: string; readonly policies: string },
): Promise<boolean> {
  if (await exists(path)) return false
  const text = defaultConfigText({ ...packaged, hostname: hostname() })
  await writeFileAtomic(path, Buffer.from(text), { mode: CONFIG_MODE, exclusive: true })
  return true
}

/** The commented file, also used by the documentation. */
export function defaultConfigText(names: {
  readonly rules: string
  readonly policies: string
  readonly hostname: string
}): string {
  return `# Configuration of Sluice. Every key is optional but \`listeners\`; docs/configuration.md lists them all.
# \`sluice doctor\` checks this file and says how to mend what it finds. Paths are relative to this file.

# Name in greetings, Received headers and bounces.
hostname: ${JSON.stringify(names.hostname)}

# Spool, state, quarantine and keys. Back up the keys folder in it: without it nothing stored can be read.
data_dir: ./data

# Where mail comes in. \`clients\` are the networks that may relay; everyone else gets 554 5.7.1.
listeners:
  - name: relay
    kind: relay
    host: 127.0.0.1
    port: 2525
    clients: [127.0.0.0/8, '::1/128']
    # after-spool: 250 as soon as the message is safe on disk (for content_filter in Postfix, or as a smart host).
    # after-decision: 250 or 550 once it is decided (for smtpd_proxy_filter in Postfix).
    reply: after-spool
    # tls: { mode: starttls, certificate: ./tls/cert.pem, key: ./tls/key.pem }

# /healthz, /readyz and /metrics, for inside only.
admin: { host: 127.0.0.1, port: 9925 }

# Who you are. Recipients outside these domains are external; policies speak of them, of partners and of groups.
organisation:
  domains: []          # [example.com, '*.example.com']
  # partners: { acquirers: [bank.example], law-firm: [counsel.example] }
  # groups: { finance: [cfo@example.com] }
  # reviewers: [security@example.com]
  # contact: the security team, security@example.com

# Where passed mail goes. Without \`default\` it is written into a local Maildir and never leaves this machine.
delivery: {}
#  default: { hosts: [{ host: smtp.example.com, port: 25, tls: opportunistic }] }
#  routes:
#    - domains: ['*.partner.example']
#      to: { hosts: [{ host: mx.partner.example, tls: { verified: {} } }] }

# Folders of detection rules and policies. They are read again when they change; a broken file keeps the old ones.
rules: [${JSON.stringify(names.rules)}]
policies: [${JSON.stringify(names.policies)}]

# Certificates (.pem, .crt) and OpenPGP keys (.asc) of recipients, for policies that encrypt.
# encryption: { keys: ./recipient-keys }

# quarantine: { retention: 30d }
# limits: { message_size: 50MB }
# dispatch: { kind: bullmq, redis_file: ./redis-url }
log: { level: info }
`
}
