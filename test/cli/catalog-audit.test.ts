import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { keysDir } from '../../src/app/commands/keys-command.ts'
import { loadConfiguration } from '../../src/app/installation.ts'
import { openState } from '../../src/app/open-state.ts'
import { createKeys } from '../../src/platform/keys.ts'
import { prose } from '../detect/fingerprint/registered.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Installation, newInstallation } from './catalog-commands.ts'

const POLICY = `policy: plans
name: Plans
rules:
  - { id: plans, severity: high, when: { document: any }, action: quarantine, message: a plan }
`
const SCHEMA = `name: customers
columns:
  - { name: no, kind: code, alone: true }
`

/** With a state folder, as the gateway leaves it behind. */
async function installed(): Promise<Installation> {
  const sluice = await newInstallation(POLICY)
  const { config } = await loadConfiguration({ config: join(sluice.dir, 'sluice.yaml') })
  await createKeys(keysDir(config.keys_dir))
  await (await openState(config)).close()
  return sluice
}

let sluice: Installation
beforeAll(async () => {
  sluice = await installed()
})

interface Entry {
  readonly event: string
  readonly actor: string
  readonly details: object
}

const audited = async (from: Installation) =>
  (await from.json<Entry>('audit', 'export')).filter(({ event }) => event === 'catalog')

describe('changes of the catalogue by command', () => {
  it('are on the audit record, each by who made it', async () => {
    const paper = await sluice.file('paper.txt', prose(60))
    const schema = await sluice.file('schema.yaml', SCHEMA)
    const csv = await sluice.file('customers.csv', 'no\nK-1001\nK-1002\n')
    await sluice.file('watched/one.txt', prose(60, 'one'))
    for (const args of [
      ['fingerprint', 'add', '--name', 'plans', '--operator', 'ann', paper],
      ['fingerprint', 'show', 'plans', '--operator', 'bob'],
      ['fingerprint', 'remove', 'plans', '--document', 'paper.txt', '--operator', 'ann'],
      ['exact-data', 'index', '--operator', 'ann', '--schema', schema, csv],
      ['exact-data', 'remove', 'customers', '--operator', 'bob'],
    ])
      expect(await sluice.run(...args), args.join(' ')).toMatchObject({ code: 0 })
    const two = await sluice.file('watched/two.txt', prose(60, 'two'))
    const watch = sluice.start('fingerprint', 'watch', '--name', 'w', '--interval', '1', join(sluice.dir, 'watched'))
    let said = ''
    watch.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    await waitFor('two documents', () => said.includes('2 registered'))
    await rm(two)
    await waitFor('one to leave', () => said.includes('1 removed'))
    watch.kill('SIGTERM')
    await once(watch, 'close')

    const entries = await audited(sluice)
    expect(entries.slice(0, 5).map(({ actor, details }) => ({ actor, details }))).toEqual([
      { actor: 'ann', details: { action: 'add', collection: 'plans', documents: 1 } },
      { actor: 'bob', details: { action: 'show', collection: 'plans' } },
      { actor: 'ann', details: { action: 'remove', collection: 'plans', documents: 1 } },
      { actor: 'ann', details: { action: 'index', table: 'customers', rows: 2 } },
      { actor: 'bob', details: { action: 'remove', table: 'customers' } },
    ])
    expect(entries.slice(5).map(({ details }) => details)).toEqual([
      { action: 'add', collection: 'w', documents: 2 },
      { action: 'remove', collection: 'w', documents: 1 },
    ])
    expect(entries.slice(5).every(({ actor }) => actor !== '' && actor !== 'api')).toBe(true)
    expect(await sluice.run('audit', 'verify')).toMatchObject({ code: 0 })
  })

  it('are not made where they cannot be recorded', async () => {
    const broken = await installed()
    await rm(join(broken.dir, 'data/state'), { recursive: true })
    await mkdir(join(broken.dir, 'data/state/state.sqlite'), { recursive: true })
    const paper = await broken.file('paper.txt', prose(60))
    const schema = await broken.file('schema.yaml', SCHEMA)
    const csv = await broken.file('customers.csv', 'no\nK-1001\n')
    for (const args of [
      ['fingerprint', 'add', '--name', 'plans', paper],
      ['exact-data', 'index', '--schema', schema, csv],
    ])
      expect(await broken.run(...args), args.join(' ')).not.toMatchObject({ code: 0 })
    expect(await broken.json('fingerprint', 'list', '--json')).toEqual([[]])
    expect(await broken.json('exact-data', 'list', '--json')).toEqual([])
  })

  it('need no installation, and make none', async () => {
    const alone = await newInstallation(POLICY)
    expect(
      await alone.run('fingerprint', 'add', '--name', 'plans', await alone.file('a.txt', prose(60))),
    ).toMatchObject({
      code: 0,
    })
    expect(await alone.run('audit', 'verify')).toMatchObject({ code: 2 })
  })
})
