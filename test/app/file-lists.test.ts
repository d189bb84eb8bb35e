import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readManifest } from '../../src/app/file-lists.ts'

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
