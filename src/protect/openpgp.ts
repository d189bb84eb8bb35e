import { randomBytes } from 'node:crypto'
import { createMessage, encrypt, type Key, type PublicKey, readKeys } from 'openpgp'

/**
 * OpenPGP (RFC 9580) in PGP/MIME (RFC 3156 section 4), encrypted and not signed, streamed. Algorithms follow what the
 * recipients' keys announce.
 */

/** The header fields of the message, and its body around the ciphertext. */
export interface PgpMime {
  readonly fields: string
  body(entity: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

/** `at` is the time at which keys must be valid, milliseconds since the epoch. */
export function pgpMime(keys: readonly PublicKey[], at: number): PgpMime {
  const boundary = `=-pgp-${randomBytes(12).toString('hex')}`
  return {
    fields:
      'MIME-Version: 1.0\r\n' +
      'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";\r\n' +
      ` boundary="${boundary}"\r\n`,
    async *body(entity) {
      yield Buffer.from(
        `--${boundary}\r\nContent-Type: application/pgp-encrypted\r\n` +
          'Content-Description: PGP/MIME version identification\r\n\r\nVersion: 1\r\n\r\n' +
          `--${boundary}\r\nContent-Type: application/octet-stream; name="encrypted.asc"\r\n` +
          'Content-Description: OpenPGP encrypted message\r\n' +
          'Content-Disposition: inline; filename="encrypted.asc"\r\n\r\n',
      )
      yield* armored(entity, keys, at)
      yield Buffer.from(`\r\n--${boundary}--\r\n`)
    },
  }
}

async function* armored(
  entity: AsyncIterable<Uint8Array>,
  keys: readonly PublicKey[],
  at: number,
): AsyncIterable<Uint8Array> {
  const message = await createMessage({ binary: ReadableStream.from(entity) as ReadableStream<Uint8Array> })
  const stream = await encrypt({ message, encryptionKeys: [...keys], format: 'armored', date: new Date(at) })
  for await (const text of stream) yield Buffer.from(text.replace(/\r?\n/g, '\r\n'))
}

/** A public key that can encrypt, and the mail addresses of its valid user ids in lower case. */
export interface RecipientKey {
  readonly key: PublicKey
  readonly addresses: readonly string[]
}

/** Public keys of one armoured file, or what is wrong with it. Never throws. */
export async function parseKeys(text: string): Promise<readonly (RecipientKey | string)[]> {
  let keys: readonly Key[]
  try {
    keys = await readKeys({ armoredKeys: text })
  } catch {
    return ['not a readable OpenPGP key']
  }
  return Promise.all(keys.map(recipientKey))
}

async function recipientKey(key: Key): Promise<RecipientKey | string> {
  if (key.isPrivate()) return 'a private key: only public keys belong here'
  const addresses = new Set<string>()
  for (const user of key.users) {
    const email = user.userID?.email
    if (email && (await user.verify().catch(() => null)) === true) addresses.add(email.toLowerCase())
  }
  return addresses.size === 0 ? 'no valid user id with a mail address' : { key, addresses: [...addresses] }
}

/** Whether the key can encrypt at that time: not expired, not revoked, with a subkey for it. */
export async function canEncrypt(key: PublicKey, at: number): Promise<boolean> {
  try {
    await key.getEncryptionKey(undefined, new Date(at))
    return true
  } catch {
    return false
  }
}
