import {
  constants,
  createCipheriv,
  createHash,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
} from 'node:crypto'
import {
  type BaseBlock,
  BitString,
  Constructed,
  fromBER,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Sequence,
} from 'asn1js'
import type { RecipientCertificate } from './certificate.ts'

/**
 * RecipientInfo of CMS (RFC 5652 section 6.2): the content-encryption key, wrapped for one certificate. RSA by key
 * transport (RSAES-PKCS1-v1_5, which every S/MIME reader opens, or OAEP with SHA-256, RFC 8017), EC by ephemeral-static
 * ECDH with the X9.63 KDF and AES-256 key wrap (RFC 5753, RFC 3394).
 */
export type RsaPadding = 'pkcs1' | 'oaep'

const OID = {
  rsaEncryption: '1.2.840.113549.1.1.1',
  rsaesOaep: '1.2.840.113549.1.1.7',
  mgf1: '1.2.840.113549.1.1.8',
  sha256: '2.16.840.1.101.3.4.2.1',
  ecPublicKey: '1.2.840.10045.2.1',
  aes256Wrap: '2.16.840.1.101.3.4.1.45',
} as const

/** KDF hash by curve (RFC 5753 section 7.1.4), with its dhSinglePass-stdDH scheme. */
const AGREEMENT = {
  prime256v1: { hash: 'sha256', scheme: '1.3.132.1.11.1' },
  secp384r1: { hash: 'sha384', scheme: '1.3.132.1.11.2' },
  secp521r1: { hash: 'sha512', scheme: '1.3.132.1.11.3' },
} as const

export interface RecipientInfo {
  readonly der: Uint8Array
  /** Decides the version of the EnvelopedData around it. */
  readonly version: 0 | 3
}

/** `contentKey` is an AES-256 key. Throws for a key that `parseCertificates` would not have let through. */
export function recipientInfo(
  certificate: RecipientCertificate,
  contentKey: Uint8Array,
  padding: RsaPadding,
): RecipientInfo {
  return certificate.publicKey.asymmetricKeyType === 'rsa'
    ? { der: keyTransport(certificate, contentKey, padding), version: 0 }
    : { der: keyAgreement(certificate, contentKey), version: 3 }
}

function keyTransport(certificate: RecipientCertificate, contentKey: Uint8Array, padding: RsaPadding): Uint8Array {
  const oaep = padding === 'oaep'
  const encryptedKey = publicEncrypt(
    oaep
      ? { key: certificate.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
      : { key: certificate.publicKey, padding: constants.RSA_PKCS1_PADDING },
    contentKey,
  )
  return toDer(
    sequence(
      new Integer({ value: 0 }),
      parsed(certificate.issuerAndSerial),
      oaep ? oaepAlgorithm() : sequence(oid(OID.rsaEncryption), new Null()),
      new OctetString({ valueHex: encryptedKey }),
    ),
  )
}

/** RSAES-OAEP-params with SHA-256 and MGF1 over SHA-256 (RFC 4055 section 4.1). */
function oaepAlgorithm(): Sequence {
  const sha256 = () => sequence(oid(OID.sha256), new Null())
  return sequence(oid(OID.rsaesOaep), sequence(tagged(0, sha256()), tagged(1, sequence(oid(OID.mgf1), sha256()))))
}

function keyAgreement(certificate: RecipientCertificate, contentKey: Uint8Array): Uint8Array {
  const namedCurve = certificate.publicKey.asymmetricKeyDetails?.namedCurve ?? ''
  if (!isCurve(namedCurve)) throw new Error(`no key agreement over ${namedCurve}`)
  const { hash, scheme } = AGREEMENT[namedCurve]
  const ephemeral = generateKeyPairSync('ec', { namedCurve })
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: certificate.publicKey })
  // ECC-CMS-SharedInfo: the wrap algorithm without parameters and the key length in bits.
  const sharedInfo = toDer(
    sequence(sequence(oid(OID.aes256Wrap)), tagged(2, new OctetString({ valueHex: new Uint8Array([0, 0, 1, 0]) }))),
  )
  const kek = createHash(hash)
    .update(shared)
    .update(new Uint8Array([0, 0, 0, 1]))
    .update(sharedInfo)
    .digest()
    .subarray(0, 32)
  const wrap = createCipheriv('id-aes256-wrap', kek, Buffer.alloc(8, 0xa6))
  const encryptedKey = Buffer.concat([wrap.update(contentKey), wrap.final()])
  return toDer(
    implicit(
      1,
      new Integer({ value: 3 }),
      tagged(0, implicit(1, sequence(oid(OID.ecPublicKey)), subjectPublicKey(ephemeral.publicKey))),
      sequence(oid(scheme), sequence(oid(OID.aes256Wrap))),
      sequence(sequence(parsed(certificate.issuerAndSerial), new OctetString({ valueHex: encryptedKey }))),
    ),
  )
}

function isCurve(name: string): name is keyof typeof AGREEMENT {
  return name in AGREEMENT
}

/** The BIT STRING of a SubjectPublicKeyInfo: the uncompressed point. */
function subjectPublicKey(key: KeyObject): BitString {
  const spki = fromBER(new Uint8Array(key.export({ type: 'spki', format: 'der' }))).result
  const bits = spki instanceof Sequence ? spki.valueBlock.value[1] : undefined
  if (!(bits instanceof BitString)) throw new Error('a public key without a bit string')
  return bits
}

function sequence(...value: BaseBlock[]): Sequence {
  return new Sequence({ value })
}

function oid(value: string): ObjectIdentifier {
  return new ObjectIdentifier({ value })
}

/** Explicit context tag. */
function tagged(tagNumber: number, value: BaseBlock): Constructed {
  return implicit(tagNumber, value)
}

/** Implicit context tag in place of SEQUENCE. */
function implicit(tagNumber: number, ...value: BaseBlock[]): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value })
}

function parsed(der: Uint8Array): BaseBlock {
  return fromBER(new Uint8Array(der)).result
}

function toDer(block: BaseBlock): Uint8Array {
  return new Uint8Array(block.toBER())
}
