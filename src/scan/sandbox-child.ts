/** Entry of a sandbox process: knows formats and nothing else; no keys, no rules, no configuration. */
import { serveSandbox } from './sandbox-serve.ts'

await serveSandbox()
process.exit(0)
