import { describe, expect, it } from 'vitest'
import { readHtml } from '../../../src/extract/html/html-reader.ts'

describe('HTML', () => {
  it.each([
    ['a tag that never ends', '<p>a</p><p <b card 4111 and more', 'p <b card 4111 and more'],
    ['an attribute that is a number', '<p 4111111111111111>a</p>', '4111111111111111'],
    ['notes beside characters', '<ruby>a<rt>note</rt></ruby>', 'note'],
    ['a note that never ends', '<ruby>a<rt>note<p></p>', 'note'],
  ])('keeps %s', (_, html, kept) => {
    const { visible, hidden } = readHtml(html)
    expect(visible).toBe('a')
    expect(hidden.split('\n')).toContain(kept)
  })

  it('does not let notes come between the characters they stand beside', () => {
    expect(readHtml('<ruby>41<rp>(</rp><rt>x</rt><rp>)</rp>11<rt>y</rt></ruby> 2').visible).toBe('4111 2')
  })
})
