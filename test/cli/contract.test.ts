import { execFileSync } from 'node:child_process'
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandLine, type Json } from '../support/command-line.ts'
import { GatewayProcess } from '../support/gateway-process.ts'

/** Shapes and exit codes of the command line that scripts rely on: fields may be added, never renamed or dropped. */
const CARD = '4111 1111 1111 1111'
let gateway: GatewayProcess

beforeAll(async () => {
  gateway = await GatewayProcess.prepare()
  await writeFile(
    join(gateway.dir, 'case.eml'),
    `From: a@example.com\r\nTo: b@partner.example\r\nCc: in@example.com\r\nSubject: s\r\n\r\nthe card ${CARD} again ${CARD}\r\n`,
  )
  await writeFile(join(gateway.dir, 'clean.txt'), 'nothing of interest')
  await writeFile(join(gateway.dir, 'card.txt'), `card ${CARD}`)
  execFileSync('zip', ['-q', '-P', 'pw', 'sealed.zip', 'card.txt'], { cwd: gateway.dir })
})

afterAll(() => gateway?.remove())

const { run, answers, answer } = commandLine(() => gateway)

describe('every command', () => {
  async function commandsBelow(path: readonly string[]): Promise<string[][]> {
    const { code, stdout } = await run([...path, '--help'])
    expect({ path, code }).toEqual({ path, code: 0 })
    expect(stdout).toMatch(/^Usage: sluice/)
    const list = /\nCommands:\n([\s\S]*)$/.exec(stdout)?.[1] ?? ''
    const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)]
      .map((match) => match[1] ?? '')
      .filter((name) => name !== 'help')
    const below: string[][] = []
    for (const name of names) below.push([...path, name], ...(await commandsBelow([...path, name])))
    return below
  }

  it('explains itself with --help and exits 0', async () => {
    const all = (await commandsBelow([])).map((path) => path.join(' '))
    for (const known of [
      ...['serve', 'worker', 'scan', 'detect', 'extract', 'doctor', 'demo'],
      ...['rules list', 'rules check', 'rules test', 'policy check', 'policy test', 'policy explain'],
      ...['fingerprint add', 'fingerprint list', 'fingerprint show', 'fingerprint remove'],
      ...['quarantine list', 'quarantine show', 'quarantine release', 'quarantine reject'],
      ...['audit verify', 'audit export', 'audit anchor', 'keys create', 'keys rotate', 'users add', 'users remove'],
      ...['config check', 'config reference', 'config schema'],
    ])
      expect(all).toContain(known)
  })

  it.each([
    [['--nonsense']],
    [['nonsense']],
    [['scan', '--nonsense', 'x']],
    [['rules', 'list', '--nonsense']],
    [['scan']],
    [['scan', '--as', 'letter', 'case.eml']],
    [['quarantine', 'release', 'X']],
    [['quarantine', 'list', '--limit', 'many']],
    [['quarantine', 'list', '--limit', '-3']],
    [['audit', 'export', '--after', 'x']],
    [['detect']],
  ])('exits 2 on bad usage and leaves stdout alone: %j', async (args) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).not.toBe('')
  })

  it('exits 2 on a configuration that is not there', async () => {
    const { code, stderr } = await run(['scan', 'case.eml', '--config', 'elsewhere.yaml'])
    expect(code).toBe(2)
    expect(stderr).toContain('elsewhere.yaml')
  })
})

describe('scan', () => {
  it('has the published shape, without values', async () => {
    const found = await answer(['scan', '--json', 'case.eml'])
    expect(found).toMatchObject({
      file: 'case.eml',
      channel: 'mail',
      sender: 'a@example.com',
      recipients: ['b@partner.example', 'in@example.com'],
      decision: {
        action: 'quarantine',
        groups: expect.arrayContaining([
          expect.objectContaining({ recipients: ['b@partner.example'], action: 'quarantine' }),
          expect.objectContaining({ recipients: ['in@example.com'], action: 'pass' }),
        ]),
        reasons: [{ policy: 'test', rule: 'cards', severity: 'high', message: 'cards', findings: ['f1'] }],
        revisions: { policies: expect.any(String), rules: expect.any(String), catalog: expect.any(String) },
      },
      findings: [
        {
          id: 'f1',
          detector: 'credit_card',
          family: 'financial',
          kind: 'pattern',
          confidence: 'high',
          count: 2,
          unique: 1,
          matches: [{ part: 'mail/[1]', start: 9, end: 28, excerpt: expect.any(String), via: [] }, {}],
        },
      ],
      labels: [],
      parts: [
        {
          path: 'mail',
          sniffedType: 'message/rfc822',
          size: expect.any(Number),
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        {
          path: 'mail/[1]',
          declaredType: expect.any(String),
          sniffedType: 'text/plain',
          textLength: expect.any(Number),
        },
      ],
      uninspected: [],
      elapsedMs: expect.any(Number),
    })
    expect(JSON.stringify(found)).not.toMatch(/4111|"value"|"normalized"/)
  })

  it('reveals values when asked', async () => {
    const found = await answer(['scan', '--json', '--reveal', 'case.eml'])
    expect(found).toMatchObject({
      findings: [{ matches: [{ value: CARD, normalized: CARD.replaceAll(' ', '') }, {}] }],
    })
  })

  it('names what it could not look into', async () => {
    expect(await answer(['scan', '--json', '--to', 'b@partner.example', 'sealed.zip'])).toMatchObject({
      channel: 'upload',
      decision: { action: 'quarantine' },
      uninspected: [{ path: expect.stringContaining('card.txt'), reason: 'encrypted', detail: expect.any(String) }],
    })
  })

  it('answers in the order asked, and goes on behind a file it cannot read', async () => {
    await writeFile(join(gateway.dir, 'secret.txt'), 'x')
    await chmod(join(gateway.dir, 'secret.txt'), 0)
    const found = await answers(['scan', '--json', 'missing.eml', 'clean.txt', '.', 'case.eml'])
    expect(found.map(({ file }) => file)).toEqual(['missing.eml', 'clean.txt', '.', 'case.eml'])
    expect(found[0]).toEqual({ file: 'missing.eml', error: 'no such file' })
    expect(found[2]).toMatchObject({ error: expect.stringContaining('folder') })
  })

  it('takes lists and manifests, mail, uploads and requests', async () => {
    const listed = await answers(['scan', '--json', '--files-from', '-'], 0, 'case.eml\n\nclean.txt\n')
    expect(listed.map(({ file }) => file)).toEqual(['case.eml', 'clean.txt'])
    const manifest = [
      { file: 'card.txt', as: 'mail', from: 'x@example.com', to: ['y@partner.example'] },
      { file: 'card.txt', method: 'POST', url: 'https://drive.example/up', headers: { 'content-type': 'text/plain' } },
      { file: 'card.txt', as: 'upload', filename: 'renamed.txt' },
    ]
    await writeFile(join(gateway.dir, 'manifest.jsonl'), manifest.map((entry) => JSON.stringify(entry)).join('\n'))
    expect(await answers(['scan', '--json', '--manifest', 'manifest.jsonl'])).toMatchObject([
      { channel: 'mail', sender: 'x@example.com', recipients: ['y@partner.example'] },
      { channel: 'upload', recipients: ['drive.example'], findings: [{ detector: 'credit_card' }] },
      { channel: 'upload', parts: [{ filename: 'renamed.txt' }] },
    ])
    await writeFile(join(gateway.dir, 'bad.jsonl'), '{"file":"card.txt"}\nnonsense\n')
    const bad = await run(['scan', '--json', '--manifest', 'bad.jsonl'])
    expect(bad.code).toBe(2)
    expect(bad.stderr).toContain('bad.jsonl:2')
  })

  it('finds ad-hoc terms whatever their case, spacing and punctuation', async () => {
    await writeFile(join(gateway.dir, 'term.txt'), 'about PROJECT-blue  Heron today')
    expect(await answer(['scan', '--json', '--term', 'heron=Project Blue Heron', 'term.txt'])).toMatchObject({
      findings: [{ detector: 'heron', family: 'intellectual_property', confidence: 'high' }],
    })
  })

  it('exits 1 with --exit-code when anything would be held, 0 otherwise', async () => {
    expect((await run(['scan', '--json', '--exit-code', 'case.eml'])).code).toBe(1)
    expect((await run(['scan', '--json', '--exit-code', 'clean.txt'])).code).toBe(0)
    expect((await run(['scan', 'case.eml'])).code).toBe(0)
  })

  it('explains with --explain', async () => {
    const found = await answer(['scan', '--json', '--explain', 'case.eml'])
    expect(found).toMatchObject({ explanation: expect.any(Array), nearMisses: expect.any(Array) })
    expect((await run(['policy', 'explain', 'case.eml'])).stdout).toContain('cards')
  })
})

describe('detect', () => {
  const input = `${JSON.stringify({ id: 'a', text: `\u{1f600} ${CARD}` })}\n${JSON.stringify({ id: 'b', text: 'nothing' })}\n`

  it('answers line by line, in order, in code points', async () => {
    expect(await answers(['detect', '--jsonl', '--reveal'], 0, input)).toEqual([
      {
        id: 'a',
        findings: [
          expect.objectContaining({
            detector: 'credit_card',
            family: 'financial',
            confidence: 'high',
            start: 2,
            end: 21,
            value: CARD,
          }),
        ],
      },
      { id: 'b', findings: [] },
    ])
  })

  it('keeps values to itself unless asked', async () => {
    expect((await run(['detect', '--jsonl'], input)).stdout).not.toContain('4111')
  })
})

describe('extract', () => {
  it('shows what the detectors would see', async () => {
    expect(await answer(['extract', '--json', 'case.eml'])).toMatchObject({
      file: 'case.eml',
      parts: [
        { path: 'mail', depth: 0 },
        {
          path: 'mail/[1]',
          sniffedType: 'text/plain',
          size: expect.any(Number),
          sha256: expect.any(String),
          text: expect.stringContaining(CARD),
        },
      ],
      labels: [],
      uninspected: [],
      elapsedMs: expect.any(Number),
    })
    // More than is written at once, with characters of several bytes across every seam.
    const large = `${'\u00e9"\\\u{1F600}\u0007'.repeat(200_000)}.`
    await writeFile(join(gateway.dir, 'large.txt'), large)
    expect(await answer(['extract', '--json', 'large.txt'])).toMatchObject({
      parts: [{ text: expect.stringContaining(large) }],
    })
    const listed = await answers(['extract', '--json', '--files-from', '-'], 0, 'missing.txt\nclean.txt\n')
    expect(listed).toMatchObject([{ file: 'missing.txt', error: 'no such file' }, { file: 'clean.txt' }])
  })
})

describe('rules and policy', () => {
  it('rules list is one JSON array', async () => {
    const [list] = (await answers(['rules', 'list', '--json'])) as unknown as [Json[]]
    expect(list.find(({ id }) => id === 'credit_card')).toMatchObject({
      family: 'financial',
      kind: 'pattern',
      name: 'Payment card',
      description: expect.any(String),
      regulations: expect.any(Array),
      confidence: 'high',
    })
  })

  it('check says yes with 0, and no with 1 and all places at once', async () => {
    expect(await answer(['rules', 'check', '--json'])).toMatchObject({ ok: true })
    expect(await answer(['policy', 'check', '--json'])).toMatchObject({ ok: true })
    expect((await run(['config', 'check'])).code).toBe(0)
    await mkdir(join(gateway.dir, 'broken'), { recursive: true })
    await writeFile(
      join(gateway.dir, 'broken/b.yaml'),
      'policy: b\nname: B\nrules:\n  - { id: x, when: { nothing: 1 }, action: stop }\n',
    )
    const text = await run(['policy', 'check', '--policies', 'broken'])
    expect(text.code).toBe(1)
    expect(text.stdout.match(/^broken\/b\.yaml:4:\d+ \S+ .+$/gm)?.length).toBeGreaterThanOrEqual(2)
    expect(await answer(['policy', 'check', '--json', '--policies', 'broken'], 1)).toMatchObject({
      ok: false,
      diagnostics: expect.arrayContaining([
        expect.objectContaining({ file: 'broken/b.yaml', row: 4, code: expect.any(String) }),
      ]),
    })
    await writeFile(join(gateway.dir, 'broken/b.yaml'), 'rules:\n  - { id: 3 }\n')
    expect((await run(['rules', 'check', '--rules', 'broken'])).code).toBe(1)
  })

  it('test runs the examples and cases in the files', async () => {
    expect((await run(['rules', 'test'])).code).toBe(0)
    const failing = (await gateway.read('rules/test.yaml')).replace(
      'negative_examples: [nothing, of, interest]',
      'negative_examples: [BLOCKME, of, interest]',
    )
    await rm(join(gateway.dir, 'broken/b.yaml'))
    await writeFile(join(gateway.dir, 'broken/r.yaml'), failing)
    expect((await run(['rules', 'test', '--rules', 'broken'])).code).toBe(1)
    await rm(join(gateway.dir, 'broken/r.yaml'))
    await writeFile(
      join(gateway.dir, 'broken/p.yaml'),
      'policy: p\nname: P\nrules:\n  - { id: x, when: { recipient: outside }, action: block }\ntests:\n  - { name: it blocks, to: b@partner.example, expect: pass }\n',
    )
    const tested = await run(['policy', 'test', '--policies', 'broken'])
    expect({ code: tested.code, stdout: tested.stdout }).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/p\.yaml:6 FAILED p: it blocks/),
    })
  })
})

describe('fingerprint', () => {
  it('adds, lists, shows and removes; matches show in scans', async () => {
    const words = Array.from({ length: 400 }, (_, i) => `word${(i * 7919) % 1009}`)
    await mkdir(join(gateway.dir, 'plans'))
    await writeFile(join(gateway.dir, 'plans/one.txt'), words.join(' '))
    expect((await run(['fingerprint', 'add', '--name', 'plans', '--label', 'secret', 'plans'])).code).toBe(0)
    const [list] = (await answers(['fingerprint', 'list', '--json'])) as unknown as [Json[]]
    expect(list).toMatchObject([
      {
        id: expect.any(String),
        name: 'plans',
        files: 1,
        shingles: expect.any(Number),
        addedAt: expect.anything(),
        revision: expect.anything(),
      },
    ])
    expect((await run(['fingerprint', 'show', 'plans', '--json'])).stdout).toContain('one.txt')
    await copyFile(join(gateway.dir, 'plans/one.txt'), join(gateway.dir, 'copy.txt'))
    expect(await answer(['scan', '--json', 'copy.txt'])).toMatchObject({
      findings: [
        {
          detector: 'plans',
          kind: 'fingerprint',
          matches: [
            expect.objectContaining({
              document: expect.stringContaining('one.txt'),
              containment: expect.any(Number),
              resemblance: expect.any(Number),
            }),
          ],
        },
      ],
    })
    expect((await run(['fingerprint', 'remove', 'plans'])).code).toBe(0)
    const gone = await run(['fingerprint', 'show', 'plans'])
    expect(gone.code).toBeGreaterThan(0)
    expect(await answer(['scan', '--json', 'copy.txt'])).toMatchObject({ findings: [] })
  })
})
