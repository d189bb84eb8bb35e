import { describe, expect, it } from 'vitest'
import { UNINSPECTED_REASONS } from '../../src/core/extraction.ts'
import { allFormats } from '../../src/extract/registry.ts'
import { read } from './markdown.ts'

const page = read('docs/formats.md')
const listed = [...page.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap((row) =>
  [...(row[1] ?? '').matchAll(/`([^`]+)`/g)].map((id) => id[1] ?? ''),
)

describe('docs/formats.md', () => {
  it('lists every format of the registry once, and no other', () => {
    const ids = [...new Set(allFormats().map((format) => format.id))].sort()
    expect([...listed].sort()).toEqual(ids)
  })

  it('uses no reason that does not exist', () => {
    const named = [
      ...page.matchAll(/`(too-[a-z]+|encrypted|corrupt|ambiguous|partial|timeout|unsupported|not-[a-z]+)`/g),
    ]
    for (const [, reason] of named) expect(UNINSPECTED_REASONS).toContain(reason)
  })
})
