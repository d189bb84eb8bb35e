import { describe, expect, it } from 'vitest'
import { sniff } from '../../src/extract/sniff.ts'

/** A stored zip of empty entries, or of one entry with content, by APPNOTE 4.3. */
function zip(names: readonly string[], content = ''): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let at = 0
  for (const [i, name] of names.entries()) {
    const data = Buffer.from(i === 0 ? content : '')
    const local = Buffer.alloc(30)
    local.write('PK\x03\x04', 'latin1')
    local.writeUInt32LE(data.length, 18)
    local.writeUInt32LE(data.length, 22)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.write('PK\x01\x02', 'latin1')
    central.writeUInt16LE(name.length, 28)
    central.writeUInt32LE(at, 42)
    locals.push(local, Buffer.from(name), data)
    centrals.push(central, Buffer.from(name))
    at += 30 + name.length + data.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(names.length, 8)
  end.writeUInt16LE(names.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}

const office = 'application/vnd.openxmlformats-officedocument.'
const bytes = (text: string) => Buffer.from(text, 'latin1')

const diskImageTrailer = Buffer.concat([bytes('koly\0\0\0\x04\0\0\x02\0'), Buffer.alloc(500)])

describe('true type by content', () => {
  it.each<[string, Buffer, string]>([
    ['zip', zip(['a.txt']), 'application/zip'],
    ['docx', zip(['[Content_Types].xml', 'word/document.xml']), `${office}wordprocessingml.document`],
    ['xlsx', zip(['[Content_Types].xml', 'xl/workbook.xml']), `${office}spreadsheetml.sheet`],
    ['xlsb', zip(['[Content_Types].xml', 'xl/workbook.bin']), 'application/vnd.ms-excel.sheet.binary.macroenabled.12'],
    ['pptx', zip(['[Content_Types].xml', 'ppt/presentation.xml']), `${office}presentationml.presentation`],
    [
      'odt',
      zip(['mimetype', 'content.xml'], 'application/vnd.oasis.opendocument.text'),
      'application/vnd.oasis.opendocument.text',
    ],
    ['epub', zip(['mimetype'], 'application/epub+zip'), 'application/epub+zip'],
    ['jar', zip(['META-INF/MANIFEST.MF']), 'application/java-archive'],
    ['zip behind a program', Buffer.concat([Buffer.alloc(300, 'x'), zip(['a.txt'])]), 'application/zip'],
    [
      'zip cut off',
      zip(['[Content_Types].xml', 'word/document.xml']).subarray(0, 120),
      `${office}wordprocessingml.document`,
    ],
    ['word of Windows 3', bytes('\xdb\xa5\x2d\0\x31\x40'), 'application/msword'],
    ['lotus 1-2-3 since 97', bytes('\0\0\x1a\0\x05\x10\x04\0\0\0\0\0'), 'application/vnd.lotus-1-2-3'],
    ['pdf', bytes('%PDF-1.7\n'), 'application/pdf'],
    ['pdf behind rubbish', bytes(`${'x\n'.repeat(100)}%PDF-1.7\n`), 'application/pdf'],
    ['gzip', bytes('\x1f\x8b\x08\x00'), 'application/gzip'],
    ['png', bytes('\x89PNG\r\n\x1a\n'), 'image/png'],
    ['rtf', bytes('{\\rtf1 x}'), 'text/rtf'],
    ['tnef', bytes('\x78\x9f\x3e\x22\x00\x00'), 'application/vnd.ms-tnef'],
    ['html', bytes('\n<!DOCTYPE html><p>x'), 'text/html'],
    ['html without a frame', bytes('<p class="x">hello</p>'), 'text/html'],
    ['xml', bytes('<?xml version="1.0"?><a/>'), 'application/xml'],
    ['svg', bytes('<?xml version="1.0"?><svg xmlns="x"/>'), 'image/svg+xml'],
    ['json', bytes('{"a": 1}'), 'application/json'],
    ['json in UTF-16', Buffer.from('\ufeff{"a": 1}', 'utf16le'), 'application/json'],
    ['mail', bytes('From: a@b\r\nSubject: x\r\n\r\ny'), 'message/rfc822'],
    ['mail behind blank lines', bytes('   \r\n\r\nFrom: a@b\r\nSubject: x\r\n\r\ny'), 'message/rfc822'],
    [
      'a part of a mail',
      bytes('Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\ncGxhaW4='),
      'message/rfc822',
    ],
    ['text with one field of mail', bytes('Content-Type: text/plain\nX-Other: 1\n\nwords'), 'text/plain'],
    [
      'PKCS #12 with lengths left open',
      Buffer.from('3080020103308006092a864886f70d010701a080040100000000000000000000', 'hex'),
      'application/x-pkcs12',
    ],
    ['mailbox', bytes('From a@b Mon Oct 5 09:00:00 2026\nSubject: x\n\ny'), 'application/mbox'],
    ['contact', bytes('BEGIN:VCARD\r\nFN:x'), 'text/vcard'],
    ['calendar', bytes('BEGIN:VCALENDAR\r\n'), 'text/calendar'],
    ['form', bytes('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--'), 'multipart/form-data'],
    ['text', bytes('Hello: this is text\nwith lines'), 'text/plain'],
    ['text that begins like a program', bytes('MZ is the first thing that a program says'), 'text/plain'],
    ['disk image', Buffer.concat([Buffer.alloc(600), diskImageTrailer]), 'application/x-apple-diskimage'],
    ['text with the trailer of one', Buffer.concat([bytes('a,b\n'.repeat(3000)), diskImageTrailer]), 'text/plain'],
    ['nothing', bytes(''), 'application/x-empty'],
  ])('%s', async (_name, content, type) => {
    expect((await sniff({ bytes: content, filename: null })).type).toBe(type)
  })

  it.each([
    ['csv by its name', 'a.csv', null, 'a,b\nc,d', 'text/csv'],
    ['csv by what is said', null, 'text/csv', 'a,b\nc,d', 'text/csv'],
    ['no JSON, whatever the name', 'a.json', null, 'hello', 'text/plain'],
    ['HTML that is declared', null, 'text/html', 'just words', 'text/html'],
  ] as const)('%s', async (_name, filename, declaredType, content, type) => {
    expect((await sniff({ bytes: bytes(content), filename, declaredType })).type).toBe(type)
  })

  it('a picture with an archive behind it is both', async () => {
    const sniffed = await sniff({
      bytes: Buffer.concat([bytes('\xff\xd8\xff\xe0 picture'), zip(['a.txt'])]),
      filename: 'a.jpg',
    })
    expect(sniffed).toEqual({ type: 'image/jpeg', also: ['application/zip'] })
  })
})
