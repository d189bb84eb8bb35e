import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { readPgpPackets } from '../pgp/packets.ts'

/** Binary OpenPGP messages: `.gpg` and `.pgp` files. */
export const pgp: Format = {
  id: 'pgp',
  types: ['application/pgp-encrypted'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.length)
    const read = await readPgpPackets(bytes, context)
    if (read !== 'read') context.uninspected('encrypted', 'PGP')
  },
}
