/**
 * Text of WordPerfect documents, versions 5 and 6 on: printable bytes between function codes, each code stepped over by
 * its length. Extended characters of the common sets are mapped, others are left out. Linear; never throws.
 */
/** Bytes 1 to 32 of version 6. */
const INTERNATIONAL = 'åÅæÆäÄáàâãÃçÇëéÉèêíñÑøØõÕöÖüÜúùß'
/** Character set 1 from its 26th on. */
const MULTINATIONAL = 'ÁáÂâÄäÀàÅåÆæÇçÉéÊêËëÈèÍíÎîÏïÌìÑñÓóÔôÖöÒòÚúÛûÜüÙùŸÿÃãĐđØøÕõÝýÐðÞþĂăĀāĄąĆćČčĈĉĊċĎďĚěĖėĒēĘęĢģĞğ'
/** Lengths of the codes F0 to FF of version 6. */
const FIXED6 = [4, 5, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 8, 8, 1]
/** Lengths of the codes C0 to CF of version 5. */
const FIXED5 = [4, 9, 11, 3, 3, 5, 6, 7, 4, 5, 6, 6, 8, 8, 10, 10]

export function wordPerfect6Text(bytes: Buffer): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const code = bytes[at] ?? 0
    if (code >= 0xf0) {
      if (code === 0xf0) text += extended(bytes[at + 2] ?? 0, bytes[at + 1] ?? 0)
      at += FIXED6[code - 0xf0] ?? 1
    } else if (code >= 0xd0) {
      if (code === 0xd0) text += lineEnd(bytes[at + 1] ?? 0)
      if (code === 0xe0) text += '\t'
      const size = at + 4 <= bytes.length ? bytes.readUInt16LE(at + 2) : 0
      at += size >= 4 ? size : 1
    } else {
      text += single6(code)
      at += 1
    }
  }
  return text
}

function single6(code: number): string {
  if (code >= 0x21 && code <= 0x7e) return String.fromCharCode(code)
  if (code >= 1 && code <= 0x20) return INTERNATIONAL[code - 1] ?? ''
  switch (code) {
    case 0x80:
    case 0x81:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return ' '
    case 0x84:
      return '-'
    case 0x87:
    case 0x99:
    case 0xb7:
    case 0xb8:
    case 0xb9:
    case 0xc7:
    case 0xcc:
      return '\n'
    default:
      return ''
  }
}

/** Group D0: ends of lines, cells and rows. */
function lineEnd(subgroup: number): string {
  if (subgroup <= 3) return ' '
  return subgroup === 0x0a ? '\t' : '\n'
}

export function wordPerfect5Text(bytes: Buffer): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const code = bytes[at] ?? 0
    if (code >= 0xd0) {
      const size = at + 4 <= bytes.length ? bytes.readUInt16LE(at + 2) : 0
      at += 4 + size
    } else if (code >= 0xc0) {
      if (code === 0xc0) text += extended(bytes[at + 2] ?? 0, bytes[at + 1] ?? 0)
      at += FIXED5[code - 0xc0] ?? 1
    } else {
      if (code >= 0x20 && code <= 0x7e) text += String.fromCharCode(code)
      else if (code === 0x0a || code === 0x0c || code === 0x8c || code === 0x8d) text += '\n'
      else if (code === 0x0d || code === 0x0b || code === 0xa0) text += ' '
      else if (code === 0xa9 || code === 0xaa) text += '-'
      at += 1
    }
  }
  return text
}

function extended(set: number, code: number): string {
  switch (set) {
    case 0:
      return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : ''
    case 1:
      return code === 23 ? 'ß' : (MULTINATIONAL[code - 26] ?? '')
    case 4:
      return TYPOGRAPHIC[code] ?? ''
    default:
      return ''
  }
}

const TYPOGRAPHIC: Readonly<Record<number, string>> = {
  0: '●',
  1: '○',
  2: '■',
  3: '•',
  5: '¶',
  6: '§',
  7: '¡',
  8: '¿',
  9: '«',
  10: '»',
  11: '£',
  12: '¥',
  15: 'ª',
  16: 'º',
  17: '½',
  18: '¼',
  19: '¢',
  20: '²',
  22: '®',
  23: '©',
  25: '¾',
  26: '³',
  27: '‛',
  28: '’',
  29: '‘',
  30: '‟',
  31: '”',
  32: '“',
  33: '–',
  34: '—',
  56: '…',
  72: '€',
}
