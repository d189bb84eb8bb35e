import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MAP_MAX_CHARS } from '../../../src/extract/pdf/font-maps.ts'
import { PDF_TRAILERS_MAX } from '../../../src/extract/pdf/pdf-file.ts'
import { has, made, read } from '../formats/making.ts'
import { pdfOf, show, stream } from './making-pdf.ts'

const INFO = '<< /Title (t) >>'
const SECRET = 'card 4111 1111 1111 1111'
const hex = (text: string) => Buffer.from(text, 'utf16le').swap16().toString('hex')
const form = (program: string, more = '') =>
  stream(program, `/Type /XObject /Subtype /Form /BBox [0 0 600 800] ${more}`)
const FONTS = '/Resources << /Font << /F1 5 0 R >> >>'

/** Objects are numbered from 7 on. */
const hidden = (objects: readonly string[], extra: Parameters<typeof pdfOf>[1] = {}) =>
  pdfOf(show('page'), { ...extra, objects: [INFO, ...objects] })

/** Where the words of a file can be that no page shows, each as a file that has SECRET there alone. */
const places: readonly (readonly [string, () => Buffer])[] = [
  ['a stream that nothing refers to', () => hidden([stream(show(SECRET))])],
  [
    'a stream that nothing refers to, with a font of no name known',
    () => hidden([stream(show(SECRET).replace('F1', 'X9'))]),
  ],
  [
    'a page outside the page tree',
    () => hidden([`<< /Type /Page /MediaBox [0 0 9 9] /Contents 8 0 R ${FONTS} >>`, stream(show(SECRET))]),
  ],
  [
    'a page outside the page tree, without a type',
    () => hidden([`<< /Contents [8 0 R] ${FONTS} >>`, stream(show(SECRET))]),
  ],
  [
    'a tiling pattern',
    () =>
      hidden([stream(show(SECRET), `/Type /Pattern /PatternType 1 /BBox [0 0 9 9] ${FONTS}`)], {
        resources: '/Pattern << /P 7 0 R >>',
      }),
  ],
  [
    'a glyph of a Type 3 font',
    () =>
      hidden([
        `<< /Type /Font /Subtype /Type3 /CharProcs << /a 8 0 R >> ${FONTS} >>`,
        stream(`1 0 d0 ${show(SECRET)}`),
      ]),
  ],
  [
    'a soft mask',
    () =>
      hidden(['<< /Type /ExtGState /SMask << /S /Luminosity /G 8 0 R >> >>', form(show(SECRET), FONTS)], {
        resources: '/ExtGState << /G 7 0 R >>',
      }),
  ],
  ['a form that is not drawn', () => hidden([form(show(SECRET), FONTS)], { resources: '/XObject << /X 7 0 R >>' })],
  [
    'an appearance of a state that is not on',
    () =>
      hidden(
        [
          '<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /AS /Off /AP << /N << /On 8 0 R >> >> >>',
          form(show(SECRET), FONTS),
        ],
        { page: '/Annots [7 0 R]' },
      ),
  ],
  [
    'an appearance for a pressed button',
    () =>
      hidden(['<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /AP << /D 8 0 R >> >>', form(show(SECRET), FONTS)], {
        page: '/Annots [7 0 R]',
      }),
  ],
  [
    'the default value of a field',
    () => hidden([`<< /FT /Tx /T (x) /DV (${SECRET}) >>`], { catalog: '/AcroForm << /Fields [7 0 R] >>' }),
  ],
  [
    'the tool tip of a field',
    () => hidden([`<< /FT /Tx /T (x) /TU (${SECRET}) >>`], { catalog: '/AcroForm << /Fields [7 0 R] >>' }),
  ],
  [
    'options of a choice',
    () => hidden([`<< /FT /Ch /T (x) /Opt [(${SECRET}) [(a) (b)]] >>`], { catalog: '/AcroForm << /Fields [7 0 R] >>' }),
  ],
  [
    'actual text in a content stream',
    () => pdfOf(`/Span << /ActualText (${SECRET}) >> BDC ${show('x')} EMC`, { objects: [INFO] }),
  ],
  [
    'actual text in UTF-16',
    () => pdfOf(`/Span << /ActualText <FEFF${hex(SECRET)}> >> BDC ${show('x')} EMC`, { objects: [INFO] }),
  ],
  [
    'actual text by property list',
    () => hidden([`<< /ActualText (${SECRET}) >>`], { resources: '/Properties << /P0 7 0 R >>' }),
  ],
  [
    'alternative text of the structure',
    () =>
      hidden(['<< /Type /StructTreeRoot /K 8 0 R >>', `<< /S /Figure /Alt (${SECRET}) >>`], {
        catalog: '/StructTreeRoot 7 0 R',
      }),
  ],
  [
    'an expansion of the structure',
    () =>
      hidden(['<< /Type /StructTreeRoot /K [8 0 R] >>', `<< /S /Span /E (${SECRET}) >>`], {
        catalog: '/StructTreeRoot 7 0 R',
      }),
  ],
  ['a comment between objects', () => hidden([], { comment: `%${SECRET}\n` })],
  ['a comment in a dictionary', () => hidden([`<< /A 1 %${SECRET}\n /B 2 >>`])],
  ['a comment in a content stream', () => pdfOf(`${show('(a%b)')} %${SECRET}\n`, { objects: [INFO] })],
  ['bytes between objects', () => hidden([`<< >>\nendobj\n${SECRET}\n99 0 obj\n<< >>`])],
  ['bytes before the header', () => Buffer.concat([Buffer.from(`${SECRET}\n`), hidden([])])],
  ['the title of a bookmark that nothing lists', () => hidden([`<< /Title (${SECRET}) >>`])],
  ['the reason of a signature', () => hidden([`<< /Type /Sig /Reason (${SECRET}) /ByteRange [0 1 2 3] >>`])],
  ['a prefix of page labels', () => hidden([], { catalog: `/PageLabels << /Nums [0 << /P (${SECRET}) >>] >>` })],
  ['private data', () => hidden([], { catalog: `/PieceInfo << /App << /Private << /K (${SECRET}) >> >> >>` })],
  ['a key of private data', () => hidden(['<< /card#204111#201111#201111#201111 1 >>'])],
  ['the value of a key that is given twice', () => hidden([`<< /Contents (shown) /Contents (${SECRET}) >>`])],
  ['a script of a form', () => hidden([`<< /AA << /K << /S /JavaScript /JS (f("${SECRET}")) >> >> >>`])],
  ['a script in a stream', () => hidden(['<< /S /JavaScript /JS 8 0 R >>', stream(`var c = "${SECRET}";`)])],
  ['the parameters of a program to start', () => hidden([`<< /S /Launch /Win << /F (cmd) /P (${SECRET}) >> >>`])],
  ['a form to submit', () => hidden([`<< /S /SubmitForm /F << /FS /URL /F (https://x.example/?c=${SECRET}) >> >>`])],
  ['the description of a file', () => hidden([`<< /Type /Filespec /F (a) /Desc (${SECRET}) >>`])],
  [
    'a rich media setting',
    () =>
      hidden([`<< /Type /Annot /Subtype /RichMedia /RichMediaContent << /FlashVars (${SECRET}) >> >>`], {
        page: '/Annots [7 0 R]',
      }),
  ],
  [
    'the packet of a picture',
    () =>
      hidden([
        stream(
          `<x:xmpmeta xmlns:x="a"><dc:t xmlns:dc="d">${SECRET}</dc:t></x:xmpmeta>`,
          '/Type /Metadata /Subtype /XML',
        ),
      ]),
  ],
  [
    'an XFA form',
    () =>
      hidden([stream(`<xdp:xdp xmlns:xdp="x"><data>${SECRET}</data></xdp:xdp>`)], {
        catalog: '/AcroForm << /Fields [] /XFA 7 0 R >>',
      }),
  ],
  ['a stream of plain text', () => hidden([stream(`some words and ${SECRET}`)])],
  [
    'an object that another of its number replaces',
    () => hidden([`<< /Contents (${SECRET}) >>\nendobj\n7 0 obj\n<< >>`]),
  ],
  [
    'a picture that is text',
    () =>
      hidden(
        [
          stream(
            deflateSync(`words and ${SECRET}`).toString('latin1'),
            '/Subtype /Image /Width 9 /Height 9 /Filter /FlateDecode',
          ),
        ],
        {},
      ),
  ],
  ['content with the sizes of a picture', () => hidden([stream(show(SECRET), '/Width 9 /Height 9')])],
  [
    'an inline picture that is text',
    () => pdfOf(`${show('x')} BI /W 9 /H 9 ID words and ${SECRET} EI`, { objects: [INFO] }),
  ],
  ['a comment of a character map', () => hidden([stream(`/CIDInit begincmap\n%${SECRET}\nendcmap`)])],
  ['a comment of a function', () => hidden([stream(`{dup %${SECRET}\n}`, '/FunctionType 4')])],
  ['text without a font', () => pdfOf(show(SECRET).replace('/F1 12 Tf', ''), { objects: [INFO] })],
  ['a number', () => hidden(['<< /Private [(card) 4111111111111111] >>'])],
  [
    'actual text letter by letter',
    () =>
      pdfOf([...SECRET].map((char) => `/Span << /ActualText (${char}) >> BDC ${show('x')} EMC`).join(''), {
        objects: [INFO],
      }),
  ],
  [
    'boxes for one letter each',
    () => {
      const boxes = [...SECRET].map(
        (char, i) => `<< /Type /Annot /Subtype /Widget /FT /Tx /T (box${i}) /V (${char}) /Rect [0 0 9 9] >>`,
      )
      const all = `[${boxes.map((_, i) => `${7 + i} 0 R`).join(' ')}]`
      return hidden(boxes, { page: `/Annots ${all}`, catalog: `/AcroForm << /Fields ${all} >>` })
    },
  ],
  [
    'an object stream',
    () => {
      const object = `<< /Contents (${SECRET}) >>`
      return hidden([stream(`99 0 ${object}`, `/Type /ObjStm /N 1 /First 5`)])
    },
  ],
]

describe('words of a PDF that no page shows', () => {
  it.each(places)('are read: %s', async (_, make) => {
    const result = await read(make(), 'x.pdf')
    expect(result.text.replace(/\s+/g, '')).toContain(SECRET.replace(/\s+/g, ''))
    expect(result.said).toEqual([])
  })

  it('are not told twice where a page shows them', async () => {
    const file = pdfOf(`${show('once')} /X Do`, {
      resources: '/XObject << /X 7 0 R >>',
      objects: [INFO, form(show('in a form', 50, 100), FONTS), '<< /Title (once) >>'],
    })
    const { text, traits } = await read(file, 'x.pdf')
    expect(text.match(/once/g)).toHaveLength(1)
    expect(text.match(/in a form/g)).toHaveLength(1)
    expect([...traits]).toEqual([])
  })

  it('leave out what programs write by themselves', async () => {
    const { text } = await read(
      hidden([
        "<< /CreationDate (D:20260102030405+01'00') /DA (/Helv 12 Tf 0 g) /Dest (section.1.2) /CharSet (/A/B) /Lang (en-GB) >>",
        `<< /ID [<8d969eef6ecad3c29a3a629280e686cf> <0c3f5d12345678901234567890123456>] >>`,
        stream('q 1 0 0 1 2 3 cm 0 0 m 4 4 l S Q'),
        stream('1000 0 0 0 750 750 d1\nq 750 0 0 750 0 0 cm BI /W 2 /H 2 /BPC 1 ID xy EI Q'),
      ]),
      'x.pdf',
    )
    expect(text.trim()).toBe('page\nt\nx.pdf')
  })

  it('sets hidden-content for content that is nowhere shown', async () => {
    expect((await read(hidden([stream(show(SECRET))]), 'x.pdf')).traits).toContain('hidden-content')
  })
})

describe('what stands between the objects of a PDF', () => {
  it('is read behind the word trailer where no trailer follows', async () => {
    for (const words of [`% trailer 4111111111111111 here`, `trailer (${SECRET})`, `my trailer ${SECRET}`])
      expect((await read(pdfOf(show('page'), { comment: `${words}\n` }), 'x.pdf')).text).toMatch(
        /4111 ?1111 ?1111 ?1111/,
      )
  })

  it.each([
    [PDF_TRAILERS_MAX, []],
    [PDF_TRAILERS_MAX + 1, ['too-many pdf objects']],
  ])('is said to be more than may be past so many trailers: %i', async (count, said) => {
    const comment = 'trailer\n<< /Size 1 >>\n'.repeat(count - 1)
    expect((await read(pdfOf(show('page'), { comment }), 'x.pdf')).said).toEqual(said)
  })
})

describe('a trailer that only says that the file is enciphered', () => {
  const secret = deflateSync(show(SECRET)).toString('latin1')
  const file = hidden([stream(secret, '/Filter /FlateDecode'), `<< /Contents (${SECRET} too) >>`]).toString('latin1')
  const lying = (encrypt: string) =>
    Buffer.from(file.replace('xref\n0', `trailer\n<< /Encrypt ${encrypt} >>\nxref\n0`), 'latin1')

  it('hides nothing, and is told', async () => {
    const result = await read(lying('<< /Filter /Standard /V 1 /R 2 /O () /U () /P 0 >>'), 'x.pdf')
    expect(result.text).toContain(`${SECRET}\n`)
    expect(result.text).toContain(`${SECRET} too`)
    expect(result.said).toEqual(['partial encrypted pdf objects'])
  })

  it.skipIf(!has('qpdf'))('hides nothing where its password fits', async () => {
    const args = ['--allow-weak-crypto', '--static-id', '--encrypt', '', 'owner', '40', '--', 'a.pdf', 'b.pdf']
    const sealed = made('qpdf', args, { 'a.pdf': hidden([]) }, 'b.pdf').toString('latin1')
    const encrypt = /<< \/Filter \/Standard.*?>>(?=\s*endobj)/s.exec(sealed)?.[0] ?? ''
    const id = /\/ID (\[.*?\])/s.exec(sealed)?.[1] ?? ''
    const result = await read(lying(`${encrypt} /ID ${id}`), 'x.pdf')
    expect(result.text).toContain(`${SECRET}\n`)
    expect(result.text).toContain(`${SECRET} too`)
    expect(result.said).toEqual([])
  })
})

describe('a PDF without its tables', () => {
  const plain = pdfOf(show(SECRET), { objects: [INFO] }).toString('latin1')

  it('is read where it has objects alone', async () => {
    const result = await read(Buffer.from(plain.split('xref\n')[0] ?? '', 'latin1'), 'x.pdf')
    expect(result.text).toContain(SECRET)
    expect(result.said).toEqual([])
  })

  it('is read as far as it goes, and said to be corrupt, where there is no catalog', async () => {
    const objects = plain.split('xref\n')[0]?.replace('/Catalog', '/Cotolog')
    const result = await read(Buffer.from(objects ?? '', 'latin1'), 'x.pdf')
    expect(result.text).toContain(SECRET)
    expect(result.said).toContain('corrupt pdf')
  })
})

describe('embedded files of a PDF', () => {
  const attached = (data: string, filter = '') => [
    '<< /Type /Filespec /F (note.txt) /EF << /F 8 0 R >> >>',
    stream(data, `/Type /EmbeddedFile ${filter}`),
  ]

  it.each([
    ['associated with the document', '/AF [7 0 R]'],
    ['that nothing lists', ''],
  ])('are read: %s', async (_, catalog) => {
    const result = await read(hidden(attached(SECRET), { catalog }), 'x.pdf')
    expect(result.textOf('note.txt')).toBe(SECRET)
    expect(result.traits).toContain('hidden-content')
  })

  it('are read once where the document lists them', async () => {
    const catalog = '/AF [7 0 R] /Names << /EmbeddedFiles << /Names [(note.txt) 7 0 R] >> >>'
    const packed = deflateSync(SECRET).toString('latin1')
    const result = await read(hidden(attached(packed, '/Filter /FlateDecode'), { catalog }), 'x.pdf')
    expect(result.paths.filter((path) => path !== '')).toEqual(['note.txt'])
    expect(result.textOf('note.txt')).toBe(SECRET)
  })

  it('are told where their filter is unknown', async () => {
    const result = await read(hidden(attached('abc', '/Filter /NoSuchDecode')), 'x.pdf')
    expect(result.said).toContain('unsupported attachment')
  })
})

describe.skipIf(!has('qpdf'))('unseen words of an encrypted PDF', () => {
  const file = hidden([`<< /Type /Annot /Contents (${SECRET}) /NM (${SECRET}) >>`, stream(show('orphaned words'))], {
    catalog: '/Keep [7 0 R 8 0 R]',
  })

  it.each([
    ['RC4, 40 bits', ['40']],
    ['RC4, 128 bits', ['128', '--use-aes=n']],
    ['AES, 128 bits', ['128', '--use-aes=y']],
    ['AES, 256 bits', ['256']],
    ['AES, 256 bits, revision 5', ['256', '--force-R5']],
  ])('are read: %s', async (_, [bits = '', ...options]) => {
    for (const [user, objects] of [
      ['', 'generate'],
      ['', 'disable'],
      ['sesame', 'disable'],
    ] as const) {
      const args = [
        '--allow-weak-crypto',
        `--object-streams=${objects}`,
        '--encrypt',
        user,
        'owner',
        bits,
        ...options,
        '--',
        'a.pdf',
        'b.pdf',
      ]
      const sealed = made('qpdf', args, { 'a.pdf': file }, 'b.pdf')
      const result = await read(sealed, 'x.pdf', { passwords: ['sesame'] })
      expect(result.text).toContain(SECRET)
      expect(result.text).toContain('orphaned words')
      expect(result.said).toEqual([])
    }
  })

  it('are read with the password of the owner', async () => {
    for (const bits of ['128', '256']) {
      const args = ['--allow-weak-crypto', '--encrypt', 'user', 'owner', bits, '--', 'a.pdf', 'b.pdf']
      const result = await read(made('qpdf', args, { 'a.pdf': file }, 'b.pdf'), 'x.pdf', { passwords: ['owner'] })
      expect(result.text).toContain(SECRET)
    }
  })
})

describe('fonts that say one thing and show another', () => {
  const map = (lines: string) => stream(`begincmap ${lines} endcmap`)
  const withFont = (text: string, font: string, objects: readonly string[]) =>
    pdfOf(show(text).replace('/F1', '/F2'), {
      objects: [INFO, `<< /Type /Font ${font} >>`, ...objects],
      fonts: '/F2 7 0 R',
    })
  const digits = [...'0123456789']

  it.each([
    ['by characters', `10 beginbfchar ${digits.map((_, i) => `<3${i}> <006${i}>`).join(' ')} endbfchar`],
    ['by a range', '1 beginbfrange <30> <39> <0061> endbfrange'],
    ['by a list', `1 beginbfrange <30> <39> [${digits.map(() => '<0020>').join(' ')}] endbfrange`],
  ])('are read both ways: %s', async (_, lines) => {
    const font = '/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 8 0 R'
    const result = await read(withFont(SECRET, font, [map(lines)]), 'x.pdf')
    expect(result.text).toContain(SECRET)
    expect(result.traits).toContain('hidden-content')
  })

  it('are read once where map and encoding agree, or the font has an encoding of its own', async () => {
    for (const font of [
      '/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 8 0 R',
      '/Subtype /TrueType /BaseFont /ABCDEF+X /ToUnicode 8 0 R /FontDescriptor << /FontFile2 8 0 R >>',
    ]) {
      const first = font.includes('WinAnsi') ? '0030' : '0061'
      const file = withFont('4111 1111', font, [map(`1 beginbfrange <30> <39> <${first}> endbfrange`)])
      expect([...(await read(file, 'x.pdf')).traits]).toEqual([])
    }
  })

  it('are read both ways however long the map is', async () => {
    const font = '/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding /ToUnicode 8 0 R'
    for (const length of [MAP_MAX_CHARS, MAP_MAX_CHARS + 1]) {
      const program = 'begincmap 1 beginbfrange <30> <39> <0061> endbfrange endcmap'.padEnd(length, ' ')
      const { text, traits } = await read(withFont(SECRET, font, [stream(program)]), 'x.pdf')
      expect(text).toContain(SECRET)
      expect(traits).toContain('hidden-content')
    }
  })

  it('are read where glyphs are named with their shape', async () => {
    const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
    const glyphs = names.map((name) => `/${name}.oldstyle`).join(' ')
    const font = `/Subtype /Type1 /BaseFont /Helvetica /Encoding << /Differences [65 ${glyphs}] >>`
    const coded = [...'4111111111111111'].map((digit) => String.fromCharCode(65 + Number(digit))).join('')
    expect((await read(withFont(coded, font, []), 'x.pdf')).text).toContain('4111111111111111')
  })

  it('have their pages looked at where most characters of the text are none', async () => {
    const glyphs = Array.from({ length: 12 }, (_, i) => `/g${i}`).join(' ')
    const font = `/Subtype /TrueType /BaseFont /ABCDEF+X /Encoding << /Differences [1 ${glyphs}] >>`
    const codes = Array.from({ length: 12 }, (_, i) => String.fromCharCode(i + 1)).join('')
    const escaped = codes.replace(/[\n\r]/g, (code) => (code === '\n' ? '\\n' : '\\r'))
    expect((await read(withFont(escaped, font, []), 'x.pdf')).said).toEqual(['not-readable font without characters'])
    // A few signs among words are bullets.
    expect((await read(withFont(`${'words '.repeat(30)}\x01\x02`, font, []), 'x.pdf')).said).toEqual([])
  })

  it('are said not to be readable where nothing tells their characters', async () => {
    const font = '/Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [8 0 R]'
    const own =
      '<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>'
    const program = 'BT /F2 12 Tf 50 700 Td <00170014> Tj ET'
    const file = pdfOf(program, { objects: [INFO, `<< /Type /Font ${font} >>`, own], fonts: '/F2 7 0 R' })
    expect((await read(file, 'x.pdf')).said).toEqual(['not-readable font without characters'])
  })
})
