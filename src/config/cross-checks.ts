/** Mistakes in `sluice.yaml` that no key shows alone: names and ports used twice, settings that contradict each other. */
import type { Diagnostic } from '../core/diagnostic.ts'
import type { Path, YamlSource } from '../yaml/parse-yaml.ts'
import type { Config, DestinationConfig } from './schema.ts'
import { formatDuration } from './units.ts'

type Complain = (path: Path, code: string, message: string) => void

export function crossChecks(source: YamlSource, config: Config): Diagnostic[] {
  const found: Diagnostic[] = []
  const complain: Complain = (path, code, message) => found.push(source.diagnostic(path, code, message))
  checkListeners(config, complain)
  checkPorts(config, complain)
  checkDelivery(config, complain)
  const { records, audit } = config.retention
  if (audit !== null && audit < records)
    complain(
      ['retention', 'audit'],
      'contradiction',
      `audit entries are kept as long as records at least (\`records\`, ${formatDuration(records)}); write that or more`,
    )
  if (config.dispatch.kind === 'bullmq' && !config.dispatch.redis === !config.dispatch.redis_file)
    complain(['dispatch'], 'missing-key', '`dispatch.kind: bullmq` needs `redis` or `redis_file`, one of them')
  return found
}

function checkListeners({ listeners }: Config, complain: Complain): void {
  const names = new Set<string>()
  for (const [i, listener] of listeners.entries()) {
    const at = (key: string, code: string, message: string) => complain(['listeners', i, key], code, message)
    if (names.has(listener.name))
      at('name', 'duplicate-name', `listener \`${listener.name}\` stands here twice; give each its own name`)
    names.add(listener.name)
    const { mode, certificate, key, required } = listener.tls
    if (mode !== 'none' && !(certificate && key))
      at('tls', 'missing-certificate', `\`tls.mode: ${mode}\` needs \`certificate\` and \`key\``)
    if (mode === 'none' && required)
      at('tls', 'contradiction', '`tls.required` needs `tls.mode: starttls` or `implicit`')
    if (mode === 'none' && (certificate || key))
      at('tls', 'contradiction', 'a certificate is of no use with `tls.mode: none`; write `starttls` or `implicit`')
    if (listener.kind === 'submission') {
      if (mode === 'none')
        at('tls', 'clear-text-auth', 'a submission listener takes passwords over TLS only: set `tls.mode`')
      if (!listener.users_file)
        at('users_file', 'missing-key', 'a submission listener needs `users_file`; make one with `sluice users add`')
    } else {
      if (listener.users_file)
        at(
          'users_file',
          'contradiction',
          'nobody signs in at a relay: remove `users_file`, or write `kind: submission`',
        )
      if (listener.clients.length === 0)
        at('clients', 'contradiction', 'a relay without clients refuses everybody; list the networks that may send')
    }
  }
}

/** Two on one address and port can't both start. Ports of 0 are different ones. */
function checkPorts({ listeners, admin }: Config, complain: Complain): void {
  const places: { path: Path; host: string; port: number }[] = [
    ...listeners.map(({ host, port }, i) => ({ path: ['listeners', i, 'port'], host, port })),
    { path: ['admin', 'port'], ...admin },
  ]
  for (const [i, { path, host, port }] of places.entries()) {
    const twin = places.slice(0, i).find((other) => port !== 0 && other.port === port && other.host === host)
    if (twin)
      complain(path, 'duplicate-port', `port ${port} on ${host} is \`${twin.path.join('.')}\` already; choose another`)
  }
}

function checkDelivery({ delivery }: Config, complain: Complain): void {
  if (delivery.retry_first > delivery.retry_max) {
    const [first, max] = [formatDuration(delivery.retry_first), formatDuration(delivery.retry_max)]
    const message = `the first pause (${first}) is longer than the longest (\`retry_max\`, ${max}); swap them`
    complain(['delivery', 'retry_first'], 'contradiction', message)
  }
  if (delivery.default) checkDestination(delivery.default, ['delivery', 'default'], complain)
  const domains = new Set<string>()
  for (const [i, route] of delivery.routes.entries()) {
    checkDestination(route.to, ['delivery', 'routes', i, 'to'], complain)
    for (const [j, domain] of route.domains.entries()) {
      const place = ['delivery', 'routes', i, 'domains', j]
      if (domains.has(domain.toLowerCase()))
        complain(place, 'duplicate-name', `\`${domain}\` has a route already; only one can be taken`)
      domains.add(domain.toLowerCase())
    }
  }
}

function checkDestination(destination: DestinationConfig, path: Path, complain: Complain): void {
  if ('maildir' in destination) return
  for (const [i, hop] of destination.hosts.entries()) {
    if (hop.tls !== 'none') continue
    const place = [...path, 'hosts', i, 'tls']
    if (hop.implicit_tls)
      complain(place, 'contradiction', '`implicit_tls` is TLS, `tls: none` is not; write `required` or `verified`')
    else if (hop.auth)
      complain(place, 'contradiction', '`auth` is sent over TLS only; write `tls: required` or `verified`')
  }
}
