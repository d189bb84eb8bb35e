import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A GnuPG home of its own: makes keys and opens messages with the real gpg. */
export class GnupgHome {
  readonly path = mkdtempSync(join(tmpdir(), 'sluice-gpg-'))

  /** Makes a key without a passphrase and returns its armoured public key. `expire` in gpg's syntax, e.g. `1d`. */
  makeKey(userId: string, algorithm = 'future-default', expire = 'never'): string {
    this.run(['--passphrase', '', '--quick-generate-key', userId, algorithm, 'default', expire])
    return this.run(['--armor', '--export', userId]).toString()
  }

  exportSecret(userId: string): string {
    return this.run(['--armor', '--export-secret-keys', userId]).toString()
  }

  decrypt(armored: Buffer): Buffer {
    return this.run(['--decrypt'], armored)
  }

  run(args: readonly string[], input?: Buffer): Buffer {
    return execFileSync('gpg', ['--homedir', this.path, '--batch', '--quiet', '--pinentry-mode', 'loopback', ...args], {
      ...(input && { input }),
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 256 * 1024 * 1024,
    })
  }

  remove(): void {
    execFileSync('gpgconf', ['--homedir', this.path, '--kill', 'all'], { stdio: 'ignore' })
    rmSync(this.path, { recursive: true, force: true })
  }
}
