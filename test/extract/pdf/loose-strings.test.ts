import { describe, expect, it } from 'vitest'
import { LooseStrings } from '../../../src/extract/pdf/loose-strings.ts'
import { PdfName, PdfReader, PdfString } from '../../../src/extract/pdf/pdf-value.ts'

function linesOf(text: string): string[] {
  const strings = new LooseStrings()
  strings.take(new PdfReader(text).value(), (string) => string.bytes)
  return strings.unknown(() => false)
}

describe('loose strings of PDF', () => {
  it('leave out what programs write by themselves', () => {
    expect(linesOf('<< /DA (/Helv 12 Tf 0 g) /B ( 0 0 1 rg  /F1 9.5 Tf 1 0 0 RG) >>')).toEqual([])
    expect(linesOf('<< /DA (/Helv 12 Tf 0 g Jane Doe) >>')).toEqual(['/Helv 12 Tf 0 g Jane Doe'])
  })

  it('are read to the end where they nearly are what programs write', () => {
    const settings = `${'1 g   '.repeat(33)}x`
    const name = `ABCDEF+${'a'.repeat(500_000)}1234`
    const strings = new LooseStrings()
    for (const value of [new PdfString(settings), new PdfName(name)]) strings.take(value, (string) => string.bytes)
    expect(strings.unknown(() => false)).toEqual([settings, name])
    expect(strings.isCut).toBe(false)
  })
})
