/**
 * Backslash escapes of programming languages, JSON (RFC 8259 section 7) and CSS (Syntax Level 3, section 4.3.7), runs of
 * `U+XXXX`, and what terminals act on and don't show: control sequences (ECMA-48), backspaces and zero bytes.
 */
import { runEnd } from './token-run.ts'
import { asUtf8 } from './url-view.ts'
import type { View } from './view.ts'

const HEX = '[0-9A-Fa-f]'
const CONTROL: Readonly<Record<string, string | undefined>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  "'": "'",
  '/': '/',
  '\\': '\\',
}

const CSS = `(?:\\\\${HEX}{6} ?){4,}|(?:\\\\${HEX}{1,5} ){4,}`
const CSS_RUN = new RegExp(`^(?:${CSS})$`)

const RUN = new RegExp(
  [
    CSS,
    `(?:\\\\u${HEX}{4})+`,
    `(?:\\\\u\\{${HEX}{1,6}\\})+`,
    `(?:\\\\U${HEX}{8})+`,
    `(?:\\\\x${HEX}{2})+`,
    '(?:\\\\[0-3][0-7]{2})+',
    `U\\+${HEX}{4,6}(?:[ ,;]{0,2}U\\+${HEX}{4,6})+`,
  ].join('|'),
  'y',
)

export const escapesView: View = {
  name: 'escapes',
  triggers: [
    { regex: `\\\\u${HEX}{4}|\\\\u\\{${HEX}{1,6}\\}|\\\\U${HEX}{8}`, boundary: 'none' },
    { regex: `\\\\x${HEX}{2}|\\\\[0-3][0-7]{2}`, boundary: 'none' },
    { regex: `\\\\${HEX}{2,5} \\\\${HEX}{2,5} \\\\`, boundary: 'none' },
    { regex: '\\\\[nrt"\'/\\\\]', boundary: 'none' },
    { regex: '\\x1b\\[[0-9;?]{0,16}[A-Za-z]|[^\\x08\\n]\\x08|\\x00+', boundary: 'none' },
    { regex: `U\\+${HEX}{4,6}[ ,;]{0,2}U\\+${HEX}{4}`, boundary: 'none' },
  ],
  edit(text, start, triggerEnd) {
    const end = runEnd(text, start, triggerEnd, RUN)
    const source = text.toString('latin1', start, end)
    const replacement = decode(source)
    return replacement ? { start, end, replacement } : null
  },
}

const NOTHING = Buffer.alloc(0)

function decode(source: string): Buffer | null {
  if (/^[\x00\x1b]|\x08$/.test(source)) return NOTHING
  if (CSS_RUN.test(source)) return fromCodes(source.match(/[0-9A-F]{1,6}/gi) ?? [])
  if (source.startsWith('U+')) return fromCodes(source.match(/[0-9A-F]{4,6}/gi) ?? [])
  const kind = source[1] ?? ''
  if (kind === 'u' || kind === 'U') {
    // Pairs of \uD8xx\uDCxx are one character, so the units go into a string before they become UTF-8.
    if (source[2] !== '{' && kind === 'u')
      return Buffer.from(
        String.fromCharCode(
          ...source
            .slice(2)
            .split('\\u')
            .map((hex) => Number.parseInt(hex, 16)),
        ),
      )
    return fromCodes(source.match(/[0-9A-F]{1,8}/gi) ?? [])
  }
  if (kind === 'x') return asUtf8(Buffer.from(source.replaceAll('\\x', ''), 'hex'))
  if (/[0-3]/.test(kind))
    return asUtf8(
      Buffer.from(
        source
          .slice(1)
          .split('\\')
          .map((octal) => Number.parseInt(octal, 8)),
      ),
    )
  const control = CONTROL[kind]
  return control === undefined ? null : Buffer.from(control)
}

function fromCodes(codes: readonly string[]): Buffer | null {
  const values = codes.map((hex) => Number.parseInt(hex, 16))
  return values.every((code) => code <= 0x10ffff) ? Buffer.from(String.fromCodePoint(...values)) : null
}
