/**
 * Entry of a process of its own: loads the shipped rules once, with the built code, as a scan thread's process does at its
 * start, and prints processor time as JSON. With `yaml` it takes nothing that the build has prepared.
 */
import { join } from 'node:path'
import { cpuSeconds } from './own-cpu.ts'

const root = join(import.meta.dirname, '../../..')
const began = cpuSeconds()
const { readRuleFiles } = (await import(
  join(root, 'dist/app/rule-files.js')
)) as typeof import('../../../src/app/rule-files.ts')
const { compileRules } = (await import(
  join(root, 'dist/detect/compile-rules.js')
)) as typeof import('../../../src/detect/compile-rules.ts')
const loaded = cpuSeconds()
const files = await readRuleFiles([join(root, 'rules')])
const { rules } = compileRules(
  process.argv[2] === 'yaml' ? files.map(({ value: _, choices: __, sound: ___, ...file }) => file) : files,
)
const compiled = cpuSeconds()
if (!rules) throw new Error('the shipped rules have mistakes')
const prepared = files.filter(({ value }) => value !== undefined).length
const report: ColdLoad = { codeMs: (loaded - began) * 1000, rulesMs: (compiled - loaded) * 1000, prepared }
console.log(JSON.stringify(report))

export interface ColdLoad {
  /** Loading the code. */
  readonly codeMs: number
  /** Reading, checking and compiling the rules. */
  readonly rulesMs: number
  /** Files of which the build has prepared what they say. */
  readonly prepared: number
}
