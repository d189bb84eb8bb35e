import { describe, expect, it } from 'vitest'
import type { ExtractContext } from '../../../src/extract/format.ts'
import { Rar4Keys } from '../../../src/extract/readers/rar-keys.ts'
import { rar4Name } from '../../../src/extract/readers/rar4-name.ts'
import { openRar4 } from '../../../src/extract/readers/rar4-opener.ts'
import { openRar5 } from '../../../src/extract/readers/rar5-opener.ts'
import { has, made, read } from './making.ts'
import { type RarOptions, rar4Of, rar5Of } from './making-rar.ts'

const CARD = 'card 4111 1111 1111 1111'
const files = { 'a.txt': CARD, 'b.txt': 'the second file, of more than one block of the cipher' }
const sealed = { password: 'sesame' }
const makers = [
  ['RAR 4', rar4Of],
  ['RAR 5', rar5Of],
] as const

describe.each(makers)('%s with a password', (_, rarOf) => {
  it.each<[string, RarOptions]>([
    ['files', {}],
    ['headers as well', { sealedHeaders: true }],
    ['nothing to check the password by but checksums', { withoutCheck: true }],
    ['one file of several', { sealed: ['b.txt'] }],
  ])('opens with a password of the policy, and says so: %s', async (_, options) => {
    const result = await read(rarOf(files, { ...sealed, ...options }), 'x.rar', { passwords: ['wrong', 'sesame'] })
    expect(result.textOf('a.txt')).toBe(CARD)
    expect(result.textOf('b.txt')).toBe(files['b.txt'])
    expect(result.traits).toContain('opened-with-password')
    expect(result.said).toEqual([])
  })

  it('stays sealed to any other, and to none', async () => {
    for (const passwords of [[], ['wrong']]) {
      const entries = await read(rarOf(files, sealed), 'x.rar', { passwords })
      expect(entries.said).toEqual(['encrypted archive entry', 'encrypted archive entry'])
      expect(entries.text).not.toContain(CARD)
      const unchecked = await read(rarOf(files, { ...sealed, withoutCheck: true }), 'x.rar', { passwords })
      expect(unchecked.reasons.size).toBeGreaterThan(0)
      expect(unchecked.text).not.toContain(CARD)
      const headers = await read(rarOf(files, { ...sealed, sealedHeaders: true }), 'x.rar', { passwords })
      expect(headers.said).toEqual(['encrypted archive directory'])
    }
  })

  it('is told when it is broken: cut off, or with any of its bytes changed', async () => {
    for (const options of [{}, { sealedHeaders: true }]) {
      const whole = rarOf(files, { ...sealed, ...options })
      // Behind a whole file the rest can't be missed: archives needn't have an end mark.
      for (const length of [31, 47, 90, 150, 190, whole.length - 3]) {
        const cut = await read(whole.subarray(0, length), 'x.rar', { passwords: ['sesame'] })
        expect(cut.reasons.size, `${length} bytes`).toBeGreaterThan(0)
      }
      for (let at = 30; at < whole.length; at += 37) {
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] ?? 0) ^ 0x55
        const { reasons, text } = await read(changed, 'x.rar', { passwords: ['sesame'] })
        const isWhole = text.includes(CARD) && text.includes(files['b.txt'])
        expect(reasons.size > 0 || isWhole, `byte ${at}`).toBe(true)
      }
    }
  })

  it('is told to be cut off where it stays sealed, too', async () => {
    const whole = rarOf(files, sealed)
    const cut = await read(whole.subarray(0, whole.length - 3), 'x.rar')
    expect([...cut.reasons].sort()).toEqual(['corrupt', 'encrypted'])
  })

  it('has what stands behind it read', async () => {
    const result = await read(Buffer.concat([rarOf(files), Buffer.from('card 5555 5555 5555 4444')]), 'x.rar')
    expect(result.text).toContain('5555 5555 5555 4444')
    expect(result.traits).toContain('trailing-data')
  })

  it('has its comment read, plain or within sealed headers', async () => {
    const comment = 'see card 5555 5555 5555 4444'
    expect((await read(rarOf(files, { comment }), 'x.rar')).text).toContain(comment)
    const opened = await read(rarOf(files, { ...sealed, sealedHeaders: true, comment }), 'x.rar', {
      passwords: ['sesame'],
    })
    expect(opened.text).toContain(comment)
    expect(opened.said).toEqual([])
  })

  it.skipIf(!has('7z'))('is what another program opens', () => {
    for (const options of [{}, { sealedHeaders: true }]) {
      const rar = rarOf(files, { ...sealed, ...options })
      expect(made('7z', ['e', '-psesame', 'x.rar'], { 'x.rar': rar }, 'a.txt').toString()).toBe(CARD)
    }
  })
})

describe('names in RAR 4', () => {
  it.each([
    ['8 bits', '6469725c612e747874', false, 'dir/a.txt'],
    ['UTF-8', 'c3bc2e747874', true, 'ü.txt'],
    ['low bytes beside whole units', '3f2e74787400044830414204', true, '\u0430A\u0442'],
    ['a run of the plain name', '6162630000c001', true, 'abc'],
    ['a run of it, moved', '6162630004c08110', true, '\u0471\u0472\u0473'],
  ])('are decoded: %s', (_, hex, isUnicode, name) => {
    expect(rar4Name(Buffer.from(hex, 'hex'), isUnicode)).toBe(name)
  })
})

function contextWith(hasTime: () => boolean): ExtractContext {
  return { budget: { hasTime } } as unknown as ExtractContext
}

describe('keys of RAR', () => {
  it('does not hash for ever because the file says so', async () => {
    const bytes = rar5Of(files, { ...sealed, roundsLog: 10 })
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) if (bytes[at + 2] === 1) bytes[at] = 40
    const many = await read(bytes, 'x.rar', { passwords: ['sesame'] })
    expect(many.reasons.size).toBeGreaterThan(0)
    expect(many.text).not.toContain(CARD)
  })

  it('makes no key once there is no time left, and the archive stays sealed', () => {
    const late = contextWith(() => false)
    expect(openRar4(rar4Of(files, { ...sealed, sealedHeaders: true }), 'sesame', late)).toBeNull()
    expect(openRar5(rar5Of(files, { ...sealed, sealedHeaders: true }), 'sesame', late)).toBeNull()
    expect(openRar5(rar5Of(files, sealed), 'sesame', late)).toBeNull()
  })

  it('makes the key of a short password as the notes say', () => {
    const opened = openRar4(
      rar4Of(files, sealed),
      'sesame',
      contextWith(() => true),
    )
    expect(opened?.bytes.includes(CARD)).toBe(true)
  })

  it('makes the key of a long password as RAR does, whose hash spoils what it hashes', () => {
    // What 7-Zip opens an archive with that has this salt.
    const keys = new Rar4Keys('a password of more than thirty-two characters', () => true)
    const made = keys.derive(Buffer.from('0011223344556677', 'hex'))
    expect(made?.key.toString('hex')).toBe('47f90f474bf233fea1412eb47e032aa7')
    expect(made?.vector.toString('hex')).toBe('539057aa770a4658cb88e0b220609c52')
  })
})
