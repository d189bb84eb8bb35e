import { type KeyObject, X509Certificate } from 'node:crypto'
import { AltName, Certificate, ExtKeyUsage, IssuerAndSerialNumber } from 'pkijs'

/**
 * A recipient's certificate for S/MIME (RFC 8550): whose it is, when it holds and which key it carries. Trust is the
 * operator's, who put it into the key directory; whether it may encrypt mail is checked here.
 */
export interface RecipientCertificate {
  /** Lower case: rfc822Name entries of the SAN and emailAddress of the subject. */
  readonly addresses: readonly string[]
  readonly validFrom: Date
  readonly validTo: Date
  readonly publicKey: KeyObject
  /** DER of IssuerAndSerialNumber, which is how CMS names the recipient. */
  readonly issuerAndSerial: Uint8Array
}

/** Why a certificate can't be used, for `doctor`. */
export class CertificateProblem extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'CertificateProblem'
  }
}

const OID = {
  emailAddress: '1.2.840.113549.1.9.1',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  extKeyUsage: '2.5.29.37',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  anyExtKeyUsage: '2.5.29.37.0',
} as const
const RSA_BITS_MIN = 2048
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1']

/** All certificates of one file, PEM (any number) or DER. Throws CertificateProblem when a block can't be read. */
export function parseCertificates(bytes: Buffer): readonly (RecipientCertificate | CertificateProblem)[] {
  const text = bytes.toString('latin1')
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  if (!blocks && bytes[0] !== 0x30) return [new CertificateProblem('no certificate in this file')]
  return (blocks ?? [bytes]).map((block) => {
    try {
      return parseCertificate(new X509Certificate(block))
    } catch (thrown) {
      return thrown instanceof CertificateProblem
        ? thrown
        : new CertificateProblem('not a readable certificate', thrown)
    }
  })
}

function parseCertificate(x509: X509Certificate): RecipientCertificate {
  const parsed = Certificate.fromBER(new Uint8Array(x509.raw))
  const { publicKey } = x509
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey
  if (x509.ca) throw new CertificateProblem('the certificate of an authority')
  if (type === 'rsa') {
    if ((details?.modulusLength ?? 0) < RSA_BITS_MIN)
      throw new CertificateProblem(`an RSA key under ${RSA_BITS_MIN} bits`)
    // keyEncipherment
    requireUsage(parsed, 2, 'key encipherment')
  } else if (type === 'ec' && CURVES.includes(details?.namedCurve ?? '')) {
    // keyAgreement
    requireUsage(parsed, 4, 'key agreement')
  } else throw new CertificateProblem('a kind of key that S/MIME encryption here cannot use')
  requireEmail(parsed)
  const addresses = certificateAddresses(parsed)
  if (addresses.length === 0) throw new CertificateProblem('no mail address in the certificate')
  const { issuer, serialNumber } = parsed
  const named = new IssuerAndSerialNumber({ issuer, serialNumber }).toSchema().toBER()
  return {
    addresses,
    validFrom: x509.validFromDate,
    validTo: x509.validToDate,
    publicKey,
    issuerAndSerial: new Uint8Array(named),
  }
}

function extension(certificate: Certificate, oid: string) {
  return certificate.extensions?.find(({ extnID }) => extnID === oid)
}

/** RFC 8550 section 4.4.2: when key usage is there, it must allow what we do. */
function requireUsage(certificate: Certificate, bit: number, name: string): void {
  const usage = extension(certificate, OID.keyUsage)
  if (!usage) return
  const bits = usage.parsedValue as { valueBlock?: { valueHexView?: Uint8Array } } | undefined
  const byte = bits?.valueBlock?.valueHexView?.[0]
  if (byte === undefined || (byte & (0x80 >> bit)) === 0) throw new CertificateProblem(`its key usage lacks ${name}`)
}

function requireEmail(certificate: Certificate): void {
  const purposes = extension(certificate, OID.extKeyUsage)?.parsedValue
  if (!(purposes instanceof ExtKeyUsage)) return
  const allowed = purposes.keyPurposes.some((oid) => oid === OID.emailProtection || oid === OID.anyExtKeyUsage)
  if (!allowed) throw new CertificateProblem('its extended key usage lacks e-mail protection')
}

function certificateAddresses(certificate: Certificate): readonly string[] {
  const found = new Set<string>()
  const names = extension(certificate, OID.subjectAltName)?.parsedValue
  if (names instanceof AltName)
    for (const { type, value } of names.altNames)
      if (type === 1 && typeof value === 'string') found.add(value.toLowerCase())
  for (const { type, value } of certificate.subject.typesAndValues)
    if (type === OID.emailAddress) found.add(String(value.valueBlock.value).toLowerCase())
  return [...found]
}
