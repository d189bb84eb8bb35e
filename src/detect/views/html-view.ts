/** Character references (HTML Living Standard 13.5) that are left in a text: numeric ones, and names of common ASCII. */
import type { View } from './view.ts'

// biome-ignore format: a table reads better in rows
const NAMES: Readonly<Record<string, string | undefined>> = {
  amp: '&', apos: "'", ast: '*', bsol: '\\', colon: ':', comma: ',', commat: '@', dash: '-', dollar: '$', emsp: ' ',
  ensp: ' ', equals: '=', excl: '!', gt: '>', hyphen: '-', lbrack: '[', lowbar: '_', lpar: '(', lsqb: '[', lt: '<',
  mdash: '-', nbsp: ' ', ndash: '-', newline: '\n', num: '#', percnt: '%', period: '.', plus: '+', quot: '"',
  rpar: ')', rsqb: ']', semi: ';', shy: '', sol: '/', tab: '\t', thinsp: ' ', verbar: '|', zwj: '', zwnj: '',
}

export const htmlView: View = {
  name: 'html',
  triggers: [{ regex: '&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,7});?', boundary: 'none' }],
  edit(text, start, end) {
    const reference = text.toString('latin1', start + 1, text[end - 1] === 0x3b ? end - 1 : end)
    const decoded = reference.startsWith('#') ? numeric(reference) : NAMES[reference.toLowerCase()]
    return decoded === undefined ? null : { start, end, replacement: Buffer.from(decoded) }
  },
}

function numeric(reference: string): string | undefined {
  const hex = /^#x/i.test(reference)
  const code = Number.parseInt(reference.slice(hex ? 2 : 1), hex ? 16 : 10)
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : undefined
}
