/** Tokens and spaced numbers written backwards. */
import type { Edit, View } from './view.ts'

/** Longer runs are no single key or number. */
const TOKEN_LENGTH_MAX = 256

export const reversedView: View = {
  name: 'reversed',
  strongOnly: true,
  triggers: [{ regex: '[0-9](?:[ -]?[0-9]){11,33}', boundary: 'word' }],
  // One number in ten has a valid check digit backwards, too.
  edit: (text, start, end) => ({ ...reversed(text, start, end), doubtful: true }),
  token(text, { start, end, lower, upper, digit }) {
    if (!digit || end - start > TOKEN_LENGTH_MAX) return null
    const edit = reversed(text, start, end)
    return { end, edit: lower || upper ? edit : { ...edit, doubtful: true } }
  },
}

function reversed(text: Buffer, start: number, end: number): Edit {
  return { start, end, replacement: Buffer.from(text.subarray(start, end)).reverse(), backward: true }
}
