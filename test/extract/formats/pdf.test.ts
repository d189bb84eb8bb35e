import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { pdfOf, show } from '../pdf/making-pdf.ts'
import { has, made, read } from './making.ts'

const INFO = '<< /Title (the title) /Project (Aurora) >>'

describe('pdf', () => {
  it('reads text with its gaps as spaces, cells and lines', async () => {
    const program = show('Name') + show('Card', 300) + show('Ann', 50, 680) + show('4111', 300, 680)
    const result = await read(pdfOf(program, { objects: [INFO] }), 'x.pdf')
    expect(result.text).toContain('Name\tCard\nAnn\t4111')
    expect(result.text).toContain('the title')
    expect(result.text).toContain('Project: Aurora')
    expect(result.said).toEqual([])
  })

  it('reads a line that was drawn out of order as the eye sees it', async () => {
    const program = show('1111', 120) + show('4111', 50) + show('1111', 85) + show('1111', 155)
    expect((await read(pdfOf(program, { objects: [INFO] }), 'x.pdf')).text).toMatch(/4111\s1111\s1111\s1111/)
  })

  it('reads invisible text and text off the page', async () => {
    const result = await read(
      pdfOf(`3 Tr ${show('invisible words')}${show('words off the page', 5000, 5000)}`, { objects: [INFO] }),
      'x.pdf',
    )
    expect(result.text).toContain('invisible words')
    expect(result.text).toContain('words off the page')
  })

  it('reads form values, annotations, links and scripts', async () => {
    const objects = [
      INFO,
      '<< /Type /Annot /Subtype /Widget /FT /Tx /T (field) /V (form value) /Rect [0 0 9 9] /P 3 0 R >>',
      '<< /Type /Annot /Subtype /Text /Contents (a sticky note) /T (Ann) /Rect [0 0 9 9] >>',
      '<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://drop.example/x) >> /Rect [0 0 9 9] >>',
      '<< /S /JavaScript /JS (app.alert\\("in a script"\\)) >>',
    ]
    const result = await read(
      pdfOf(show('page'), {
        page: '/Annots [7 0 R 8 0 R 9 0 R]',
        catalog: '/AcroForm << /Fields [7 0 R] >> /OpenAction 10 0 R',
        objects,
      }),
      'x.pdf',
    )
    for (const text of ['form value', 'a sticky note', 'https://drop.example/x', 'in a script'])
      expect(result.text).toContain(text)
  })

  it('descends into attached files', async () => {
    const objects = [
      INFO,
      '<< /Type /Filespec /F (note.txt) /EF << /F 8 0 R >> >>',
      '<< /Type /EmbeddedFile /Length 13 >>\nstream\nattached text\nendstream',
    ]
    const result = await read(
      pdfOf(show('page'), { catalog: '/Names << /EmbeddedFiles << /Names [(note.txt) 7 0 R] >> >>', objects }),
      'x.pdf',
    )
    expect(result.textOf('note.txt')).toBe('attached text')
  })

  it('reads labels in the information dictionary', async () => {
    const guid = '2096f6a2-d2f7-48be-b329-b73aaa526e5d'
    const info = `<< /MSIP_Label_${guid}_Enabled (true) /MSIP_Label_${guid}_Name (Secret) >>`
    const result = await read(pdfOf(show('x'), { objects: [info] }), 'x.pdf')
    expect(result.labels).toContainEqual(expect.objectContaining({ scheme: 'msip', id: guid, name: 'Secret' }))
  })

  it('reads what an earlier revision said', async () => {
    const first = pdfOf(show('first draft says 4111'), { objects: [INFO] })
    const program = show('final')
    const object = `4 0 obj\n<< /Length ${program.length} >>\nstream\n${program}\nendstream\nendobj\n`
    const at = String(first.length).padStart(10, '0')
    const previous = /startxref\n(\d+)/.exec(first.toString('latin1'))?.[1]
    const update = `${object}xref\n4 1\n${at} 00000 n \ntrailer\n<< /Size 7 /Root 1 0 R /Prev ${previous} >>\nstartxref\n${first.length + object.length}\n%%EOF\n`
    const result = await read(Buffer.concat([first, Buffer.from(update, 'latin1')]), 'x.pdf')
    expect(result.text).toContain('final')
    expect(result.text).toContain('first draft says 4111')
    expect(result.traits).toContain('hidden-content')
  })

  it('says that a page of pictures has no text', async () => {
    const objects = [
      INFO,
      '<< /Type /XObject /Subtype /Image /Width 900 /Height 900 /BitsPerComponent 1 /ColorSpace /DeviceGray /Length 4 >>\nstream\nabcd\nendstream',
    ]
    expect((await read(pdfOf('', { objects }), 'x.pdf')).said).toContain('not-readable page without text')
    const outlines = Array.from({ length: 80 }, (_, i) => `${i} 0 m ${i} 9 l S`).join('\n')
    // Lines alone are drawn and looked at: there is nothing to read in them.
    expect((await read(pdfOf(outlines, { objects: [INFO] }), 'x.pdf')).said).toEqual([])
    expect((await read(pdfOf('', { objects: [INFO] }), 'x.pdf')).said).toEqual([])
  })

  it('says that a page program behind a picture filter was not read', async () => {
    const file = Buffer.from(
      pdfOf(show('x'), { objects: [INFO] })
        .toString('latin1')
        .replace('<< /Length', '<< /Filter /JBIG2Decode /Length'),
      'latin1',
    )
    expect((await read(file, 'x.pdf')).said).toContain('corrupt page program')
  })

  it('says that a stream breaks off or was changed, and takes one without its checksum', async () => {
    const packed = zlib.deflateSync(Array.from({ length: 50 }, (_, i) => show(`line ${i}`, 50, 10 * i)).join(''))
    const readStream = async (stream: Buffer) =>
      (await read(pdfOf(stream.toString('latin1'), { filter: '/Filter /FlateDecode', objects: [INFO] }), 'x.pdf')).said
    expect(await readStream(packed)).toEqual([])
    expect(await readStream(packed.subarray(0, packed.length - 4))).toEqual([])
    expect(await readStream(packed.subarray(0, packed.length / 2))).toContain('corrupt pdf stream')
    const changed = Buffer.from(packed)
    changed[60] = (changed[60] ?? 0) ^ 0x10
    expect(await readStream(changed)).toContain('corrupt pdf stream')
  })

  describe('pages that the page tree does not count', () => {
    const second =
      '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 8 0 R /Resources << /Font << /F1 5 0 R >> >> >>'
    const hidden = show('card 4111 1111 1111 1111')
    const withCount = (count: number) =>
      pdfOf(show('first page'), {
        tree: `/Kids [3 0 R 7 0 R] /Count ${count}`,
        objects: [INFO, second, `<< /Length ${hidden.length} >>\nstream\n${hidden}\nendstream`],
      })

    it.each([0, 1])('are read: %i of two', async (count) => {
      const result = await read(withCount(count), 'x.pdf')
      expect(result.text).toContain('first page')
      expect(result.text).toContain('card 4111 1111 1111 1111')
      expect(result.traits).toContain('hidden-content')
    })

    it('are nothing to tell where all are counted, or more than there are', async () => {
      for (const count of [2, 3]) {
        const result = await read(withCount(count), 'x.pdf')
        expect(result.text).toContain('card 4111 1111 1111 1111')
        expect([...result.traits, ...result.said]).toEqual([])
      }
    })

    it.skipIf(!has('qpdf'))('are told where the tree stands in a compressed stream', async () => {
      const packed = made('qpdf', ['--object-streams=generate', 'a.pdf', 'b.pdf'], { 'a.pdf': withCount(1) }, 'b.pdf')
      expect((await read(packed, 'x.pdf')).said).toContain('partial pages that are not counted')
    })
  })

  it('reads data behind the end', async () => {
    const file = Buffer.concat([pdfOf(show('x'), { objects: [INFO] }), Buffer.from('hidden behind the pdf')])
    const result = await read(file, 'x.pdf')
    expect(result.text).toContain('hidden behind the pdf')
    expect(result.traits).toContain('trailing-data')
  })

  it('tells what is no document', async () => {
    const result = await read(Buffer.from('%PDF-1.4\ngarbage'), 'x.pdf')
    expect(result.said).toEqual(['corrupt pdf'])
  })

  it.skipIf(!has('qpdf'))(
    'says how a file is encrypted, opens it with a password, and reads it without where it may',
    async () => {
      const plain = { 'in.pdf': pdfOf(show('sealed words'), { objects: [INFO] }) }
      for (const [bits, extra, said] of [
        ['128', ['--use-aes=n'], 'encrypted RC4-128'],
        ['128', ['--use-aes=y'], 'encrypted AES-128'],
        ['256', [], 'encrypted AES-256'],
      ] as const) {
        const sealed = made(
          'qpdf',
          ['--allow-weak-crypto', '--encrypt', 'sesame', 'owner', bits, ...extra, '--', 'in.pdf', 'out.pdf'],
          plain,
          'out.pdf',
        )
        expect((await read(sealed, 'x.pdf')).said).toEqual([said])
        const opened = await read(sealed, 'x.pdf', { passwords: ['wrong', 'sesame'] })
        expect(opened.text).toContain('sealed words')
        expect(opened.traits).toContain('opened-with-password')
      }
      const open = made('qpdf', ['--encrypt', '', 'owner', '256', '--', 'in.pdf', 'out.pdf'], plain, 'out.pdf')
      const result = await read(open, 'x.pdf')
      expect(result.text).toContain('sealed words')
      expect(result.said).toEqual([])
    },
  )
})
