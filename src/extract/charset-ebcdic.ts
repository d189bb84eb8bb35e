/**
 * EBCDIC code pages, which neither iconv-lite nor TextDecoder knows. One base table (code page 37) and what the national
 * pages change in it; the pages from 1140 on differ from their elders in the euro sign only. NEL (0x15) reads as LF.
 */
const base037 = [
  '\x00\x01\x02\x03\x9c\x09\x86\x7f\x97\x8d\x8e\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x9d\n\x08\x87\x18\x19\x92\x8f\x1c\x1d\x1e\x1f',
  '\x80\x81\x82\x83\x84\x0a\x17\x1b\x88\x89\x8a\x8b\x8c\x05\x06\x07\x90\x91\x16\x93\x94\x95\x96\x04\x98\x99\x9a\x9b\x14\x15\x9e\x1a',
  ' \xa0âäàáãåçñ¢.<(+|&éêëèíîïìß!$*);¬',
  '-/ÂÄÀÁÃÅÇÑ¦,%_>?øÉÊËÈÍÎÏÌ`:#@\'="',
  'Øabcdefghi«»ðýþ±°jklmnopqrªºæ¸Æ¤',
  'µ~stuvwxyz¡¿ÐÝÞ®^£¥·©§¶¼½¾[]¯¨´×',
  '{ABCDEFGHI\xadôöòóõ}JKLMNOPQR¹ûüùúÿ',
  '\\÷STUVWXYZ²ÔÖÒÓÕ0123456789³ÛÜÙÚ\x9f',
].join('')

const deltas: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  500: { 74: '[', 79: '!', 90: ']', 95: '^', 176: '¢', 186: '¬', 187: '|' },
  273: {
    67: '{',
    74: 'Ä',
    79: '!',
    89: '~',
    90: 'Ü',
    95: '^',
    99: '[',
    106: 'ö',
    124: '§',
    161: 'ß',
    176: '¢',
    181: '@',
    186: '¬',
    187: '|',
    188: '‾',
    192: 'ä',
    204: '¦',
    208: 'ü',
    220: '}',
    224: 'Ö',
    236: '\\',
    252: ']',
  },
  1026: {
    72: '{',
    74: 'Ç',
    79: '!',
    90: 'Ğ',
    91: 'İ',
    95: '^',
    104: '[',
    106: 'ş',
    121: 'ı',
    123: 'Ö',
    124: 'Ş',
    127: 'Ü',
    140: '}',
    141: '`',
    142: '¦',
    161: 'ö',
    172: ']',
    173: '$',
    174: '@',
    176: '¢',
    186: '¬',
    187: '|',
    192: 'ç',
    204: '~',
    208: 'ğ',
    220: '\\',
    224: 'ü',
    236: '#',
    252: '"',
  },
  424: {
    65: 'א',
    66: 'ב',
    67: 'ג',
    68: 'ד',
    69: 'ה',
    70: 'ו',
    71: 'ז',
    72: 'ח',
    73: 'ט',
    81: 'י',
    82: 'ך',
    83: 'כ',
    84: 'ל',
    85: 'ם',
    86: 'מ',
    87: 'ן',
    88: 'נ',
    89: 'ס',
    98: 'ע',
    99: 'ף',
    100: 'פ',
    101: 'ץ',
    102: 'צ',
    103: 'ק',
    104: 'ר',
    105: 'ש',
    113: 'ת',
    116: '\xa0',
    120: '‗',
  },
  875: {
    65: 'Α',
    66: 'Β',
    67: 'Γ',
    68: 'Δ',
    69: 'Ε',
    70: 'Ζ',
    71: 'Η',
    72: 'Θ',
    73: 'Ι',
    74: '[',
    79: '!',
    81: 'Κ',
    82: 'Λ',
    83: 'Μ',
    84: 'Ν',
    85: 'Ξ',
    86: 'Ο',
    87: 'Π',
    88: 'Ρ',
    89: 'Σ',
    90: ']',
    95: '^',
    98: 'Τ',
    99: 'Υ',
    100: 'Φ',
    101: 'Χ',
    102: 'Ψ',
    103: 'Ω',
    104: 'Ϊ',
    105: 'Ϋ',
    106: '|',
    112: '¨',
    113: 'Ά',
    114: 'Έ',
    115: 'Ή',
    116: '\xa0',
    117: 'Ί',
    118: 'Ό',
    119: 'Ύ',
    120: 'Ώ',
    128: '΅',
    138: 'α',
    139: 'β',
    140: 'γ',
    141: 'δ',
    142: 'ε',
    143: 'ζ',
    154: 'η',
    155: 'θ',
    156: 'ι',
    157: 'κ',
    158: 'λ',
    159: 'μ',
    160: '´',
    170: 'ν',
    171: 'ξ',
    172: 'ο',
    173: 'π',
    174: 'ρ',
    175: 'σ',
    176: '£',
    177: 'ά',
    178: 'έ',
    179: 'ή',
    180: 'ϊ',
    181: 'ί',
    182: 'ό',
    183: 'ύ',
    184: 'ϋ',
    185: 'ώ',
    186: 'ς',
    187: 'τ',
    188: 'υ',
    189: 'φ',
    190: 'χ',
    191: 'ψ',
    203: 'ω',
    204: 'ΐ',
    205: 'ΰ',
    206: '‘',
    207: '―',
    218: '±',
    219: '½',
    220: '\x1a',
    221: '·',
    222: '’',
    223: '¦',
    225: '\x1a',
    235: '§',
    236: '\x1a',
    237: '\x1a',
    238: '«',
    239: '¬',
    251: '©',
    252: '\x1a',
    253: '\x1a',
    254: '»',
  },
  1047: { 95: '^', 173: '[', 176: '¬', 186: 'Ý', 187: '¨', 189: ']' },
}

/** Elder page of each euro page, and pages close enough for letters and digits to be the same. */
const elders: Readonly<Record<string, string>> = { 1140: '37', 1141: '273', 1148: '500', 924: '1047' }

const NAME = /^(?:ibm|cp|x-ibm|ebcdic-cp-|ccsid|csibm|ebcdic-|x-ebcdic-)?-?0*(\d{2,4})(?:-?ebcdic)?$/
const aliases: Readonly<Record<string, string>> = {
  'ebcdic-cp-us': '37',
  'ebcdic-cp-ca': '37',
  'ebcdic-cp-wt': '37',
  'ebcdic-cp-nl': '37',
  'ebcdic-cp-be': '500',
  'ebcdic-cp-ch': '500',
  'ebcdic-int': '500',
  'ebcdic-us': '37',
  ebcdic: '37',
  'ebcdic-de': '273',
  'ebcdic-cp-he': '424',
  'ibm-1047_p100-1995': '1047',
}
const pages = new Map<string, string>()

/** Number of the code page that a charset name means, or null where it means none of EBCDIC. */
export function ebcdicPage(charset: string): string | null {
  const alias = aliases[charset]
  if (alias) return alias
  const number = NAME.exec(charset)?.[1]?.replace(/^0+/, '')
  if (number === undefined) return null
  const page = elders[number] ?? number
  return page === '37' || page in deltas ? page : null
}

/** Decodes by a page that `ebcdicPage` gave. */
export function decodeEbcdic(bytes: Uint8Array, page: string): string {
  const table = pageTable(page)
  const out: string[] = []
  for (let at = 0; at < bytes.length; at += 8192) {
    let piece = ''
    for (const byte of bytes.subarray(at, at + 8192)) piece += table[byte] ?? '\ufffd'
    out.push(piece)
  }
  return out.join('')
}

function pageTable(page: string): string {
  const known = pages.get(page)
  if (known !== undefined) return known
  const characters = [...base037]
  for (const [at, character] of Object.entries(deltas[page] ?? {})) characters[Number(at)] = character
  const table = characters.join('')
  pages.set(page, table)
  return table
}

/**
 * Whether bytes without a charset read as EBCDIC text: blanks at 0x40, lower-case letters and digits where EBCDIC has
 * them, hardly a byte that EBCDIC text does not use. Looks at 4 KiB.
 */
export function looksEbcdic(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 4096)
  if (sample.length < 8) return false
  let letters = 0
  let blanks = 0
  let odd = 0
  for (const byte of sample) {
    if (byte === 0x40) blanks++
    else if (isEbcdicLetterOrDigit(byte)) letters++
    else if (byte < 0x40 && byte !== 0x15 && byte !== 0x25 && byte !== 0x0d && byte !== 0x05 && byte !== 0x0c) odd++
    else if (byte === 0xff) odd++
  }
  return odd <= sample.length / 50 && letters >= sample.length * 0.6 && (blanks > 0 || letters > sample.length * 0.85)
}

function isEbcdicLetterOrDigit(byte: number): boolean {
  const low = byte & 0x0f
  const high = byte >> 4
  if (high === 0xf) return low <= 9
  if (high === 0x8 || high === 0x9 || high === 0xc || high === 0xd) return low >= 1 && low <= 9
  return (high === 0xa || high === 0xe) && low >= 2 && low <= 9
}
