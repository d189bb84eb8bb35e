import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { has, made, read } from './making.ts'

const WORDS = 'card 4995742143324248 in words that repeat, in words that repeat\n'
/** WORDS, as lzip 1.23 writes them. */
const LZIP = Buffer.from(
  'TFpJUAEMADGYSqrYybhdZ57u1SICi1keFsi3Dt+BqkMwtD4ERj3MkeEo4oSK407Zr+6jy6HWz6fv//9+eYAA9EH29EEAAAAAAAAAUwAAAAAAAAA=',
  'base64',
)
/** A zip of WORDS by PPMd, as 7-Zip 26 writes it. */
const PPMD = Buffer.from(
  'UEsDBD8AAABiAJGBeF30Qfb0MAAAAEEAAAAFAAAAdy50eHQHAGL8m4Hiy6WS64g9leqM9hYD6akULixyGD4+WEbQgRAf6v/6dCQ6iRDkxiopRABQSwECPwM/AAAAYgCRgXhd9EH29DAAAABBAAAABQAkAAAAAAAAACCApIEAAAAAdy50eHQKACAAAAAAAAEAGACGLjadLnzdAQAAAAAAAAAAAAAAAAAAAABQSwUGAAAAAAEAAQBXAAAAUwAAAAAA',
  'base64',
)

describe('rare compression', () => {
  it('is undone: lzip, several members too', async () => {
    const one = await read(LZIP, 'a.txt.lz')
    expect(one.text).toContain(WORDS.trim())
    expect(one.paths).toContain('a.txt')
    const two = await read(Buffer.concat([LZIP, LZIP]), 'a.lz')
    expect(two.text).toContain(`${WORDS}${WORDS}`.trim())
    expect([...one.said, ...two.said]).toEqual([])
  })

  it('is undone as far as it goes: lzip cut off', async () => {
    const { said } = await read(LZIP.subarray(0, LZIP.length - 3), 'a.lz')
    expect(said).toEqual(['corrupt lz'])
  })

  it('is undone: PPMd in zip', async () => {
    const { text, said } = await read(PPMD, 'a.zip')
    expect(text).toContain(WORDS.trim())
    expect(said).toEqual([])
    const broken = Buffer.from(PPMD)
    broken.fill(0x55, 45, 60)
    expect((await read(broken, 'a.zip')).reasons).toContain('corrupt')
  })

  it('is undone: Brotli, which has no mark, by its name', async () => {
    const { text, said, paths } = await read(zlib.brotliCompressSync(Buffer.from(WORDS.repeat(9))), 'a.txt.br')
    expect(text).toContain(WORDS.trim())
    expect(paths).toContain('a.txt')
    expect(said).toEqual([])
    const noise = Buffer.from('8f00ff13a7c2d9e1b4', 'hex')
    expect((await read(noise, 'a.br')).said).toContain('corrupt br')
  })

  it.skipIf(!has('lzip'))('is undone: what lzip itself writes', async () => {
    const file = made('lzip', ['n.txt'], { 'n.txt': WORDS.repeat(50) }, 'n.txt.lz')
    expect((await read(file, 'n.txt.lz')).text).toContain(WORDS.repeat(50).trim())
  })
})
