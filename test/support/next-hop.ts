import { afterEach } from 'vitest'
import { createDeliverer, type DelivererOptions } from '../../src/delivery/create-deliverer.ts'
import type { SmtpHop } from '../../src/delivery/routes.ts'
import type { Deliverer } from '../../src/ports/deliverer.ts'
import { createProtector } from '../../src/protect/protector.ts'
import { type SinkOptions, SmtpSink } from './smtp-sink.ts'

/** Sinks and deliverers for one test file; all are stopped after each test. */
export interface NextHops {
  sink(options?: SinkOptions): Promise<SmtpSink>
  /** Everything goes to `hosts` in order; a number is a port. */
  deliverer(hosts: readonly (SmtpSink | number)[], options?: DelivererOverrides): Deliverer
  /** A port that nobody listens on. */
  deadPort(): Promise<number>
}

export type DelivererOverrides = Partial<DelivererOptions> & { readonly hop?: Partial<SmtpHop> }

export function nextHops(): NextHops {
  const open: { stop(): Promise<void> }[] = []
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.stop()
  })
  const sink = async (options: SinkOptions = {}) => {
    const server = new SmtpSink(options)
    await server.start()
    open.push(server)
    return server
  }
  return {
    sink,
    deliverer(hosts, { hop, ...options } = {}) {
      const hops = hosts.map((host): SmtpHop => {
        const port = typeof host === 'number' ? host : host.port
        return { host: '127.0.0.1', port, tls: 'none', ...hop }
      })
      const made = createDeliverer({
        routes: [{ match: '*', target: { hosts: hops } }],
        protector: createProtector(),
        clock: { now: () => 1_700_000_000_000 },
        hostname: 'gateway.example',
        timeouts: { connectMs: 5_000, commandMs: 5_000, dataMs: 5_000 },
        ...options,
      })
      open.push({ stop: () => made.close() })
      return made
    },
    async deadPort() {
      const server = await sink()
      const { port } = server
      await server.stop()
      return port
    },
  }
}
