/** Looks an installation over, from keys to next hops, and says how to mend each finding. Changes nothing. */
import { access, constants, statfs } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Config } from '../config/schema.ts'
import { DiagnosticsError } from '../core/diagnostic.ts'
import { asError, GatewayError, unreachable } from '../core/errors.ts'
import type { RouteTarget } from '../delivery/routes.ts'
import { redisEvictionPolicy } from '../dispatch/bullmq/redis-eviction-policy.ts'
import { systemClock } from '../platform/clock.ts'
import { loadKeys } from '../platform/keys.ts'
import { openKeyDirectory } from '../protect/key-directory.ts'
import { missingSandbox, type SandboxMissing } from '../scan/sandbox-launch.ts'
import { apiTokenFile, tokenProblem } from './api/api-token.ts'
import { loadCatalog } from './catalog-snapshot.ts'
import { keysDir } from './commands/keys-command.ts'
import { redisUrl } from './create-dispatcher.ts'
import { checkCertificates } from './doctor-certificates.ts'
import { exists } from './first-start.ts'
import { loadDefinitions } from './installation.ts'
import { openState } from './open-state.ts'
import { deliveryRoutes } from './smtp-listeners.ts'
import { sandboxOf } from './start-scan-pool.ts'

export interface DoctorFinding {
  readonly check: string
  readonly state: 'ok' | 'note' | 'problem'
  readonly message: string
  /** What to do about it. */
  readonly remedy?: string
}

const CONNECT_TIMEOUT_MS = 5_000

export async function* diagnose(config: Config): AsyncGenerator<DoctorFinding> {
  yield await definitions(config)
  const keys = await keyFiles(config)
  yield keys
  if (config.admin.api && keys.state === 'ok') yield await apiToken(config)
  yield await dataFolder(config)
  yield await sandbox(config)
  if (keys.state === 'ok') yield* state(config)
  yield* checkCertificates(config, systemClock.now())
  yield* listeners(config)
  yield* nextHops(config)
  if (config.dispatch.kind === 'bullmq') yield await redis(config.dispatch)
  if (config.encryption.keys) yield* recipientKeys(config.encryption.keys)
}

async function* recipientKeys(dir: string): AsyncGenerator<DoctorFinding> {
  const check = 'recipients’ keys'
  if (!(await exists(dir))) {
    const message = `the key folder ${dir} does not exist, so nothing can be encrypted`
    yield { check, state: 'problem', message, remedy: `mkdir ${dir}, or correct encryption.keys` }
    return
  }
  const problems = await openKeyDirectory(dir, systemClock).problems()
  for (const { file, problem } of problems) {
    yield {
      check,
      state: 'problem',
      message: `${file}: ${problem}`,
      remedy: 'replace or remove the file; its owner has no key until then',
    }
  }
  if (problems.length === 0) yield { check, state: 'ok', message: `every file in ${dir} can be used` }
}

async function definitions(config: Config): Promise<DoctorFinding> {
  const check = 'rules and policies'
  try {
    const { detectors, policies } = await loadDefinitions(config, (await loadCatalog(config)).known)
    return {
      check,
      state: 'ok',
      message: `${detectors.length} detection rules, ${policies.policies.length} policies, revision ${policies.revision}`,
    }
  } catch (thrown) {
    if (!(thrown instanceof DiagnosticsError)) {
      const remedy = 'correct `rules`, `policies` or `labels` in the configuration'
      return { check, state: 'problem', message: asError(thrown).message, remedy }
    }
    const count = `${thrown.diagnostics.length} mistakes`
    return { check, state: 'problem', message: count, remedy: '`sluice config check` lists them with their places' }
  }
}

async function keyFiles(config: Config): Promise<DoctorFinding> {
  try {
    await loadKeys(keysDir(config.keys_dir))
    return { check: 'keys', state: 'ok', message: `complete, private to this user, in ${config.keys_dir}` }
  } catch (thrown) {
    if (!(await exists(config.data_dir)) && !(await exists(keysDir(config.keys_dir)))) {
      const remedy = '`sluice serve` makes them at its first start, `sluice keys create` at once'
      return { check: 'keys', state: 'note', message: `no keys yet in ${config.keys_dir}`, remedy }
    }
    const [message = '', ...remedy] = asError(thrown).message.split('. ')
    return { check: 'keys', state: 'problem', message, remedy: remedy.join('. ') || `look at ${config.keys_dir}` }
  }
}

async function apiToken(config: Config): Promise<DoctorFinding> {
  const check = 'API token'
  const file = apiTokenFile(keysDir(config.keys_dir))
  const found = await tokenProblem(file)
  if (found === null) return { check, state: 'ok', message: `${file} opens the HTTP API` }
  if (!(await exists(file)))
    return { check, state: 'note', message: `no token yet in ${file}; \`sluice serve\` makes it` }
  return { check, state: 'problem', message: found.problem, remedy: found.remedy }
}

async function dataFolder(config: Config): Promise<DoctorFinding> {
  const check = 'data folder'
  if (!(await exists(config.data_dir))) {
    return { check, state: 'note', message: `${config.data_dir} does not exist yet; \`sluice serve\` makes it` }
  }
  try {
    await access(config.data_dir, constants.W_OK)
  } catch {
    const remedy = `sudo chown -R ${process.getuid?.() ?? 'USER'} ${config.data_dir}`
    return { check, state: 'problem', message: `${config.data_dir} cannot be written`, remedy }
  }
  const { bavail, bsize } = await statfs(config.data_dir)
  const free = bavail * bsize
  if (free < config.limits.spool_free) {
    const message = `${free} bytes are free, intake stops below ${config.limits.spool_free}`
    return {
      check,
      state: 'problem',
      message,
      remedy: `make room (du -xh ${config.data_dir}), or lower limits.spool_free`,
    }
  }
  return { check, state: 'ok', message: `${config.data_dir}, ${Math.round(free / 1024 ** 2)} MB free` }
}

async function sandbox(config: Config): Promise<DoctorFinding> {
  const check = 'sandbox'
  const isDemanded = config.scan.sandbox === 'bubblewrap'
  const { missing } = await sandboxOf(isDemanded ? { ...config, scan: { ...config.scan, sandbox: 'auto' } } : config)
  if (missing === null)
    return { check, state: 'ok', message: 'documents, archives and pictures are read under bubblewrap' }
  const consequence = isDemanded
    ? 'so nothing starts'
    : 'so parsers are held by limits alone, with the files and the network of this user in reach'
  return {
    check,
    state: isDemanded ? 'problem' : 'note',
    message: `${missingSandbox(missing)}, ${consequence}`,
    remedy: sandboxRemedy(missing),
  }
}

function sandboxRemedy(missing: SandboxMissing): string {
  switch (missing.cause) {
    case 'not-installed':
      return 'install the package `bubblewrap`: apt install bubblewrap'
    case 'not-usable':
      return 'let this user make namespaces: user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 or a profile for bwrap (Ubuntu); in a container a seccomp profile that allows it'
    case 'not-wanted':
      return 'set scan.sandbox to auto'
    default:
      return unreachable(missing)
  }
}

async function* state(config: Config): AsyncGenerator<DoctorFinding> {
  if (!(await exists(`${config.data_dir}/state`))) {
    yield { check: 'state', state: 'note', message: 'no state yet' }
    return
  }
  try {
    const open = await openState(config)
    try {
      await open.store.ping()
      const counts = await open.store.counts()
      yield {
        check: 'state',
        state: 'ok',
        message: Object.entries(counts)
          .map(([name, count]) => `${count} ${name}`)
          .join(', '),
      }
      if (counts.held > 0) {
        yield {
          check: 'held',
          state: 'note',
          message: `${counts.held} messages could not be inspected`,
          remedy: '`sluice quarantine list`',
        }
      }
      const verdict = await open.audit.verify()
      yield verdict.ok
        ? { check: 'audit', state: 'ok', message: `the chain of ${verdict.entries} entries is whole` }
        : {
            check: 'audit',
            state: 'problem',
            message: `broken at entry ${verdict.brokenAt}: ${verdict.problem}`,
            remedy:
              'keep the data folder as it is and find out who could write to it; after a restore from backup: sluice audit anchor --reason "…"',
          }
    } finally {
      await open.close()
    }
  } catch (thrown) {
    yield {
      check: 'state',
      state: 'problem',
      message: asError(thrown).message,
      remedy: `if its reason does not pass by itself, restore ${config.data_dir} and ${config.keys_dir} from one backup`,
    }
  }
}

async function* listeners(config: Config): AsyncGenerator<DoctorFinding> {
  for (const listener of config.listeners) {
    const open = listener.clients.some((network) => /\/0$/.test(network))
    if (listener.kind === 'relay' && open) {
      const message = 'its clients are the whole Internet: an open relay'
      yield {
        check: `listener ${listener.name}`,
        state: 'problem',
        message,
        remedy: 'set its clients to the networks of your own mail servers, such as [10.0.0.0/24]',
      }
    }
  }
  if (config.organisation.domains.length === 0) {
    const message = 'organisation.domains is empty, so every recipient is external'
    yield {
      check: 'organisation',
      state: 'note',
      message,
      remedy: "organisation: { domains: [example.com, '*.example.com'] }",
    }
  }
}

async function* nextHops(config: Config): AsyncGenerator<DoctorFinding> {
  const { routes, localMaildir } = deliveryRoutes(config)
  if (localMaildir) {
    const message = `no next hop is configured: passed mail is written to ${localMaildir}`
    yield {
      check: 'delivery',
      state: 'note',
      message,
      remedy: 'delivery: { default: { hosts: [{ host: smtp.example.com, port: 25 }] } }',
    }
  }
  for (const { match, target } of routes) {
    for (const { host, port } of hosts(target)) {
      const problem = await greets(host, port)
      const check = `next hop ${host}:${port} (${match})`
      yield problem === null
        ? { check, state: 'ok', message: 'answers' }
        : {
            check,
            state: 'problem',
            message: problem,
            remedy: 'start it, correct delivery, or open the firewall; mail is kept and tried again',
          }
    }
  }
}

function hosts(target: RouteTarget): readonly { host: string; port: number }[] {
  return 'hosts' in target ? target.hosts : []
}

/** Null when an SMTP server greets with 220. */
function greets(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS })
    const end = (problem: string | null) => {
      socket.destroy()
      resolve(problem)
    }
    socket.on('timeout', () => end('does not answer'))
    socket.on('error', (error: NodeJS.ErrnoException) => end(`cannot be reached (${error.code ?? error.message})`))
    socket.once('data', (chunk: Buffer) => {
      const greeting = chunk.toString('latin1').slice(0, 3)
      end(
        greeting === '220' ? null : `greets with ${/^\d{3}$/.test(greeting) ? greeting : 'something that is not SMTP'}`,
      )
      socket.write('QUIT\r\n')
    })
  })
}

async function redis(dispatch: {
  readonly redis?: string | undefined
  readonly redis_file?: string | undefined
}): Promise<DoctorFinding> {
  const check = 'Redis'
  try {
    const policy = await redisEvictionPolicy(redisUrl(dispatch), CONNECT_TIMEOUT_MS)
    if (policy === null || policy === 'noeviction') return { check, state: 'ok', message: 'answers' }
    const remedy = 'redis-cli config set maxmemory-policy noeviction'
    return { check, state: 'problem', message: `maxmemory-policy is ${policy}, so jobs may vanish`, remedy }
  } catch (thrown) {
    const message = thrown instanceof GatewayError ? thrown.message : 'does not answer'
    const remedy = 'start Redis or correct dispatch.redis; the gateway works on from its own store meanwhile'
    return { check, state: 'problem', message, remedy }
  }
}
