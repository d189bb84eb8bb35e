import { resolve } from 'node:path'
import { GatewayError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { createKeys } from '../../platform/keys.ts'
import { exists, writeDefaultConfig } from '../first-start.ts'
import { startGateway } from '../gateway.ts'
import { loadConfiguration, packagedPolicies, packagedRules } from '../installation.ts'
import { commandName } from './command-name.ts'
import { keysDir } from './keys-command.ts'
import { stopRequest, untilStopped } from './until-stopped.ts'

/** Runs until SIGTERM or Ctrl-C, then drains; a second signal stops at once and loses nothing either. */
export async function runServe(flags: { readonly config?: string }): Promise<number> {
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const file = flags.config ?? 'sluice.yaml'
  if (
    flags.config === undefined &&
    (await writeDefaultConfig(file, { rules: packagedRules, policies: packagedPolicies }))
  ) {
    say(`Wrote ${resolve(file)} with the defaults, commented. Change it and start again.`)
  }
  const { config } = await loadConfiguration({ config: file })
  const keys = keysDir(config.keys_dir)
  if (!(await exists(keys))) {
    if (await exists(`${config.data_dir}/state`)) throw keysLost(keys)
    await createKeys(keys)
    say(`Created key files in ${keys} (mode 0600). Back them up: without them nothing stored can be read.`)
  }
  const stop = stopRequest()
  const gateway = await startGateway(config)
  for (const { listener, host, port } of gateway.smtp) say(`SMTP  ${host}:${port}  (${listener})`)
  say(`Admin http://${config.admin.host}:${gateway.adminPort}/readyz, /healthz, /metrics`)
  if (gateway.localMaildir === null) say('Mail  goes to the next hops under `delivery` in the configuration.')
  else {
    say('')
    say('  !! No next hop is configured: passed mail is NOT SENT ANYWHERE. It is written into the local Maildir')
    say(`  !! ${gateway.localMaildir}`)
    say('  !! Set `delivery.default` in the configuration to send it on.')
    say('')
  }
  const first = gateway.smtp[0]
  if (first)
    say(
      `Try   swaks --server ${first.host}:${first.port} --from you@example.com --to partner@example.net --body 'Card 4111 1111 1111 1111'`,
    )
  say(`then  ${commandName(process.env)} quarantine list      (docs/administrator.md reads on)`)
  await untilStopped(stop, async () => {
    say('Stopping: no new mail is taken, what is in hand is finished. Once more stops at once.')
    await gateway.close(limits.drainTimeoutMs)
  })
  return 0
}

/** New keys beside old state would make everything stored unreadable, quietly. */
function keysLost(dir: string): GatewayError {
  const message = `the key folder ${dir} is missing, but there is stored state: put the keys back from the backup (or move the data folder away to begin anew)`
  return new GatewayError('keys-missing', { temporary: false, publicMessage: message, message })
}
