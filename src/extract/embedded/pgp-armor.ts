import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import { readPgpPackets } from '../pgp/packets.ts'

/**
 * ASCII armour inside a text (RFC 9580 section 6). An OpenPGP message is encrypted, unless its packets prove otherwise;
 * PKCS #7 in armour is a child.
 */
const ARMOR = /-----BEGIN (PGP MESSAGE(?:, PART [^-]{1,20})?|PKCS7|CMS)-----/g

export async function readPgpArmor(text: string, context: ExtractContext): Promise<void> {
  let count = 0
  for (const m of text.matchAll(ARMOR)) {
    if (++count > limits.extractEmbeddedMax) {
      context.uninspected('too-many', `${limits.extractEmbeddedMax} armoured messages`)
      return
    }
    const from = m.index + m[0].length
    const stop = text.indexOf('-----', from)
    const body = text.slice(from, stop < 0 ? text.length : stop)
    if (m[1]?.startsWith('PGP')) await readMessage(body, context)
    else
      await context.child({
        bytes: Buffer.from(body, 'base64'),
        filename: null,
        label: '[pkcs7]',
        declaredType: 'application/pkcs7-mime',
      })
  }
}

async function readMessage(body: string, context: ExtractContext): Promise<void> {
  const bytes = dearmor(body)
  const read = bytes.length === 0 ? 'unreadable' : await readPgpPackets(bytes, context)
  // Damaged armour hides its content as well as good armour does.
  if (read !== 'read') context.uninspected('encrypted', 'PGP')
}

/** Drops the armour headers and the checksum line. */
function dearmor(body: string): Buffer {
  const lines = body
    .replace(/\u00a0/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/^[> ]+/, '').trim())
  const coded = lines.filter((line) => !/^[A-Za-z-]+: /.test(line) && !/^=[A-Za-z0-9+/]{4}$/.test(line))
  return Buffer.from(coded.join(''), 'base64')
}
