import { describe, expect, it } from 'vitest'
import { joinPieces, utf8Beginning } from '../../src/extract/join-pieces.ts'

describe('pieces of text', () => {
  it('are joined by LF, encoded ones and strings', () => {
    expect(Buffer.from(joinPieces(['ä', Buffer.from('ö'), 'ü'])).toString()).toBe('ä\nö\nü')
    expect(Buffer.from(joinPieces(['a', 'b'])).toString()).toBe('a\nb')
  })

  it.each([
    ['abc', 3, 'abc'],
    ['abc', 2, 'ab'],
    ['aäb', 2, 'a'],
    ['aäb', 3, 'aä'],
    ['€€', 5, '€'],
    ['a😀', 4, 'a'],
    ['a😀', 5, 'a😀'],
    ['😀', 3, ''],
    ['abc', 0, ''],
  ])('%s cut to %d bytes', (text, bytesMax, cut) => {
    expect(Buffer.from(utf8Beginning(text, bytesMax)).toString()).toBe(cut)
    expect(Buffer.from(utf8Beginning(Buffer.from(text), bytesMax)).toString()).toBe(cut)
  })
})
