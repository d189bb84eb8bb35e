import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { documentFiles } from '../../src/app/read-documents.ts'
import { nameAsText, nameOfBytes, pathOfName } from '../../src/scan/file-names.ts'

describe('names of files', () => {
  it('come back as the bytes that they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const name = nameOfBytes(bytes)
        expect(Buffer.from(pathOfName(name) as string)).toEqual(Buffer.from(bytes))
        expect(JSON.parse(JSON.stringify(name))).toBe(name)
      }),
    )
  })

  it.each([
    ['a.txt', 'a.txt', 'a.txt'],
    ['K\xc3\xb6ln', 'K\u00f6ln', 'K\u00f6ln'],
    ['\xf0\x9f\x98\x80 \xff', '\u{1f600} \udcff', '\u{1f600} %FF'],
    ['\xed\xb3\xbf', '\udced\udcb3\udcbf', '%ED%B3%BF'],
  ])('%j is %j, and %j for people', (bytes, name, text) => {
    expect(nameOfBytes(Buffer.from(bytes, 'latin1'))).toBe(name)
    expect(nameAsText(name)).toBe(text)
  })

  it('are found below a folder, told apart', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sluice-odd-names-'))
    for (const byte of [0xe9, 0xff])
      writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0x61, byte])]), 'x')
    const { files } = await documentFiles([dir], (collection) => ({ collection }) as never)
    expect(files.map(({ name }) => name).sort()).toEqual(['a%E9', 'a%FF'])
    rmSync(dir, { recursive: true })
  })
})
