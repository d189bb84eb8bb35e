import { describe, expect, it } from 'vitest'
import { has, made, read } from './making.ts'

const CARD = 'card 4111 1111 1111 1111'
const files = {
  'a.txt': CARD,
  'b.txt': Array.from({ length: 3000 }, (_, i) => String((i * 7919) % 10007)).join(' '),
}

function sevenZip(...options: string[]): Buffer {
  return made('7z', ['a', '-psesame', ...options, 'x.7z', 'a.txt', 'b.txt'], files, 'x.7z')
}

describe.skipIf(!has('7z'))('7z with a password', () => {
  it.each<[string, string[]]>([
    ['LZMA2', []],
    ['an encrypted directory', ['-mhe=on']],
    ['PPMd and an encrypted directory', ['-mhe=on', '-m0=ppmd']],
    ['stored', ['-m0=copy']],
    ['bzip2, each file by itself', ['-m0=bzip2', '-ms=off']],
    ['a filter of two coders', ['-m0=bcj', '-m1=lzma']],
    ['a filter of four streams', ['-m0=bcj2', '-m1=lzma', '-m2=lzma', '-m3=lzma', '-mb0:1', '-mb0s1:2', '-mb0s2:3']],
  ])('opens with a password of the policy, and says so: %s', async (_, options) => {
    const result = await read(sevenZip(...options), 'x.7z', { passwords: ['wrong', 'sesame'] })
    expect(result.textOf('a.txt')).toBe(CARD)
    expect(result.textOf('b.txt')).toBe(files['b.txt'])
    expect(result.traits).toContain('opened-with-password')
    expect(result.said).toEqual([])
  })

  it('stays sealed to any other, and to none', async () => {
    for (const passwords of [[], ['wrong']]) {
      const entries = await read(sevenZip(), 'x.7z', { passwords })
      expect(entries.said).toContain('encrypted archive entry')
      expect(entries.text).not.toContain(CARD)
      const directory = await read(sevenZip('-mhe=on'), 'x.7z', { passwords })
      expect(directory.said).toEqual(['encrypted archive directory'])
      expect((await read(sevenZip('-m0=copy'), 'x.7z', { passwords })).text).not.toContain(CARD)
    }
  })

  it('is told when it is broken: cut off, or with any of its bytes changed', async () => {
    const bytes = sevenZip('-mhe=on')
    const cut = await read(bytes.subarray(0, bytes.length - 40), 'x.7z', { passwords: ['sesame'] })
    expect(cut.reasons.size).toBeGreaterThan(0)
    const plain = sevenZip()
    for (let at = 32; at < plain.length; at += 97) {
      const changed = Buffer.from(plain)
      changed[at] = (changed[at] ?? 0) ^ 0x55
      const result = await read(changed, 'x.7z', { passwords: ['sesame'] })
      expect(result.reasons.size > 0 || result.text.includes(CARD), `byte ${at}`).toBe(true)
    }
  })

  it('does not hash for ever because the file says so', async () => {
    const bytes = sevenZip('-mhe=on')
    const header = 32 + Number(bytes.readBigUInt64LE(12))
    const properties = bytes.indexOf(Buffer.from('06f10701', 'hex'), header) + 5
    bytes[properties] = ((bytes[properties] ?? 0) & 0xc0) | 0x3e
    expect((await read(bytes, 'x.7z', { passwords: ['sesame'] })).reasons.size).toBeGreaterThan(0)
  })
})
