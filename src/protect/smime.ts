import { createCipheriv, randomBytes } from 'node:crypto'
import type { RecipientCertificate } from './certificate.ts'
import { type RecipientInfo, type RsaPadding, recipientInfo } from './smime-recipient.ts'

/**
 * S/MIME 4 (RFC 8551): CMS EnvelopedData with AES-256-CBC, written as BER of indefinite length (RFC 5652 section 5.1
 * allows it, `openssl cms -stream` writes the same), so that a message of any size streams through.
 */
const BER = {
  /** ContentInfo, envelopedData, [0], EnvelopedData: all of indefinite length. */
  open: Buffer.from('308006092a864886f70d010703a0803080', 'hex'),
  /** EncryptedContentInfo of indefinite length, its type id-data. */
  contentInfo: Buffer.from('308006092a864886f70d010701', 'hex'),
  /** AlgorithmIdentifier aes256-CBC up to the 16 bytes of its IV. */
  aes256Cbc: Buffer.from('301d060960864801650304012a0410', 'hex'),
  /** encryptedContent [0], constructed, of indefinite length. */
  encryptedContent: Buffer.from('a080', 'hex'),
  /** Ends encryptedContent, EncryptedContentInfo, EnvelopedData, [0] and ContentInfo. */
  close: Buffer.alloc(10),
} as const
const PIECE_BYTES = 32 * 1024

/** The header fields of the message that carries the CMS object; its body is what `encryptSmime` gives. */
export const SMIME_FIELDS =
  'MIME-Version: 1.0\r\n' +
  'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n' +
  'Content-Transfer-Encoding: base64\r\n' +
  'Content-Disposition: attachment; filename="smime.p7m"\r\n'

/** The body: base64 in lines of 76 with CRLF. Every call makes a new content key. */
export function encryptSmime(
  entity: AsyncIterable<Uint8Array>,
  certificates: readonly RecipientCertificate[],
  padding: RsaPadding,
): AsyncIterable<Uint8Array> {
  return base64Lines(envelopedData(entity, certificates, padding))
}

async function* envelopedData(
  entity: AsyncIterable<Uint8Array>,
  certificates: readonly RecipientCertificate[],
  padding: RsaPadding,
): AsyncIterable<Uint8Array> {
  const key = randomBytes(32)
  const iv = randomBytes(16)
  const recipients = certificates.map((certificate) => recipientInfo(certificate, key, padding))
  yield Buffer.concat([BER.open, version(recipients), recipientSet(recipients), BER.contentInfo, BER.aes256Cbc, iv])
  yield BER.encryptedContent
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  for await (const chunk of entity)
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const encrypted = cipher.update(chunk.subarray(at, at + PIECE_BYTES))
      if (encrypted.length > 0) yield tlv(0x04, encrypted)
    }
  yield tlv(0x04, cipher.final())
  yield BER.close
}

/** RFC 5652 section 6.1: 2 as soon as one recipient is not of version 0. */
function version(recipients: readonly RecipientInfo[]): Buffer {
  return Buffer.from([0x02, 0x01, recipients.every((recipient) => recipient.version === 0) ? 0 : 2])
}

function recipientSet(recipients: readonly RecipientInfo[]): Buffer {
  // DER wants the elements of a SET in ascending order of their encoding.
  const sorted = recipients.map(({ der }) => der).toSorted((a, b) => Buffer.compare(a, b))
  return tlv(0x31, Buffer.concat(sorted))
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | bytes.length, ...bytes]
  return Buffer.concat([Buffer.from(head), content])
}

/** RFC 2045 section 6.8. */
async function* base64Lines(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let pending = Buffer.alloc(0)
  for await (const chunk of bytes) {
    pending = Buffer.concat([pending, chunk])
    const whole = pending.length - (pending.length % 57)
    if (whole < PIECE_BYTES) continue
    yield Buffer.from(pending.toString('base64', 0, whole).replace(/.{76}/g, '$&\r\n'))
    pending = pending.subarray(whole)
  }
  yield Buffer.from(pending.toString('base64').replace(/.{1,76}/g, '$&\r\n'))
}
