/** PDF files for tests, made in memory. */
/** A PDF of one page whose program is given; further objects, numbered from 6 on, may be referred to. */
export function pdfOf(
  program: string,
  extra: {
    page?: string
    catalog?: string
    tree?: string
    objects?: readonly string[]
    filter?: string
    comment?: string
    resources?: string
    fonts?: string
  } = {},
): Buffer {
  const objects = [
    `<< /Type /Catalog /Pages 2 0 R ${extra.catalog ?? ''} >>`,
    `<< /Type /Pages ${extra.tree ?? '/Kids [3 0 R] /Count 1'} >>`,
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F1 5 0 R ${extra.fonts ?? ''} >> ${extra.resources ?? ''} >> ${extra.page ?? ''} >>`,
    `<< /Length ${program.length} ${extra.filter ?? ''} >>\nstream\n${program}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    ...(extra.objects ?? []),
  ]
  let body = `%PDF-1.7\n${extra.comment ?? ''}`
  const offsets = objects.map((object, index) => {
    const at = body.length
    body += `${index + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const table = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')
  const size = objects.length + 1
  body += `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R /Info 6 0 R >>\nstartxref\n${body.length}\n%%EOF\n`
  return Buffer.from(body, 'latin1')
}

export const show = (text: string, x = 50, y = 700) => `BT /F1 12 Tf ${x} ${y} Td (${text}) Tj ET\n`

/** A stream object; `entries` stand in its dictionary. */
export function stream(data: string, entries = ''): string {
  return `<< /Length ${data.length} ${entries} >>\nstream\n${data}\nendstream`
}
