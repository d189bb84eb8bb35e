/** Configuration of listeners, delivery and limits in the terms of the rooms that carry them out. */
import type { Config, DestinationConfig } from '../config/schema.ts'
import type { RouteOptions, RouteTarget } from '../delivery/routes.ts'
import type { SmtpLimits, SmtpListenerOptions } from '../ingress/smtp/smtp-options.ts'
import { hostnameOf } from './settings.ts'

export function listenerOptions(config: Config): SmtpListenerOptions[] {
  return config.listeners.map((listener, index) => ({
    name: listener.name,
    host: listener.host,
    port: listener.port,
    kind: listener.kind,
    clients: listener.clients,
    tls: listener.tls.mode,
    requireTls: listener.tls.required || listener.kind === 'submission',
    ...(listener.tls.certificate ? { certificateFile: listener.tls.certificate } : {}),
    ...(listener.tls.key ? { keyFile: listener.tls.key } : {}),
    replyMode: listener.reply,
    xclientFrom: listener.xclient_from,
    xforwardFrom: listener.xforward_from,
    hostname: hostnameOf(config),
    banner: 'Sluice',
    lineEndings: listener.line_endings,
    configKey: `listeners.${index}`,
  }))
}

export function smtpLimits({ limits }: Config): Partial<SmtpLimits> {
  return {
    messageSizeMaxBytes: limits.message_size,
    dataLineMaxBytes: limits.line_length,
    headerMaxBytes: limits.header_size,
    recipientsMax: limits.recipients,
    connectionsMax: limits.connections,
    connectionsPerClientMax: limits.connections_per_client,
    commandErrorsMax: limits.command_errors,
    idleTimeoutMs: limits.idle_timeout,
    sessionMaxMs: limits.session_time,
    dataTimeoutMs: limits.data_time,
    dataRateMinBytesPerSecond: limits.data_rate,
    hopsMax: limits.hops,
  }
}

/** The configured default comes last; without one everything goes into a Maildir in the data folder. */
export function deliveryRoutes(config: Config): { routes: RouteOptions[]; localMaildir: string | null } {
  const max = config.delivery.connections_per_hop
  const routes = config.delivery.routes.flatMap((route) =>
    route.domains.map((match) => ({ match, target: target(route.to, max) })),
  )
  const fallback = config.delivery.default
  const maildir = `${config.data_dir}/maildir`
  return {
    routes: [...routes, { match: '*', target: fallback ? target(fallback, max) : { maildir } }],
    localMaildir: fallback ? null : maildir,
  }
}

function target(destination: DestinationConfig, connectionsMax: number): RouteTarget {
  if ('maildir' in destination) return { maildir: destination.maildir }
  return {
    hosts: destination.hosts.map((host) => ({
      host: host.host,
      port: host.port,
      tls: typeof host.tls === 'string' ? host.tls : { verified: withoutUndefined(host.tls.verified) },
      connectionsMax,
      implicitTls: host.implicit_tls,
      ...(host.auth ? { auth: { user: host.auth.user, passwordFile: host.auth.password_file } } : {}),
    })),
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
