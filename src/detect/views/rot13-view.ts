/** Letters turned by thirteen, in tokens that mix letters and digits as keys and account numbers do. */
import type { View } from './view.ts'

export const rot13View: View = {
  name: 'rot13',
  strongOnly: true,
  triggers: [{ regex: '[0-9A-Za-z_+/.=-]{15,128}', boundary: 'word' }],
  edit(text, start, end) {
    const source = text.toString('latin1', start, end)
    if (!/[0-9]/.test(source) || !/[A-Za-z]{2}/.test(source)) return null
    return { start, end, replacement: Buffer.from(rot13(source), 'latin1') }
  },
}

export function rot13(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => {
    const base = letter <= 'Z' ? 65 : 97
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base)
  })
}
