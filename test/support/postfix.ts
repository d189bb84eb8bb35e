import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './redis.ts'

const run = promisify(execFile)
const PATH = `${process.env.PATH}:/usr/sbin:/usr/bin:/sbin:/bin`

export interface PostfixPorts {
  /** Takes mail as users submit it. */
  readonly submit: number
  /** Where Sluice hands mail back. */
  readonly reinject: number
}

/** A real Postfix of its own: `submit` filters as asked, `reinject` sends everything to `nextHop`. Needs root. */
export class TestPostfix {
  readonly ports: PostfixPorts
  /** Every other process of it is a child of this one. */
  readonly masterPid: number
  readonly #dir: string

  private constructor(dir: string, ports: PostfixPorts, masterPid: number) {
    this.#dir = dir
    this.ports = ports
    this.masterPid = masterPid
  }

  static async start(options: {
    /** `plain` relays without a filter. */
    readonly mode: 'content_filter' | 'smtpd_proxy_filter' | 'plain'
    /** Where Sluice listens; asked for once the ports of Postfix are known. */
    readonly filterPort: (ports: PostfixPorts) => Promise<number>
    readonly nextHop: number
  }): Promise<TestPostfix> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-postfix-'))
    const ports = { submit: await freePort(), reinject: await freePort() }
    const filter = await options.filterPort(ports)
    const etc = join(dir, 'etc')
    for (const folder of ['etc', 'queue', 'data']) await mkdir(join(dir, folder))
    await run('chmod', ['755', dir, etc, join(dir, 'queue')])
    await run('chown', ['postfix', join(dir, 'data')], { env: { ...process.env, PATH } })
    await writeFile(join(etc, 'main.cf'), mainCf(dir, options.mode, filter, options.nextHop))
    await writeFile(join(etc, 'master.cf'), masterCf(ports, options.mode, filter))
    await run('postfix', ['-c', etc, 'start'], { env: { ...process.env, PATH } })
    const pid = await readFile(join(dir, 'queue/pid/master.pid'), 'latin1')
    return new TestPostfix(dir, ports, Number(pid))
  }

  async stop(): Promise<void> {
    await run('postfix', ['-c', join(this.#dir, 'etc'), 'stop'], { env: { ...process.env, PATH } }).catch(
      () => undefined,
    )
    await rm(this.#dir, { recursive: true, force: true })
  }

  log(): Promise<string> {
    return readFile(join(this.#dir, 'log'), 'utf8').catch(() => '')
  }
}

function mainCf(dir: string, mode: string, filter: number, nextHop: number): string {
  return `compatibility_level = 3.6
queue_directory = ${dir}/queue
data_directory = ${dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.test.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_dns_support_level = disabled
smtp_host_lookup = native
relayhost = [127.0.0.1]:${nextHop}
maillog_file = ${dir}/log
maillog_file_prefixes = ${dir}
alias_maps =
smtputf8_enable = yes
message_size_limit = 52428800
smtpd_recipient_restrictions = permit_mynetworks, reject
${mode === 'content_filter' ? `content_filter = smtp:[127.0.0.1]:${filter}` : ''}
`
}

function masterCf(ports: PostfixPorts, mode: string, filter: number): string {
  const proxy = mode === 'smtpd_proxy_filter' ? `\n  -o smtpd_proxy_filter=127.0.0.1:${filter}` : ''
  const services = [
    'cleanup',
    'rewrite trivial-rewrite',
    'bounce',
    'defer bounce',
    'trace bounce',
    'verify',
    'smtp',
    'relay smtp',
    'showq',
    'error',
    'retry error',
    'discard',
  ]
  const lines = services.map((service) => {
    const [name, program = name] = service.split(' ')
    return `${name} unix ${name === 'cleanup' ? 'n - n - 0' : '- - n - -'} ${program}`
  })
  return `127.0.0.1:${ports.submit} inet n - n - - smtpd${proxy}
127.0.0.1:${ports.reinject} inet n - n - - smtpd
  -o content_filter=
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_milters
pickup unix n - n 60 1 pickup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
${lines.join('\n')}
`
}
