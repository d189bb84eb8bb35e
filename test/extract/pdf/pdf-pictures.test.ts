import { expect, it } from 'vitest'
import { PdfPictures } from '../../../src/extract/office/pdf-pictures.ts'
import { pdfOf, show } from './making-pdf.ts'

it('a page of a PDF is drawn no longer than it may', async () => {
  const pictures = new PdfPictures(pdfOf(show('a page')), null)
  try {
    expect(await pictures.drawn(1, 0)).toBeNull()
    expect(await pictures.drawn(1, 60_000)).toMatchObject({ channels: 3 })
  } finally {
    await pictures.close()
  }
})
