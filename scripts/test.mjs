// Runs everything: installs the Debian packages whose programs the tests talk to where it may, then vitest (which runs
// lint, format, types and the import table as tests too), and ends with one line that counts.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from './runtime.mjs'

/** Program -> Debian package. The tests' judges of what we emit, and the services we stand on. */
const peers = {
  'redis-server': 'redis-server',
  postconf: 'postfix',
  swaks: 'swaks',
  openssl: 'openssl',
  gpg: 'gnupg',
  '7z': 'p7zip-full',
  zip: 'zip',
  qpdf: 'qpdf',
  strace: 'strace',
}

const system = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin']
process.env.PATH = [...(process.env.PATH ?? '').split(delimiter), ...system].join(delimiter)
// Commands that tests start speak as they do to a person at a shell, not as under npm.
delete process.env.npm_lifecycle_event
const onPath = (program) => process.env.PATH.split(delimiter).some((dir) => existsSync(join(dir, program)))
const missing = () => [
  ...new Set(
    Object.keys(peers)
      .filter((program) => !onPath(program))
      .map((program) => peers[program]),
  ),
]

install(missing())

const report = mkdtempSync(join(tmpdir(), 'sluice-test-'))
const file = join(report, 'report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = [
  vitest,
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${file}`,
  ...process.argv.slice(2),
]
const run = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: process.env })
const counted = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
rmSync(report, { recursive: true, force: true })
if (!counted) {
  console.log('0 passed, 1 failed')
  process.exit(1)
}
// A file that fails before its first test has no test to count, and must not pass for that.
const dead = counted.testResults.filter(
  (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
).length
const failed = counted.numFailedTests + dead
const skipped = counted.numPendingTests + (counted.numTodoTests ?? 0)
console.log(
  `${counted.numPassedTests} passed, ${failed || (run.status === 0 ? 0 : 1)} failed${skipped ? `, ${skipped} skipped` : ''}`,
)
process.exit(run.status === 0 && failed === 0 ? 0 : 1)

function install(packages) {
  if (packages.length === 0) return
  const apt = onPath('apt-get') && process.getuid?.() === 0
  if (apt) {
    console.error(`Installing what the tests talk to: ${packages.join(' ')}`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const install = () =>
      spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
        stdio: ['ignore', 'ignore', 2],
        env,
      })
    if (install().status !== 0) {
      spawnSync('apt-get', ['update'], { stdio: ['ignore', 'ignore', 2], env })
      install()
    }
  }
  const still = missing()
  if (still.length === 0) return
  console.error(
    `The tests need programs that are not installed here. Install them and try again:\n  sudo apt-get install ${still.join(' ')}`,
  )
  console.log('0 passed, 1 failed')
  process.exit(1)
}
