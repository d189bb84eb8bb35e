import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { prose } from '../detect/fingerprint/registered.ts'
import { docxOf, zipOf } from '../extract/formats/making.ts'
import { drawing, jpeg, png, scaled } from '../support/drawn-pictures.ts'
import { waitFor } from '../support/wait-for.ts'
import { type Installation, newInstallation } from './catalog-commands.ts'

const POLICY = `policy: plans
name: Plans
rules:
  - { id: plans, severity: high, when: { document: any }, action: quarantine, message: a plan }
`
interface Scanned {
  readonly decision: { readonly action: string }
  readonly findings: readonly {
    readonly kind: string
    readonly detector: string
    readonly matches: readonly {
      readonly document?: string
      readonly containment?: number
      readonly partners?: string[]
    }[]
  }[]
}

let sluice: Installation
beforeAll(async () => {
  sluice = await newInstallation(POLICY)
})

async function scan(content: string | Uint8Array, name = 'query.txt'): Promise<Scanned> {
  const [answer] = await sluice.json<Scanned>('scan', '--json', await sluice.file(name, content))
  if (!answer) throw new Error('scan said nothing')
  return answer
}

const documents = ({ findings }: Scanned) =>
  findings
    .filter((finding) => finding.kind === 'fingerprint')
    .flatMap((finding) => finding.matches.map((match) => `${finding.detector}/${match.document} ${match.containment}`))

describe('sluice fingerprint', () => {
  it('registers files, folders and archives, and finds them in scans', async () => {
    const body = (seed: string) => `<w:p><w:r><w:t>${prose(60, seed)}</w:t></w:r></w:p>`
    const picture = Buffer.alloc(500, 'no text at all, only \x00\x01\x02 bytes')
    const archive = zipOf([
      { name: 'plans/one.docx', data: docxOf(body('one')) },
      { name: 'two.txt', data: prose(60, 'two') },
    ])
    await sluice.file('papers/a.txt', prose(60, 'a'))
    await sluice.file('papers/deep/b.docx', docxOf(body('b')))
    await sluice.file('papers/empty.txt', '')
    const zip = await sluice.file('bundle.zip', archive)
    const drawing = await sluice.file('part.step.bin', picture)
    const group = ['--name', 'plans', '--owner', 'design', '--partner', 'suppliers', '--partner', 'makers']
    const about = [...group, '--sensitivity', 'medium']
    const add = () => sluice.run('fingerprint', 'add', '--json', ...about, join(sluice.dir, 'papers'), zip, drawing)
    const added = await add()
    expect(JSON.parse(added.stdout)).toMatchObject({
      added: 5,
      unchanged: 0,
      failed: [{ problem: 'has too little in it to be recognised by' }],
    })
    expect(added.code).toBe(1)
    expect(added.stderr).toContain('empty.txt')

    const [list] = await sluice.json<Record<string, unknown>[]>('fingerprint', 'list', '--json')
    expect(list).toMatchObject([
      {
        id: 'plans',
        name: 'plans',
        files: 5,
        label: null,
        owner: 'design',
        sensitivity: 'medium',
        partners: ['makers', 'suppliers'],
        ignore: false,
      },
    ])
    const shown = await sluice.json('fingerprint', 'show', '--json', 'plans')
    expect(shown.map((row) => row.name)).toEqual([
      'a.txt',
      'bundle.zip/plans/one.docx',
      'bundle.zip/two.txt',
      'deep/b.docx',
      'part.step.bin',
    ])

    const found = await scan(`Hello, see below.\n> ${prose(60, 'one').replaceAll(' ', '\n> ')}`)
    expect(documents(found)).toEqual(['plans/bundle.zip/plans/one.docx 1'])
    expect(found.decision.action).toBe('quarantine')
    expect(found.findings[0]?.matches[0]?.partners).toEqual(['makers', 'suppliers'])
    expect(documents(await scan(picture, 'renamed.dat'))).toEqual(['plans/part.step.bin 1'])
    const clean = await scan(prose(300, 'other'))
    expect([documents(clean), clean.decision.action]).toEqual([[], 'pass'])

    const again = await add()
    expect(JSON.parse(again.stdout)).toMatchObject({ added: 0, unchanged: 5 })
  })

  it('forgets what it is told to', async () => {
    await sluice.run(
      'fingerprint',
      'add',
      '--name',
      'gone',
      await sluice.file('x.txt', prose(60, 'x')),
      await sluice.file('y.txt', prose(60, 'y')),
    )
    expect((await sluice.run('fingerprint', 'remove', 'gone', '--document', 'x.txt')).code).toBe(0)
    expect(documents(await scan(`${prose(60, 'x')} ${prose(60, 'y')}`))).toEqual(['gone/y.txt 1'])
    expect((await sluice.run('fingerprint', 'remove', 'gone')).stdout).toBe('1 document is no longer recognised\n')
    expect((await sluice.run('fingerprint', 'remove', 'gone')).code).toBe(1)
    expect((await sluice.run('fingerprint', 'show', 'gone')).code).toBe(1)
  })

  it('shows names that a terminal would obey by signs', async () => {
    const stranger = await newInstallation(POLICY)
    const paper = await stranger.file('p\x1b[2J\u202e/a\x1b]0;t\x07\n.txt', prose(60))
    expect(await stranger.run('fingerprint', 'add', dirname(paper))).toMatchObject({ code: 0 })
    const { stdout: list } = await stranger.run('fingerprint', 'list')
    expect(list).toContain('p\u241b[2J\ufffd')
    const { stdout: shown } = await stranger.run('fingerprint', 'show', 'p\x1b[2J\u202e')
    expect(shown.split('\n').map((line) => line.split('  ')[0])).toEqual([
      'p\u241b[2J\ufffd',
      'a\u241b]0;t\u2407\u240a.txt',
      '',
    ])
    expect(list + shown).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
  })

  it('says what it can’t read', async () => {
    const { code, stderr } = await sluice.run('fingerprint', 'add', join(sluice.dir, 'no such file'))
    expect([code, stderr]).toEqual([1, expect.stringContaining('no such file')])
  })
})

describe('sluice fingerprint watch', () => {
  it('follows a folder until it is told to stop', async () => {
    const folder = join(sluice.dir, 'watched')
    await sluice.file('watched/kept.txt', prose(60, 'kept'))
    await sluice.file(
      'watched/bundle.zip',
      zipOf([
        { name: 'in.txt', data: prose(60, 'in') },
        { name: 'out.txt', data: prose(60, 'out') },
      ]),
    )
    const watch = sluice.start('fingerprint', 'watch', folder, '--name', 'watched', '--interval', '1', '--json')
    let stdout = ''
    let stderr = ''
    watch.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    watch.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const looks = () =>
      stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]))
    const look = (count: number) => waitFor(`${count} looks; ${stdout}${stderr}`, () => looks()[count - 1])
    expect(await look(1)).toMatchObject({ added: 3, removed: 0 })

    await sluice.file('watched/new.txt', prose(60, 'new'))
    expect(await look(2)).toMatchObject({ added: 1, removed: 0 })
    await sluice.file('watched/kept.txt', prose(61, 'changed'))
    expect(await look(3)).toMatchObject({ added: 1, removed: 0 })
    await sluice.file('watched/bundle.zip', zipOf([{ name: 'in.txt', data: prose(60, 'in') }]))
    expect(await look(4)).toMatchObject({ added: 0, unchanged: 1, removed: 1 })
    await rm(join(folder, 'new.txt'))
    expect(await look(5)).toMatchObject({ added: 0, removed: 1 })

    // A share that went away takes nothing with it.
    await rename(folder, `${folder}.away`)
    await waitFor('a word about the folder', () => stderr.includes('what is registered stays'))
    await rename(`${folder}.away`, folder)
    await sluice.file('watched/last.txt', prose(60, 'last'))
    expect(await look(6)).toMatchObject({ added: 1, removed: 0 })

    const closed = once(watch, 'close')
    watch.kill('SIGTERM')
    expect(await closed).toEqual([0, null])
    const shown = await sluice.json('fingerprint', 'show', '--json', 'watched')
    expect(shown.map((row) => row.name)).toEqual(['bundle.zip/in.txt', 'kept.txt', 'last.txt'])
    expect(documents(await scan(prose(60, 'kept')))).toEqual([])
    expect(documents(await scan(prose(61, 'changed')))).toEqual(['watched/kept.txt 1'])
  })

  it('refuses an interval that is none', async () => {
    const { code, stderr } = await sluice.run('fingerprint', 'watch', sluice.dir, '--name', 'x', '--interval', 'soon')
    expect([code, stderr]).toEqual([2, expect.stringContaining('at least 1')])
  })
})

describe('files without text', () => {
  it('finds changed copies of pictures and of files without text, through the sandbox', async () => {
    const plan = drawing(1)
    const firmware = Buffer.concat(
      Array.from({ length: 3_000 }, (_, i) => createHash('sha256').update(`firmware ${i}`).digest()),
    )
    const paths = [await sluice.file('plan.png', png(plan)), await sluice.file('firmware.bin', firmware)]
    await sluice.run('fingerprint', 'add', '--name', 'designs', '--owner', 'design', '--partner', 'nobody', ...paths)
    const shown = await sluice.run('fingerprint', 'show', 'designs')
    expect(shown.stdout).toContain('designs  owner: design; partners: nobody\n')
    expect(shown.stdout).toMatch(/^firmware.bin {2}.*\d+ pieces/m)
    expect(shown.stdout).toMatch(/^plan.png {2}.*a picture/m)
    const copies = [
      await sluice.file('copy.jpg', jpeg(scaled(plan, 420, 315), 60)),
      await sluice.file('patched.bin', Buffer.concat([Buffer.from('new'), firmware.subarray(0, 60_000)])),
      await sluice.file('other.png', png(drawing(2))),
    ]
    const [copy = [], patched = [], other] = (await sluice.json<Scanned>('scan', '--json', ...copies)).map(documents)
    expect(copy).toEqual(['designs/plan.png 1'])
    expect(patched[0]).toMatch(/^designs\/firmware.bin 0\.[56]/)
    expect(other).toEqual([])
  }, 120_000)
})
