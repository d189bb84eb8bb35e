import iconv from 'iconv-lite'

/** Windows code pages as Office and Outlook number them, decoded by iconv-lite. Unknown ones are read as 1252. */
export function decodeCodePage(bytes: Uint8Array, page: number): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (page === 1200) return buffer.toString('utf16le')
  if (page === 65001) return buffer.toString('utf8')
  if (page === 20127 || page === 0) return iconv.decode(buffer, 'windows-1252')
  const name = NAMES[page] ?? (iconv.encodingExists(`cp${page}`) ? `cp${page}` : 'windows-1252')
  return iconv.decode(buffer, name)
}

const NAMES: Readonly<Record<number, string>> = {
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  10000: 'macroman',
  10001: 'shift_jis',
  10006: 'macgreek',
  10007: 'maccyrillic',
  10029: 'maccenteuro',
  20866: 'koi8-r',
  21866: 'koi8-u',
  28591: 'iso-8859-1',
  28592: 'iso-8859-2',
  28595: 'iso-8859-5',
  28605: 'iso-8859-15',
  50220: 'shift_jis',
  51932: 'euc-jp',
  51949: 'euc-kr',
  54936: 'gb18030',
}

/** Code pages by the character set of a font, as RTF (`\fcharset`), metafiles and Word number them ([MS-WMF] 2.1.1.5). */
export const CHARSET_PAGES: Readonly<Record<number, number>> = {
  0: 1252,
  2: 1252,
  77: 10000,
  128: 932,
  129: 949,
  130: 949,
  134: 936,
  136: 950,
  161: 1253,
  162: 1254,
  163: 1258,
  177: 1255,
  178: 1256,
  186: 1257,
  204: 1251,
  222: 874,
  238: 1250,
  254: 437,
  255: 850,
}
