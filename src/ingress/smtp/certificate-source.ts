import { readFile, stat } from 'node:fs/promises'
import { createSecureContext, type SecureContext } from 'node:tls'
import { asError, GatewayError } from '../../core/errors.ts'
import type { SmtpLogger } from './intake.ts'

/**
 * A certificate chain and its key from two PEM files. Looks at the files in an interval (a renewal may replace them by
 * rename, through a symbolic link or in place, which file events don't report alike) and hands a new pair out once
 * both fit together. A pair that is broken or half replaced is logged and the old one stays.
 */
export interface CertificatePair {
  readonly cert: Buffer
  readonly key: Buffer
}

const MIN_TLS_VERSION = 'TLSv1.2'

export class CertificateSource {
  pair: CertificatePair
  private readonly files: { readonly certificateFile: string; readonly keyFile: string }
  private readonly log: SmtpLogger
  private signature: string
  private timer: NodeJS.Timeout | null = null

  private constructor(
    files: { readonly certificateFile: string; readonly keyFile: string },
    log: SmtpLogger,
    loaded: { readonly pair: CertificatePair; readonly signature: string },
  ) {
    this.files = files
    this.log = log
    this.pair = loaded.pair
    this.signature = loaded.signature
  }

  /** Throws `certificate-unusable` naming the files and `key` when they can't be read or don't fit together. */
  static async load(
    files: { readonly certificateFile: string; readonly keyFile: string },
    key: string,
    log: SmtpLogger,
  ): Promise<CertificateSource> {
    try {
      const signature = await signatureOf(files)
      return new CertificateSource(files, log, { pair: await readPair(files), signature })
    } catch (thrown) {
      throw new GatewayError('certificate-unusable', {
        temporary: false,
        publicMessage: 'Service misconfigured',
        message: `${key}: certificate ${files.certificateFile} with key ${files.keyFile} is unusable: ${asError(thrown).message}`,
        cause: thrown,
      })
    }
  }

  secureContext(): SecureContext {
    return createSecureContext({ ...this.pair, minVersion: MIN_TLS_VERSION, honorCipherOrder: true })
  }

  /** Calls `onChange` after each usable change. */
  watch(everyMs: number, onChange: () => void): void {
    const look = async (): Promise<void> => {
      await this.reload(onChange)
      if (this.timer !== null) this.timer = setTimeout(look, everyMs).unref()
    }
    this.timer = setTimeout(look, everyMs).unref()
  }

  /** Looks at the files now. Never throws: what is wrong is logged once per change. */
  async reload(onChange: () => void): Promise<void> {
    let signature = this.signature
    try {
      signature = await signatureOf(this.files)
      if (signature === this.signature) return
      this.pair = await readPair(this.files)
      onChange()
      this.log.info({ certificateFile: this.files.certificateFile }, 'certificate reloaded')
    } catch (thrown) {
      const problem = asError(thrown).message
      const missing = `missing: ${problem}`
      if (this.signature === missing) return
      if (signature === this.signature) signature = missing
      this.log.error({ ...this.files, problem }, 'certificate not reloaded, the old one stays in use')
    }
    this.signature = signature
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }
}

async function signatureOf(files: { readonly certificateFile: string; readonly keyFile: string }): Promise<string> {
  const stats = await Promise.all([stat(files.certificateFile), stat(files.keyFile)])
  return stats.map((s) => `${s.ino}:${s.size}:${s.mtimeMs}`).join(' ')
}

async function readPair(files: {
  readonly certificateFile: string
  readonly keyFile: string
}): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([readFile(files.certificateFile), readFile(files.keyFile)])
  createSecureContext({ cert, key, minVersion: MIN_TLS_VERSION })
  return { cert, key }
}
