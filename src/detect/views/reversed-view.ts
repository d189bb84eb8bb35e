/** Tokens and spaced numbers written backwards. */
import type { Edit, View } from './view.ts'

/** Longer runs are no single key or number. */
const TOKEN_LENGTH_MAX = 256

export const reversedView: View = {
  name: 'reversed',
  strongOnly: true,
  triggers: [{ regex: '[0-9](?:[ -]?[0-9]){11,33}', boundary: 'word' }],
  edit: reversed,
  token(text, { start, end, digit }) {
    return digit && end - start <= TOKEN_LENGTH_MAX ? { end, edit: reversed(text, start, end) } : null
  },
}

function reversed(text: Buffer, start: number, end: number): Edit {
  return { start, end, replacement: Buffer.from(text.subarray(start, end)).reverse(), backward: true }
}
