/**
 * `npm run bench [-- NAME… [arguments]]`: runs the benchmarks beside this file, each in a process of its own, one after
 * the other. Each prints medians and ratios against a named baseline of the same run.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
const [first, ...rest] = process.argv.slice(2)
if (first !== undefined && !names.includes(first)) {
  console.error(`usage: npm run bench [-- NAME [arguments]]; NAME is one of ${names.join(', ')}`)
  process.exit(2)
}
let status = 0
for (const name of first === undefined ? names : [first]) {
  console.log(`\n# ${name}`)
  const run = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.bench.ts`), ...rest], {
    stdio: 'inherit',
  })
  status ||= run.status ?? 3
}
process.exit(status)
