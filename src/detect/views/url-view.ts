/** Percent-encoding (RFC 3986 section 2.1) and the `%uXXXX` of JavaScript's `escape`. Nesting is left to the next depth. */
import { runEnd } from './token-run.ts'
import type { View } from './view.ts'

export const urlView: View = {
  name: 'url',
  triggers: [{ regex: '%[0-9A-Fa-f]{2}|%u[0-9A-Fa-f]{4}', boundary: 'none' }],
  edit(text, start, triggerEnd) {
    const end = runEnd(text, start, triggerEnd, /(?:%[0-9A-Fa-f]{2})+|(?:%u[0-9A-Fa-f]{4})+/y)
    const source = text.toString('latin1', start, end)
    if (source[1] === 'u') {
      const decoded = source.replace(/%u(....)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      return { start, end, replacement: Buffer.from(decoded) }
    }
    return { start, end, replacement: asUtf8(Buffer.from(source.replaceAll('%', ''), 'hex')) }
  },
}

/** Bytes that are no UTF-8 are taken for Latin-1, so that one bad byte doesn't hide the rest. */
export function asUtf8(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('latin1'), 'utf8')
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes)
}
