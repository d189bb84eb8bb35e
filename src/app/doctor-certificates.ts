/** Certificate, key and users file of each listener, as a client will meet them: readable, private, a pair, still valid. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Config } from '../config/schema.ts'
import { asError } from '../core/errors.ts'
import type { DoctorFinding } from './doctor.ts'

const DAY_MS = 24 * 3_600_000
/** Time to renew by hand; automatic renewal is usually done by then. */
const RENEW_WITHIN_DAYS = 14

export async function* checkCertificates(config: Config, now: number): AsyncGenerator<DoctorFinding> {
  for (const [i, listener] of config.listeners.entries()) {
    const check = `listener ${listener.name}`
    const { certificate, key } = listener.tls
    const files = [
      { key: `listeners.${i}.tls.certificate`, file: certificate, secret: false },
      { key: `listeners.${i}.tls.key`, file: key, secret: true },
      { key: `listeners.${i}.users_file`, file: listener.users_file, secret: true },
    ]
    let readable = true
    for (const { key: setting, file, secret } of files) {
      if (file === undefined) continue
      const finding = await checkFile(setting, file, secret)
      if (finding) yield { check, ...finding }
      if (finding?.state === 'problem') readable = false
    }
    if (readable && certificate !== undefined && key !== undefined)
      yield { check, ...(await checkPair(certificate, key, now)) }
  }
}

type Found = Omit<DoctorFinding, 'check'>

async function checkFile(setting: string, file: string, secret: boolean): Promise<Found | null> {
  try {
    await readFile(file)
    const { mode } = await stat(file)
    if (!secret || (mode & 0o077) === 0) return null
    return { state: 'problem', message: `${file} can be read by others`, remedy: `chmod 600 ${file}` }
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? asError(thrown).name
    const remedy =
      code === 'ENOENT'
        ? `correct \`${setting}\``
        : `let this user read it: chown ${process.getuid?.() ?? 'USER'} ${file}`
    return { state: 'problem', message: `${file} cannot be read (${code})`, remedy }
  }
}

async function checkPair(certificate: string, key: string, now: number): Promise<Found> {
  try {
    const leaf = new X509Certificate(await readFile(certificate))
    if (!leaf.checkPrivateKey(createPrivateKey(await readFile(key)))) {
      const remedy = `put the key into ${key} that the certificate was issued for, or the other way round`
      return { state: 'problem', message: `${certificate} and ${key} are no pair`, remedy }
    }
    const days = Math.floor((Date.parse(leaf.validTo) - now) / DAY_MS)
    const until = `${certificate} is valid until ${new Date(leaf.validTo).toISOString().slice(0, 10)}`
    const remedy = `renew it and put it into ${certificate}; it is read again by itself`
    if (days < 0) return { state: 'problem', message: `${until}, which is past`, remedy }
    if (days < RENEW_WITHIN_DAYS) return { state: 'note', message: `${until}, ${days} days from now`, remedy }
    return { state: 'ok', message: until }
  } catch {
    // OpenSSL's words quote nothing that helps, and may quote the file.
    const remedy = `look at them: openssl x509 -in ${certificate} -noout -text; openssl pkey -in ${key} -noout -check`
    return { state: 'problem', message: `${certificate} or ${key} is not PEM that OpenSSL can read`, remedy }
  }
}
