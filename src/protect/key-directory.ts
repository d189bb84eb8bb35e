import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { PublicKey } from 'openpgp'
import { asError, GatewayError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Clock } from '../ports/clock.ts'
import { CertificateProblem, parseCertificates, type RecipientCertificate } from './certificate.ts'
import { canEncrypt, parseKeys, type RecipientKey } from './openpgp.ts'

/**
 * Recipients' keys from one folder: `*.pem` and `*.crt` are certificates, `*.asc` OpenPGP public keys, found by the
 * addresses inside them. Files that change are read again without a restart. A file that can't be used is a problem
 * that `doctor` shows; its owner then simply has no key.
 */
export interface KeyDirectory {
  /** Of several valid ones the newest. Throws GatewayError `key-directory` (temporary) when the folder can't be read. */
  certificate(address: string): Promise<RecipientCertificate | null>
  openpgp(address: string): Promise<PublicKey | null>
  /** What is wrong with single files, as of the last look. */
  problems(): Promise<readonly KeyProblem[]>
}

export interface KeyProblem {
  readonly file: string
  readonly problem: string
}

interface Loaded {
  readonly signature: string
  readonly certificates: ReadonlyMap<string, readonly RecipientCertificate[]>
  readonly keys: ReadonlyMap<string, readonly RecipientKey[]>
  readonly problems: readonly KeyProblem[]
}

export function openKeyDirectory(
  path: string,
  clock: Clock,
  filesMax: number = limits.keyDirectoryFilesMax,
): KeyDirectory {
  let loaded: Loaded | null = null
  let checkedAt = -Infinity
  let loading: Promise<Loaded> | null = null
  const current = async (): Promise<Loaded> => {
    if (loaded && performance.now() - checkedAt < limits.keyDirectoryCheckMs) return loaded
    loading ??= refresh(path, filesMax, loaded).finally(() => {
      loading = null
    })
    loaded = await loading
    checkedAt = performance.now()
    return loaded
  }
  return {
    async certificate(address) {
      const candidates = (await current()).certificates.get(address.toLowerCase()) ?? []
      const now = clock.now()
      const valid = candidates.filter(
        ({ validFrom, validTo }) => validFrom.getTime() <= now && now <= validTo.getTime(),
      )
      return valid.toSorted((a, b) => b.validFrom.getTime() - a.validFrom.getTime())[0] ?? null
    },
    async openpgp(address) {
      const candidates = (await current()).keys.get(address.toLowerCase()) ?? []
      const newest = candidates.toSorted(
        (a, b) => b.key.getCreationTime().getTime() - a.key.getCreationTime().getTime(),
      )
      for (const { key } of newest) if (await canEncrypt(key, clock.now())) return key
      return null
    },
    problems: async () => (await current()).problems,
  }
}

async function refresh(path: string, filesMax: number, before: Loaded | null): Promise<Loaded> {
  try {
    const files = await listFiles(path, filesMax)
    const signature = files.map(({ name, size, mtimeMs, ino }) => `${name}\0${size}\0${mtimeMs}\0${ino}`).join('\0')
    return before?.signature === signature ? before : await load(path, files, signature)
  } catch (thrown) {
    throw new GatewayError('key-directory', {
      temporary: true,
      publicMessage: 'The message cannot be encrypted at the moment.',
      message: `the key directory cannot be read: ${asError(thrown).message}`,
      cause: thrown,
    })
  }
}

interface KeyFile {
  readonly name: string
  readonly size: number
  readonly mtimeMs: number
  readonly ino: number
}

async function listFiles(path: string, filesMax: number): Promise<readonly KeyFile[]> {
  const names = (await readdir(path)).filter((name) => ['.pem', '.crt', '.asc'].includes(extname(name))).sort()
  if (names.length > filesMax) throw new Error(`more than ${filesMax} key files`)
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs, ino } = await stat(join(path, name))
      return { name, size, mtimeMs, ino }
    }),
  )
}

async function load(path: string, files: readonly KeyFile[], signature: string): Promise<Loaded> {
  const certificates = new Map<string, RecipientCertificate[]>()
  const keys = new Map<string, RecipientKey[]>()
  const problems: KeyProblem[] = []
  for (const { name: file, size } of files) {
    if (size > limits.keyFileMaxBytes) {
      problems.push({ file, problem: `larger than ${limits.keyFileMaxBytes} bytes` })
      continue
    }
    const bytes = await readFile(join(path, file))
    if (extname(file) === '.asc') {
      for (const key of await parseKeys(bytes.toString('utf8'))) {
        if (typeof key === 'string') problems.push({ file, problem: key })
        else for (const address of key.addresses) append(keys, address, key)
      }
    } else {
      for (const certificate of parseCertificates(bytes)) {
        if (certificate instanceof CertificateProblem) problems.push({ file, problem: certificate.message })
        else for (const address of certificate.addresses) append(certificates, address, certificate)
      }
    }
  }
  return { signature, certificates, keys, problems }
}

function append<T>(map: Map<string, T[]>, address: string, value: T): void {
  const list = map.get(address)
  if (list) list.push(value)
  else map.set(address, [value])
}
