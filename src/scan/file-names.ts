/**
 * Names of files as strings, whatever bytes they have: of a name that is no UTF-8 each odd byte stands as a lone surrogate,
 * U+DC80 for 0x80 (PEP 383), so that none is lost on the way through lists, JSON and threads. Pure; never throws.
 */
import { isUtf8 } from 'node:buffer'

const ODD = 0xdc00
const LONE = /[\udc80-\udcff]/u
const EACH_LONE = /[\udc80-\udcff]/gu
const CHARACTER_MAX_BYTES = 4

export function nameOfBytes(bytes: Uint8Array): string {
  const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (isUtf8(name)) return name.toString('utf8')
  let text = ''
  for (let at = 0; at < name.length; ) {
    const length = characterAt(name, at)
    text += length === 0 ? String.fromCharCode(ODD + (name[at] as number)) : name.toString('utf8', at, at + length)
    at += Math.max(1, length)
  }
  return text
}

/** Bytes of the character that begins there; 0 where none does. */
function characterAt(name: Buffer, at: number): number {
  for (let length = 1; length <= CHARACTER_MAX_BYTES; length++)
    if (at + length <= name.length && isUtf8(name.subarray(at, at + length))) return length
  return 0
}

/** What the file system is asked for. */
export function pathOfName(name: string): string | Buffer {
  if (!LONE.test(name)) return name
  return Buffer.concat(
    Array.from(name, (character) =>
      LONE.test(character) ? Buffer.from([character.charCodeAt(0) - ODD]) : Buffer.from(character),
    ),
  )
}

/** For people, and where a name is kept as UTF-8: odd bytes as `%FF`. */
export function nameAsText(name: string): string {
  return name.replace(EACH_LONE, (byte) => `%${(byte.charCodeAt(0) - ODD).toString(16).toUpperCase()}`)
}
