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
