import { describe, expect, it } from 'vitest'
import { has, made, read } from '../formats/making.ts'
import { pdfOf, show } from './making-pdf.ts'

const PLAIN = pdfOf(show('card 4111 1111 1111 1111'), { objects: ['<< /Title (x) >>'] })

function sealed(user: string, owner: string): Buffer {
  const args = ['--encrypt', user, owner, '256', '--allow-insecure', '--', 'a.pdf', 'b.pdf']
  return made('qpdf', args, { 'a.pdf': PLAIN }, 'b.pdf')
}

describe.skipIf(!has('qpdf'))('a PDF with a password for its user', () => {
  it('is read where the owner has an empty one, which other programs try', async () => {
    const result = await read(sealed('user', ''), 'x.pdf')
    expect(result.text).toContain('card 4111 1111 1111 1111')
    expect(result.said).toEqual([])
  })

  it('is encrypted where the owner has one as well', async () => {
    const result = await read(sealed('user', 'owner'), 'x.pdf')
    expect(result.text).not.toContain('4111')
    expect(result.said).toEqual(['encrypted AES-256'])
  })
})
