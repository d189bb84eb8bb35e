/** Ascii85 between its marks `<~` and `~>` (PostScript Language Reference, 3rd edition, section 3.13.3). */
import { decodedText } from './decoded-text.ts'
import { runEnd } from './token-run.ts'
import type { View } from './view.ts'

const RUN = /<~[!-uz\s]*(?:~>)?/y
const MARK_BYTES = 2
const GROUP = 5
const FIRST = 0x21
const LAST = 0x75
const ZEROS = 0x7a

export const base85View: View = {
  name: 'base85',
  triggers: [{ regex: '<~[!-uz]{10}', boundary: 'none' }],
  edit(text, start, triggerEnd) {
    const end = runEnd(text, start, triggerEnd, RUN)
    if (text.toString('latin1', end - MARK_BYTES, end) !== '~>') return null
    const bytes = decoded85(text.subarray(start + MARK_BYTES, end - MARK_BYTES))
    const decoded = bytes && decodedText(bytes)
    return decoded && { start, end, replacement: decoded.text, via: decoded.via, cut: decoded.cut === true }
  },
}

/** null when there is a character that Ascii85 doesn't use. */
function decoded85(encoded: Uint8Array): Buffer | null {
  const bytes: number[] = []
  let group: number[] = []
  for (const byte of encoded) {
    if (byte <= 0x20) continue
    if (byte === ZEROS && group.length === 0) {
      bytes.push(0, 0, 0, 0)
      continue
    }
    if (byte < FIRST || byte > LAST) return null
    group.push(byte - FIRST)
    if (group.length < GROUP) continue
    bytes.push(...bytesOf(group))
    group = []
  }
  // A last group of n characters stands for n - 1 bytes.
  if (group.length > 1) {
    const whole = [...group, ...Array.from({ length: GROUP - group.length }, () => LAST - FIRST)]
    bytes.push(...bytesOf(whole).slice(0, group.length - 1))
  }
  return Buffer.from(bytes)
}

function bytesOf(group: readonly number[]): number[] {
  const value = group.reduce((sum, digit) => sum * 85 + digit, 0)
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) & 0xff)
}
