import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Installation, newInstallation } from './catalog-commands.ts'

const POLICY = `policy: customers
name: Customers
rules:
  - { id: bulk, severity: high, when: { exact_data: { unique: 3 } }, action: block, message: many customers }
  - { id: one, severity: low, when: { exact_data: any }, action: quarantine, message: a customer }
`
const SCHEMA = `name: customers
columns:
  - { name: no, kind: code, alone: true }
  - { name: surname, kind: words }
  - { name: born, kind: date }
`
const CSV = `no;surname;born
K-100017;Müller;1980-03-07
K-100018;O’Brien;1975-12-31
K-100019;Nightjar;soon
`

let sluice: Installation
let schema: string
beforeAll(async () => {
  sluice = await newInstallation(POLICY)
  schema = await sluice.file('schema.yaml', SCHEMA)
})

interface Scanned {
  readonly decision: { readonly action: string }
  readonly findings: readonly {
    readonly kind: string
    readonly detector: string
    readonly count: number
    readonly unique: number
  }[]
}

async function scan(text: string): Promise<Scanned> {
  const [answer] = await sluice.json<Scanned>('scan', '--json', await sluice.file('query.txt', text))
  if (!answer) throw new Error('scan said nothing')
  return answer
}

describe('sluice exact-data', () => {
  it('indexes a table whose rows scans and policies then know', async () => {
    const csv = await sluice.file('customers.csv', CSV)
    const built = await sluice.run('exact-data', 'index', '--json', '--schema', schema, csv)
    expect(built).toMatchObject({ code: 0, stderr: expect.stringContaining('1 cells of `born` hold nothing') })
    expect(JSON.parse(built.stdout)).toEqual({
      name: 'customers',
      rows: 3,
      values: 8,
      columns: ['no', 'surname', 'born'],
      unusable: { born: 1 },
      file: expect.stringMatching(/^[0-9a-f]{32}\.exact$/),
    })
    expect(await sluice.json('exact-data', 'list', '--json')).toMatchObject([{ name: 'customers', rows: 3 }])

    expect(await scan('Mr Muller, born 7.3.1980')).toMatchObject({
      decision: { action: 'quarantine' },
      findings: [{ kind: 'exact-data', detector: 'customers', count: 1, unique: 1 }],
    })
    expect(await scan('k100017 K-100018 K-100019 K-100017')).toMatchObject({
      decision: { action: 'block' },
      findings: [{ count: 3, unique: 3 }],
    })
    expect(await scan('Mr Muller came')).toMatchObject({ decision: { action: 'pass' }, findings: [] })
  })

  it('lets a policy name an index, and no other', async () => {
    await sluice.run('exact-data', 'index', '--schema', schema, await sluice.file('customers.csv', CSV))
    const policy = (index: string) =>
      sluice.file(
        'policies/named.yaml',
        `policy: named\nname: Named\nrules:\n  - { id: x, severity: low, when: { exact_data: ${index} }, action: block, message: x }\n`,
      )
    await policy('customers')
    expect(await scan('K-100017')).toMatchObject({ decision: { action: 'block' } })
    await policy('custmers')
    const { code, stderr } = await sluice.run('scan', '--json', await sluice.file('query.txt', 'x'))
    expect([code, stderr]).toEqual([2, expect.stringContaining('customers')])
    await sluice.file(
      'policies/named.yaml',
      'policy: named\nname: Named\nrules:\n  - { id: x, severity: low, when: { channel: mail }, action: pass, message: x }\n',
    )
  })

  it('says what is wrong with a schema or a table, and where', async () => {
    const bad = await sluice.file('bad.yaml', 'name: customers\ncolumns: [{ name: no, kind: number }]\n')
    const csv = await sluice.file('customers.csv', CSV)
    expect(await sluice.run('exact-data', 'index', '--schema', bad, csv)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bad.yaml:2:29'),
    })
    const other = await sluice.file('other.csv', 'a;b\n1;2\n')
    expect(await sluice.run('exact-data', 'index', '--schema', schema, other)).toMatchObject({
      stderr: expect.stringContaining('no column `no`'),
    })
    expect(await sluice.run('exact-data', 'index', '--schema', schema, `${csv}.none`)).toMatchObject({
      stderr: expect.stringContaining('cannot be read (ENOENT)'),
    })
  })

  it('looks for a column where its rule accepts a value, and for no rule that is not there', async () => {
    const csv = await sluice.file('names.csv', 'name;no\nPLATYPUS;K-200001\nNightjar;K-200002\n')
    const named = (rule: string) =>
      sluice.file(
        `${rule}.yaml`,
        `name: names\ncolumns:\n  - { name: name, kind: words, rule: ${rule} }\n  - { name: no, kind: code }\n`,
      )
    expect(await sluice.run('exact-data', 'index', '--schema', await named('wrod'), csv)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/wrod\.yaml:3:\d+.*did you mean `word`/),
    })
    expect(await sluice.run('exact-data', 'index', '--schema', await named('word'), csv)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 cells of `name`'),
    })
    const { findings } = await scan('PLATYPUS has K-200001')
    expect(findings.filter(({ kind }) => kind === 'exact-data')).toMatchObject([{ detector: 'names', count: 1 }])
    const rules = join(sluice.dir, 'rules/word.yaml')
    const before = await readFile(rules, 'utf8')
    await writeFile(rules, before.replace('id: word', 'id: other'))
    expect(await sluice.run('scan', '--json', await sluice.file('query.txt', 'anything'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the rule `word`'),
    })
    await writeFile(rules, before)
    expect(await sluice.run('exact-data', 'remove', 'names')).toMatchObject({ code: 0 })
  })

  it('forgets an index', async () => {
    await sluice.run('exact-data', 'index', '--schema', schema, await sluice.file('customers.csv', CSV))
    await sluice.file(
      'policies/named.yaml',
      'policy: named\nname: Named\nrules:\n  - { id: x, severity: low, when: { channel: mail }, action: pass, message: x }\n',
    )
    expect((await sluice.run('exact-data', 'remove', 'customers')).code).toBe(0)
    expect((await sluice.run('exact-data', 'remove', 'customers')).code).toBe(1)
    expect(await scan('K-100017')).toMatchObject({ findings: [] })
  })
})
