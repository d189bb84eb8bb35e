import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Certificates made by OpenSSL in a folder of their own. */
export interface Certificate {
  readonly key: string
  readonly cert: string
  readonly keyFile: string
  readonly certFile: string
  /** SHA-256 of the SubjectPublicKeyInfo, base64. */
  readonly pin: string
}

export interface CertificateOptions {
  readonly subject?: string
  /** OpenSSL syntax, e.g. `DNS:mail.example`, `email:a@example.com`. */
  readonly altName?: string
  /** `rsa` (2048), `rsa-oaep` (a key restricted to RSA encryption with OAEP is rare; plain RSA here) or a curve. */
  readonly key?: 'rsa' | 'P-256' | 'P-384'
  readonly issuer?: Certificate
  readonly days?: number
  readonly extensions?: readonly string[]
}

export class CertificateFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'sluice-cert-'))
  private made = 0

  make(options: CertificateOptions = {}): Certificate {
    const base = join(this.path, `c${++this.made}`)
    const keyFile = `${base}.key`
    const certFile = `${base}.crt`
    const { subject = '/CN=test', altName, key = 'P-256', issuer, days = 30, extensions = [] } = options
    const newKey = key === 'rsa' ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${key}`]
    const added = [...(altName ? [`subjectAltName=${altName}`] : []), ...extensions]
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', ...newKey, '-nodes', '-keyout', keyFile, '-out', certFile, '-subj', subject],
        ...['-days', String(days)],
        ...added.flatMap((extension) => ['-addext', extension]),
        ...(issuer ? ['-CA', issuer.certFile, '-CAkey', issuer.keyFile] : []),
      ],
      { stdio: 'pipe' },
    )
    const cert = readFileSync(certFile, 'utf8')
    const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
    const pin = createHash('sha256').update(spki).digest('base64')
    return { key: readFileSync(keyFile, 'utf8'), cert, keyFile, certFile, pin }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
