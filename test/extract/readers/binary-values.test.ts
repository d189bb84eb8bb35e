import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import type { ExtractContext } from '../../../src/extract/format.ts'
import { BinaryValues } from '../../../src/extract/readers/binary-values.ts'

const PNG = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1')

/** What is told and handed on of `count` files among the values. */
async function extracted(count: number) {
  const values = new BinaryValues()
  for (let i = 0; i < count; i++) expect(values.textOf(PNG)).toBe('')
  const told: string[] = []
  let children = 0
  const context = {
    uninspected: (reason: string, detail: string) => told.push(`${reason} ${detail}`),
    child: async () => {
      children++
    },
  }
  await values.extract(context as unknown as ExtractContext, 'blob')
  return { told, children }
}

describe('binary values', () => {
  it.each([
    ['UTF-8', Buffer.from('card 4111 ü'), 'card 4111 ü'],
    ['UTF-16', Buffer.from('card 4111', 'utf16le'), 'card 4111'],
    ['words among other bytes', Buffer.from('\x01\x02card 4111\x00\xff', 'latin1'), 'card 4111'],
  ])('are read: %s', (_, value, text) => {
    expect(new BinaryValues().textOf(value)).toBe(text)
  })

  it('that are files are children, up to the limit, and past it that is told', async () => {
    const max = limits.extractPartsMax
    expect(await extracted(max)).toEqual({ told: [], children: max })
    expect(await extracted(max + 1)).toEqual({ told: ['too-many files in blob'], children: max })
  })
})
