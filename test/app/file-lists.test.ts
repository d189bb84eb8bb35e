import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readManifest, readNames } from '../../src/app/file-lists.ts'
import { limits } from '../../src/core/limits.ts'

describe('a list of names', () => {
  async function names(bytes: Buffer): Promise<string[]> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-names-'))
    await writeFile(join(dir, 'list'), bytes)
    const found: string[] = []
    try {
      for await (const name of readNames(join(dir, 'list'))) found.push(name)
    } finally {
      await rm(dir, { recursive: true })
    }
    return found
  }

  it('has one a line, whatever its bytes and line ends', async () => {
    const list = Buffer.from('\xef\xbb\xbfa.txt\r\n\nK\xf6ln\n last', 'latin1')
    expect(await names(list)).toEqual(['a.txt', '', 'K\udcf6ln', ' last'])
    expect(await names(Buffer.alloc(0))).toEqual([])
  })

  it('has the mark of UTF-8 in front of the first one alone', async () => {
    expect(await names(Buffer.from('\ufeffa\n\ufeffb\n'))).toEqual(['a', '\ufeffb'])
  })

  it('has none longer than a name can be', async () => {
    const name = 'a'.repeat(limits.fileListLineMaxBytes)
    expect(await names(Buffer.from(`${name}\nb`))).toEqual([name, 'b'])
    for (const list of [`${name}a`, `b\n${name}a\nb`])
      await expect(names(Buffer.from(list))).rejects.toMatchObject({ code: 'bad-usage' })
  })
})

describe('a manifest', () => {
  let dir = ''
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sluice-manifest-'))
  })
  afterAll(() => rm(dir, { recursive: true }))

  async function read(text: string) {
    const file = join(dir, 'm.jsonl')
    await writeFile(file, text)
    const targets = []
    for await (const target of readManifest(file)) targets.push(target)
    return targets
  }

  it('gives a target for each line, with what it names', async () => {
    const lines = [
      '{"file":"a.eml","from":"a@example.com","to":["b@example.net","c@example.net"],"expected":"ignored"}',
      '',
      '{"file":"b","as":null,"to":"drive.example","filename":null}',
      '{"file":"c","method":"POST","url":"https://drive.example/","headers":{"Accept":["a","b"]}}',
    ]
    expect(await read(lines.join('\n'))).toEqual([
      { file: 'a.eml', from: 'a@example.com', to: ['b@example.net', 'c@example.net'] },
      { file: 'b', to: ['drive.example'] },
      { file: 'c', method: 'POST', url: 'https://drive.example/', headers: { Accept: 'a, b' } },
    ])
  })

  it('may begin with the mark that editors of Windows write', async () => {
    expect(await read('\ufeff{"file":"a.eml"}\r\n{"file":"b.eml"}\r\n')).toMatchObject([
      { file: 'a.eml' },
      { file: 'b.eml' },
    ])
  })

  it.each([
    ['nonsense', 'is not JSON'],
    ['7', 'is not an object'],
    ['{"from":"a@example.com"}', 'has no `file`'],
    ['{"file":"a","as":"letter"}', '`as` must be mail or upload'],
    ['{"file":"a","to":7}', 'each of `to` must be text'],
    ['{"file":"a","to":["b@example.net",{}]}', 'each of `to` must be text'],
    ['{"file":"a","to":[null]}', 'each of `to` must be text'],
    ['{"file":"a","from":["a@example.com"]}', '`from` must be text'],
    ['{"file":"a","url":true}', '`url` must be text'],
    ['{"file":"a","headers":"Accept: a"}', '`headers` must be an object'],
  ])('refuses %s by its row', async (line, problem) => {
    await expect(read(`{"file":"first"}\n${line}\n`)).rejects.toMatchObject({
      code: 'bad-usage',
      message: expect.stringContaining(`m.jsonl:2 ${problem}`),
    })
  })
})
