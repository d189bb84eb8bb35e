/** Tokens and spaced numbers written backwards. */
import type { View } from './view.ts'

export const reversedView: View = {
  name: 'reversed',
  strongOnly: true,
  triggers: [
    { regex: '[0-9A-Za-z_+/.=-]{15,128}', boundary: 'word' },
    { regex: '[0-9](?:[ -]?[0-9]){11,33}', boundary: 'word' },
  ],
  edit(text, start, end) {
    const source = text.toString('latin1', start, end)
    return /[0-9]/.test(source)
      ? { start, end, replacement: Buffer.from([...source].reverse().join(''), 'latin1') }
      : null
  },
}
