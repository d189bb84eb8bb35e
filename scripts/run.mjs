// One way in for `npm start`, `npm run demo`, `npm test` and the rest: brings the runtime, the locked dependencies and
// the build up to date, each only when it isn't, then runs the task.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureRuntime, root } from './runtime.mjs'

const { node, env } = ensureRuntime()

const tasks = {
  start: ['dist/cli/main.js', 'serve'],
  demo: ['dist/cli/main.js', 'demo'],
  build: null,
  test: ['scripts/test.mjs'],
  lint: ['node_modules/@biomejs/biome/bin/biome', 'check', '.'],
  bench: ['test/bench/main.ts'],
  quality: ['test/quality/main.ts'],
}

const [task, ...args] = process.argv.slice(2)
if (!Object.hasOwn(tasks, task ?? '')) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(tasks).join('|')} [arguments]`)
  process.exit(2)
}
ensureDependencies()
ensureBuild()
ensurePrepared()
const command = tasks[task]
if (command) hand(command)

/** `npm ci` when the lockfile or the runtime's ABI changed since the last complete installation. */
function ensureDependencies() {
  const marker = join(root, 'node_modules', '.sluice-installed')
  const abi = spawnSync(node, ['-p', 'process.versions.modules'], { encoding: 'utf8' }).stdout.trim()
  const wanted = `${digest(readFileSync(join(root, 'package-lock.json')))} ${abi}`
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return
  console.error('Installing the locked dependencies (once; re2 may be compiled, which takes a minute or two) …')
  const done = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  })
  if (done.status !== 0) {
    console.error('npm ci failed; see above. Nothing was started.')
    process.exit(3)
  }
  writeFileSync(marker, wanted)
}

/** Compiles src/ to dist/ when any source differs from what dist/ was built of; the old build stays until the new one is whole. */
function ensureBuild() {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((f) => /\.(ts|json)$/.test(f))
    .sort()
  const hash = createHash('sha256')
  for (const file of ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
    hash.update(readFileSync(join(root, file)))
  for (const file of sources) hash.update(file).update(readFileSync(join(root, 'src', file)))
  const wanted = hash.digest('hex')
  const marker = join(root, 'dist', '.built')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return
  console.error('Building …')
  const fresh = join(root, `dist.${process.pid}`)
  const done = spawnSync(node, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', fresh], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  })
  if (done.status !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    console.error('The build failed; see above.')
    process.exit(3)
  }
  mkdirSync(fresh, { recursive: true })
  writeFileSync(join(fresh, '.built'), wanted)
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  renameSync(fresh, join(root, 'dist'))
}

/** Writes down what the rules say, so that starting need not parse them, when any differs from what was written down. */
function ensurePrepared() {
  const hash = createHash('sha256')
  const rules = readdirSync(join(root, 'rules'), { recursive: true, encoding: 'utf8' })
  for (const file of rules.filter((f) => /\.ya?ml$/.test(f)).sort())
    hash.update(file).update(readFileSync(join(root, 'rules', file)))
  const wanted = hash.digest('hex')
  const marker = join(root, 'dist', '.prepared')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return
  const done = spawnSync(node, [join(root, 'dist/app/build-prepared-rules.js')], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  })
  // Rules with mistakes are told of by what reads them; starting takes longer until then, and that is all.
  if (done.status === 0) writeFileSync(marker, wanted)
}

/** Runs the task in the foreground; signals reach it, and its exit code is ours. */
function hand([script, ...head]) {
  const child = spawn(node, [join(root, script), ...head, ...args], {
    cwd: script.startsWith('dist') ? (process.env.INIT_CWD ?? process.cwd()) : root,
    env,
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 128 : (code ?? 3)))
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
