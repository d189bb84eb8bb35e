import type { PublicKey } from 'openpgp'
import type { RecipientCertificate } from './certificate.ts'
import { headerField } from './encoded-word.ts'
import { type HeaderField, type MessageHead, readHead } from './message-head.ts'
import { pgpMime } from './openpgp.ts'
import { encryptSmime, SMIME_FIELDS } from './smime.ts'
import type { RsaPadding } from './smime-recipient.ts'

/**
 * Turns a message into an encrypted one. Its MIME entity (the Content-* fields and the body) goes inside byte for
 * byte; the other fields stay outside, where mail systems need them. With a substitute subject the real header section
 * is kept inside as RFC 9788 says, so that the reader's program shows the real one.
 */
export type EncryptionKeys =
  | { readonly method: 'smime'; readonly certificates: readonly RecipientCertificate[]; readonly padding: RsaPadding }
  | { readonly method: 'openpgp'; readonly keys: readonly PublicKey[]; readonly at: number }

export interface EncryptedMessage {
  readonly content: () => AsyncIterable<Uint8Array>
  /** Whether every byte is 7-bit: the body always is, the fields outside are as they were. */
  readonly sevenBit: boolean
}

/** Fields that belong to the transport, not to the message. */
const TRANSPORT = ['received', 'return-path', 'delivered-to', 'x-original-to', 'bcc']

/** Throws GatewayError `header-too-large`. `substituteSubject` null leaves the subject readable outside. */
export async function encryptMessage(
  content: () => AsyncIterable<Uint8Array>,
  keys: EncryptionKeys,
  substituteSubject: string | null,
): Promise<EncryptedMessage> {
  const head = await readHead(content())
  const mime = head.fields.filter(({ name }) => isMime(name))
  const outer = outerFields(head, substituteSubject)
  const inner = substituteSubject === null ? plainInner(head, mime) : protectedInner(head, mime, substituteSubject)
  return {
    sevenBit: outer.every((byte) => byte < 0x80),
    async *content() {
      const entity = entityOf(inner, content(), head.bytes.length)
      if (keys.method === 'smime') {
        yield Buffer.concat([outer, Buffer.from(`${SMIME_FIELDS}\r\n`)])
        yield* encryptSmime(entity, keys.certificates, keys.padding)
      } else {
        const { fields, body } = pgpMime(keys.keys, keys.at)
        yield Buffer.concat([outer, Buffer.from(`${fields}\r\n`)])
        yield* body(entity)
      }
    },
  }
}

async function* entityOf(
  inner: Uint8Array,
  content: AsyncIterable<Uint8Array>,
  headBytes: number,
): AsyncIterable<Uint8Array> {
  yield inner
  let skip = headBytes
  for await (const chunk of content) {
    if (skip < chunk.length) yield skip > 0 ? chunk.subarray(skip) : chunk
    skip = Math.max(0, skip - chunk.length)
  }
}

function isMime(name: string): boolean {
  return name.startsWith('content-') || name === 'mime-version'
}

function raw(head: MessageHead, field: HeaderField): Buffer {
  const bytes = head.bytes.subarray(field.start, field.end)
  return bytes.subarray(-2).toString('latin1') === '\r\n' ? bytes : Buffer.concat([bytes, Buffer.from('\r\n')])
}

function outerFields(head: MessageHead, substituteSubject: string | null): Buffer {
  const kept = head.fields.filter(({ name }) => !isMime(name) && (substituteSubject === null || name !== 'subject'))
  const subject = substituteSubject === null ? '' : headerField('Subject', substituteSubject)
  return Buffer.concat([...kept.map((field) => raw(head, field)), Buffer.from(subject)])
}

/** The entity's own fields; RFC 2045 section 5.2 gives a message without any the type text/plain. */
function plainInner(head: MessageHead, mime: readonly HeaderField[]): Buffer {
  const fields = mime.filter(({ name }) => name !== 'mime-version').map((field) => raw(head, field))
  if (fields.length === 0) fields.push(Buffer.from('Content-Type: text/plain\r\n'))
  return Buffer.concat([...fields, Buffer.from('\r\n')])
}

/** RFC 9788 section 4: the whole header inside, what stood outside as HP-Outer, and `hp="cipher"` on the type. */
function protectedInner(head: MessageHead, mime: readonly HeaderField[], substituteSubject: string): Buffer {
  const own = head.fields.filter(({ name }) => name !== '' && !isMime(name) && !TRANSPORT.includes(name))
  const outside = own.map((field) =>
    field.name === 'subject' ? Buffer.from(headerField('Subject', substituteSubject)) : raw(head, field),
  )
  const marks = '; hp="cipher"; protected-headers="v1"\r\n'
  const entity = mime
    .filter(({ name }) => name !== 'mime-version')
    .map((field) => {
      const bytes = raw(head, field)
      return field.name === 'content-type' ? Buffer.concat([bytes.subarray(0, -2), Buffer.from(marks)]) : bytes
    })
  if (!mime.some(({ name }) => name === 'content-type')) entity.push(Buffer.from(`Content-Type: text/plain${marks}`))
  return Buffer.concat([
    ...own.map((field) => raw(head, field)),
    ...outside.flatMap((field) => [Buffer.from('HP-Outer: '), field]),
    ...entity,
    Buffer.from('\r\n'),
  ])
}
