import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decompressRtf } from '../../../src/extract/office/compressed-rtf.ts'
import { readIwa, unsnappy } from '../../../src/extract/office/iwa-archive.ts'
import { iwaStrings } from '../../../src/extract/office/iwa-strings.ts'
import { iwaTables } from '../../../src/extract/office/iwa-tables.ts'
import { openHeader } from '../../../src/extract/office/legacy-ciphers.ts'
import { filesInOneNote, prefixedTexts } from '../../../src/extract/office/onenote-values.ts'
import { readRtf } from '../../../src/extract/office/rtf-reader.ts'
import { decompressVba } from '../../../src/extract/office/vba-project.ts'
import { inflateVisio } from '../../../src/extract/office/visio-binary.ts'
import { wordPerfect5Text, wordPerfect6Text } from '../../../src/extract/office/wordperfect-text.ts'
import { passwordsInText } from '../../../src/extract/passwords-in-text.ts'
import { isEmptyArchive, isVolume, isWholeArchive } from '../../../src/extract/readers/archive-shape.ts'
import { readBinaryPlist } from '../../../src/extract/readers/binary-plist.ts'
import { carveLatin, carveUtf16 } from '../../../src/extract/readers/carve-strings.ts'
import { childNamed, openCompoundFile } from '../../../src/extract/readers/compound-file.ts'
import { emfWords, wmfWords } from '../../../src/extract/readers/metafile-text.ts'
import { pictureTexts } from '../../../src/extract/readers/picture-texts.ts'
import { readZipDirectory } from '../../../src/extract/readers/zip-directory.ts'
import { docxOf, oleOf, read, zipOf } from './making.ts'

/** Whatever the bytes are, the extractor answers; what it could not read it says. */
const samples: readonly [string, Buffer][] = [
  [
    'x.zip',
    zipOf([
      { name: 'a.txt', data: 'text' },
      { name: 'b/c.txt', data: 'more text'.repeat(50) },
    ]),
  ],
  ['x.docx', docxOf('<w:p><w:r><w:t>text</w:t></w:r></w:p>', { 'word/comments.xml': '<w:comments xmlns:w="w"/>' })],
  [
    'x.doc',
    oleOf({
      WordDocument: Buffer.alloc(2048, 1),
      '1Table': Buffer.alloc(512, 2),
      ObjectPool: { _1: { Package: Buffer.alloc(99) } },
    }),
  ],
  ['x.xls', oleOf({ Workbook: Buffer.from('090808000006050000000000fc000800ffffffffffffffff'.repeat(20), 'hex') })],
  [
    'x.ppt',
    oleOf({
      'PowerPoint Document': Buffer.from('0f00a00f40000000'.repeat(30), 'hex'),
      Pictures: Buffer.alloc(200, 0xf0),
    }),
  ],
  ['x.msg', oleOf({ '__properties_version1.0': Buffer.alloc(64), '__substg1.0_10090102': Buffer.alloc(80, 3) })],
  [
    'x.rtf',
    Buffer.from('{\\rtf1{\\fonttbl{\\f0 A;}}{\\object{\\*\\objdata 0105000002000000}}\\u9999?{\\pict\\bin20 x}\\par}'),
  ],
  ['x.tnef', Buffer.from(`789f3e220100${'0103900600ffffff7f'.repeat(9)}`, 'hex')],
  [
    'x.wpd',
    Buffer.concat([Buffer.from('ff5750431000000001 0a0201000000'.replace(/ /g, ''), 'hex'), Buffer.alloc(300, 0xd0)]),
  ],
  ['x.vsd', oleOf({ VisioDocument: Buffer.alloc(600, 6) })],
  ['x.pub', oleOf({ Quill: { QuillSub: { CONTENTS: Buffer.from('CHNKINK TEXT'.repeat(40)) } } })],
]

describe('hostile input ends in an answer', () => {
  it.each(samples)('%s, cut and overwritten anywhere', async (name, bytes) => {
    for (let at = 1; at < bytes.length; at += Math.max(1, Math.floor(bytes.length / 40))) {
      const cut = await read(bytes.subarray(0, at), name)
      expect(cut.paths.length).toBeGreaterThan(0)
      const changed = Buffer.from(bytes)
      changed.fill(0xff, at, Math.min(changed.length, at + 4))
      const answer = await read(changed, name)
      expect(answer.paths.length).toBeGreaterThan(0)
    }
  })

  it('decoders take any bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 600 }).map((a) => Buffer.from(a))
    fc.assert(
      fc.property(bytes, (input) => {
        inflateVisio(input, 10_000)
        unsnappy(input, 10_000)
        readIwa(input, 10_000)
        iwaStrings([{ id: 1, type: 1, data: input }])
        iwaTables([{ id: 1, type: 6001, data: input }])
        readBinaryPlist(Buffer.concat([input, Buffer.alloc(40)]))
        filesInOneNote(input, 10)
        prefixedTexts(input, [])
        openHeader(Buffer.concat([Buffer.from([2, 0, 2, 0]), input, Buffer.alloc(60)]), 'sesame')
        passwordsInText(input.toString('latin1'))
        for (const mark of ['7z\xbc\xaf\x27\x1c', 'Rar!\x1a\x07\x01\0', '!<arch>\n', '070701', 'MSCF']) {
          const archive = Buffer.concat([Buffer.from(mark, 'latin1'), input])
          isVolume(archive)
          isEmptyArchive(archive)
          isWholeArchive(archive)
        }
        decompressVba(Buffer.concat([Buffer.from([1]), input]), 0)
        decompressRtf(input, 10_000)
        readRtf(input)
        wordPerfect5Text(input)
        wordPerfect6Text(input)
        carveLatin(input)
        carveUtf16(input)
        emfWords(input)
        wmfWords(input)
        readZipDirectory(
          Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), input, Buffer.from('PK\x05\x06', 'latin1'), input]),
        )
        for (const type of ['image/png', 'image/jpeg', 'image/gif']) pictureTexts(input, type)
      }),
      { numRuns: 300 },
    )
  })

  it('compound files that point in circles are finite', () => {
    const file = oleOf({ a: Buffer.alloc(9000, 1), b: { c: Buffer.alloc(9000, 2) } })
    fc.assert(
      fc.property(
        fc.integer({ min: 28, max: file.length - 4 }),
        fc.constantFrom(0, 1, 2, 3, 0xfffffffe),
        (at, value) => {
          const broken = Buffer.from(file)
          broken.writeUInt32LE(value, at)
          const opened = openCompoundFile(broken)
          for (const name of ['a', 'b']) childNamed(opened?.root ?? emptyRoot, name)?.read()
        },
      ),
      { numRuns: 500 },
    )
  })

  it('archives nested without end stop at the depth', async () => {
    let file = zipOf([{ name: 'core.txt', data: 'core' }])
    for (let i = 0; i < 30; i++) file = zipOf([{ name: `n${i}.zip`, data: file, store: true }])
    const result = await read(file, 'x.zip')
    expect(result.reasons).toContain('too-deep')
    expect(result.text).not.toContain('core\n')
  })

  it('many small bombs cost what one big one may', async () => {
    const bomb = Buffer.alloc(4 * 1024 * 1024)
    const items = Array.from({ length: 40 }, (_, i) => ({ name: `${i}.bin`, data: bomb }))
    const result = await read(zipOf(items), 'x.zip', { limits: { inflatedMaxBytes: 20 * 1024 * 1024 } })
    expect(result.reasons).toContain('too-large')
    expect(result.paths.length).toBeLessThan(10)
  })

  it('an RTF of control words and stray closers is read to its end', async () => {
    const result = await read(Buffer.from(`{\\rtf1 ${'\\b\\i}{\\v0'.repeat(50_000)} end of it}`), 'x.rtf')
    expect(result.text).toContain('end of it')
  })
})

const emptyRoot = { name: '', isStorage: true, clsid: '', size: 0, children: [], read: () => Buffer.alloc(0) }
