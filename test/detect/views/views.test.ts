import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { detectIn, engineRules, summary } from '../engine-rules.ts'

const rules = engineRules()
const CARD = '4344661616878795'
const b64 = (text: string | Buffer) => Buffer.from(text).toString('base64')
const base32 = (text: string) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')
}
const each = (map: (digit: string) => string, joined = '') => [...CARD].map(map).join(joined)
const groups = (separator: string) => CARD.replace(/(.{4})(?=.)/g, `$1${separator}`)
const english = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
const word = (digit: string) => english[Number(digit)] ?? ''

/** Name, text, `via` of the one card in it. */
const hidden: readonly (readonly [string, string, string])[] = [
  ['plain', `card ${CARD} ok`, 'text'],
  ['full-width digits', each((d) => String.fromCharCode(0xff10 + Number(d))), 'unicode'],
  ['Arabic-Indic digits', each((d) => String.fromCharCode(0x660 + Number(d))), 'unicode'],
  ['Devanagari digits', `no ${each((d) => String.fromCharCode(0x966 + Number(d)))} end`, 'unicode'],
  ['mathematical digits', each((d) => String.fromCodePoint(0x1d7d8 + Number(d))), 'unicode'],
  ['circled digits', each((d) => (d === '0' ? '\u24ea' : String.fromCharCode(0x245f + Number(d)))), 'unicode'],
  ['non-breaking hyphens', groups('\u2011'), 'unicode'],
  ['thin spaces in groups', groups('\u2009'), 'unicode'],
  ['thin spaces between all', each((d) => d, '\u2009'), 'unicode>separators'],
  ['zero-width spaces', each((d) => d, '\u200b'), 'invisible'],
  ['soft hyphens', groups('\u00ad'), 'invisible'],
  ['keycaps', each((d) => `${d}\ufe0f\u20e3`), 'invisible'],
  ['struck through', each((d) => `${d}\u0336`), 'invisible'],
  ['tags between', each((d) => d, '\u{e0041}'), 'invisible'],
  ['single spaces between all', each((d) => d, ' '), 'separators'],
  ['hyphens between all', each((d) => d, '-'), 'separators'],
  ['dots in groups', groups('.'), 'separators'],
  ['slashes in groups', groups('/'), 'separators'],
  ['double spaces in groups', groups('  '), 'separators'],
  ['one digit a line', each((d) => d, '\n'), 'separators'],
  ['one digit a cell', each((d) => d, '\t'), 'separators'],
  ['decimal references', each((d) => `&#${d.charCodeAt(0)};`), 'html'],
  ['hexadecimal references', each((d) => `&#x${d.charCodeAt(0).toString(16)};`), 'html'],
  ['one reference', `43446616168787&#57;5`, 'html'],
  ['percent-encoded', each((d) => `%3${d}`), 'url'],
  ['percent-encoded twice', each((d) => `%253${d}`), 'url>url'],
  ['quoted-printable', each((d) => `=3${d}`), 'quoted-printable'],
  ['soft line break', `43446616=\r\n16878795`, 'quoted-printable'],
  ['unicode escapes', each((d) => `\\u003${d}`), 'escapes'],
  ['hex escapes', each((d) => `\\x3${d}`), 'escapes'],
  ['octal escapes', each((d) => `\\${d.charCodeAt(0).toString(8).padStart(3, '0')}`), 'escapes'],
  ['U+ notation', each((d) => `U+003${d}`, ' '), 'escapes'],
  ['JSON line break before', `{"note":"see\\n${CARD}"}`, 'text'],
  ['base64', `x ${b64(`my card is ${CARD}`)} y`, 'base64'],
  ['base64, the number alone', b64(CARD), 'base64'],
  ['base64 of base64', b64(b64(`the card ${CARD}`)), 'base64>base64'],
  ['base64, URL-safe', Buffer.from(`>>>???~~~ ${CARD}`).toString('base64url'), 'base64'],
  ['base64 with a foreign byte put in', b64(`my card is ${CARD} and more`).replace(/^(.{30})/, '$1*'), 'base64'],
  ['base64 with a foreign byte at its front', b64(`my card is ${CARD} and more`).replace(/^(.{5})/, '$1*'), 'base64'],
  ['base64 with a byte replaced', b64(`this is my very own card: ${CARD}`).replace(/^(.{10})./, '$1*'), 'base64'],
  [
    'base64 with two foreign bytes',
    b64(`my card is ${CARD} and more of it`).replace(/^(.{20})(.{18})/, '$1*$2~'),
    'base64',
  ],
  ['base64 of gzip of gzip', b64(gzipSync(gzipSync(`card ${CARD}`))), 'base64>gzip'],
  ['shown from right to left', `pay \u202e${[...CARD].reverse().join('')}\u202c now`, 'reversed'],
  ['superscript digits', each((d) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(d)] ?? ''), 'unicode'],
  [
    'base64, wrapped',
    b64(`long text before the card comes: ${CARD} and after it, too`).replace(/(.{40})/g, '$1\r\n'),
    'base64',
  ],
  [
    'base64, quoted',
    `> ${b64(`long text before the card comes: ${CARD} and after`).replace(/(.{40})/g, '$1\n> ')}`,
    'base64',
  ],
  ['data URI', `data:text/plain;base64,${b64(`card ${CARD}`)}`, 'base64'],
  ['UTF-16 in base64', b64(Buffer.from(`card ${CARD}`, 'utf16le')), 'base64'],
  ['gzip in base64', b64(gzipSync(`card ${CARD} in here`)), 'base64>gzip'],
  ['base32', base32(`card ${CARD}`), 'base32'],
  ['hex', Buffer.from(`card ${CARD}`).toString('hex'), 'hex'],
  ['hex in pairs', (Buffer.from(CARD).toString('hex').match(/../g) ?? []).join(' '), 'hex'],
  ['hex list', (Buffer.from(CARD).toString('hex').match(/../g) ?? []).map((h) => `0x${h}`).join(', '), 'hex'],
  ['decimal codes', [...Buffer.from(CARD)].join(', '), 'hex'],
  ['binary', [...Buffer.from(CARD)].map((b) => b.toString(2).padStart(8, '0')).join(' '), 'hex'],
  ['English words', each(word, ' '), 'words'],
  [
    'German words',
    each(
      (d) => ['null', 'eins', 'zwei', 'drei', 'vier', 'fünf', 'sechs', 'sieben', 'acht', 'neun'][Number(d)] ?? '',
      '-',
    ),
    'words',
  ],
  ['beside what is encoded', `see%20${CARD}%0Athen`, 'url'],
  ['negative circled digits', each((d) => (d === '0' ? '\u24ff' : String.fromCharCode(0x2775 + Number(d)))), 'unicode'],
  ['Braille blanks', groups('\u2800'), 'unicode'],
  ['interlinear annotation anchors', each((d) => d, '\ufff9'), 'invisible'],
  ['put together in a program', `const card = '${CARD.slice(0, 6)}' + '${CARD.slice(6)}'`, 'concatenation'],
  ['CSS escapes', each((d) => `\\00003${d}`), 'escapes'],
  ['short CSS escapes', each((d) => `\\3${d} `), 'escapes'],
  ['coloured on a terminal', groups('\x1b[1;31m'), 'escapes'],
  ['Chinese numerals', `卡号${each((d) => '〇一二三四五六七八九'[Number(d)] ?? '')}。`, 'unicode'],
  ['Chinese financial numerals', each((d) => '零壹贰叁肆伍陆柒捌玖'[Number(d)] ?? ''), 'unicode'],
  ['octal codes', [...Buffer.from(CARD)].map((b) => b.toString(8).padStart(3, '0')).join(' '), 'hex'],
  [
    'hex list over lines',
    (Buffer.from(CARD).toString('hex').match(/../g) ?? []).map((h) => `0x${h},`).join('\n    '),
    'hex',
  ],
  ['UTF-16 escaped', each((d) => `${d}\\x00`), 'escapes>escapes'],
  ['with backspaces', each((d) => `${d}x\b`), 'escapes'],
  ['dumped by xxd', dump(`this is the card ${CARD} and more`, '', ': '), 'hex'],
  ['dumped by hexdump', dump(`this is the card ${CARD} and more`, ' ', '  '), 'hex'],
  ['Ascii85', "x <~@psCg+>bl21c@6H2DI*L2`N`V2'?UN+DGo~> y", 'base85'],
]

/** Groups that may be strangers to each other, and numbers that may be valid backwards by chance. */
const doubtful: readonly (readonly [string, string, string])[] = [
  ['reversed', `no ${[...CARD].reverse().join('')} end`, 'reversed'],
  ['reversed in groups', [...groups(' ')].reverse().join(''), 'reversed'],
  ['wrapped in running text', `the card is ${CARD.slice(0, 9)}\r\n${CARD.slice(9)} and no other`, 'separators'],
  ['wrapped in a quotation', `> the card is ${CARD.slice(0, 8)}\n> ${CARD.slice(8)} and no other`, 'separators'],
  ['a list of strings', JSON.stringify(CARD.match(/.{4}/g), null, 4), 'separators'],
]

function dump(text: string, between: string, behindOffset: string): string {
  return (text.match(/.{1,16}/gs) ?? [])
    .map((line, i) => {
      const pairs = Buffer.from(line).toString('hex').match(/../g) ?? []
      const shown = between ? pairs.join(between) : (pairs.join('').match(/.{1,4}/g) ?? []).join(' ')
      return `${(i * 16).toString(16).padStart(8, '0')}${behindOffset}${shown}  ${line}`
    })
    .join('\n')
}

describe('views', () => {
  it.each(doubtful)('%s, which is less sure', (_, text, via) => {
    const found = detectIn(rules, text).matches.filter((match) => match.detector === 'card')
    expect(summary(found)).toEqual([`card medium ${via} ${CARD}`])
  })

  it('map what was turned back to its own place', () => {
    const text = [...`über: the card number is ${CARD}, so far`].reverse().join('')
    const found = detectIn(rules, `before\n${text}\nbehind`).matches.filter((match) => match.detector === 'card')
    expect(found.map(({ via }) => via)).toEqual([['reversed']])
    const turned = [...CARD].reverse().join('')
    const bytes = Buffer.from(`before\n${text}\nbehind`)
    expect(bytes.toString('utf8', found[0]?.start, found[0]?.end)).toBe(turned)
  })

  it('leave numbers alone on their lines, prose with operators and broken dumps as they are', () => {
    const texts = [
      `${CARD.slice(0, 8)}\n${CARD.slice(8)}\n`,
      `"${CARD.slice(0, 8)} " + " ${CARD.slice(8)}"`,
      `00000000  34 33 34 34 36 36 31 36  |43446616|\n00000020  38 37 38 37 39 35 00 00\n`,
      `x <~not closed ${CARD.slice(0, 8)}`,
    ]
    for (const text of texts)
      expect(detectIn(rules, text).matches.filter(({ detector }) => detector === 'card')).toEqual([])
  })

  it.each(hidden)('%s', (_, text, via) => {
    const found = detectIn(rules, text).matches.filter((match) => match.detector === 'card')
    expect(summary(found)).toEqual([`card high ${via} ${CARD}`])
    const [match] = found
    const shown = Buffer.from(text).subarray(match?.start, match?.end)
    expect(shown.length).toBeGreaterThanOrEqual(15)
    if (via === 'text') expect(shown.toString()).toBe(CARD)
  })
})
