/** Run as a process of its own by sqlite.test.ts: creates the same submissions as the test does, at the same time. */
import { systemClock } from '../../src/platform/clock.ts'
import { loadKeys } from '../../src/platform/keys.ts'
import { openSqliteState } from '../../src/store/sqlite/open-sqlite-state.ts'
import { creation } from '../contract/sample-submissions.ts'

const [dir = '', keysDir = '', count = '0'] = process.argv.slice(2)
const { store } = await openSqliteState({ dir, keys: await loadKeys(keysDir), clock: systemClock })
process.stdout.write('ready\n')
const outcomes: string[] = []
for (let i = 0; i < Number(count); i += 1) outcomes.push(await store.transition(creation(`m${i}`)))
process.stdout.write(`${JSON.stringify(outcomes)}\n`)
await store.close()
