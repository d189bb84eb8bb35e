/**
 * The bearer token of the HTTP API: a file of mode 0600 in the keys folder, made at the first start. It is read for every
 * request, so that a new one counts at once. Without a usable file nobody gets in; the token is never logged or told.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { foreignAccess, systemErrorCode, writeFileAtomic } from '../../platform/safe-files.ts'

const TOKEN_BYTES = 32
const TOKEN = /^[A-Za-z0-9_-]{32,512}$/
const BEARER = /^Bearer +([A-Za-z0-9_-]{1,512}) *$/i

export function apiTokenFile(keysDir: string): string {
  return join(keysDir, 'api.token')
}

/** Makes a token where there is none; an existing one is left alone. */
export async function ensureApiToken(file: string): Promise<void> {
  try {
    await writeFileAtomic(file, newToken(), { mode: 0o600, exclusive: true })
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'EEXIST') throw thrown
  }
}

/** Replaces the token: the former one opens nothing from then on. */
export async function replaceApiToken(file: string): Promise<void> {
  await writeFileAtomic(file, newToken(), { mode: 0o600 })
}

function newToken(): Buffer {
  return Buffer.from(`${randomBytes(TOKEN_BYTES).toString('base64url')}\n`)
}

/** Whether an Authorization header (RFC 6750 section 2.1) bears the token. False for a file that others may read. */
export async function bearsToken(file: string, authorization: string | undefined): Promise<boolean> {
  const [, given] = BEARER.exec(authorization ?? '') ?? []
  if (given === undefined) return false
  const token = await usableToken(file)
  // Hashes have one length, so that comparing takes the same time whatever is given.
  return token !== null && timingSafeEqual(digest(token), digest(given))
}

/** Why the file opens nothing, in words, and how to mend it; null when it is as it should be. */
export async function tokenProblem(
  file: string,
): Promise<{ readonly problem: string; readonly remedy: string } | null> {
  if ((await usableToken(file)) !== null) return null
  const open = await foreignAccess(file).catch(() => 0)
  return open === 0
    ? { problem: `${file} holds no token`, remedy: '`sluice keys api-token` makes one' }
    : { problem: `${file} can be read by others, so its token opens nothing`, remedy: `chmod 600 ${file}` }
}

async function usableToken(file: string): Promise<string | null> {
  try {
    if ((await foreignAccess(file)) !== 0) return null
    const token = (await readFile(file, 'utf8')).trim()
    return TOKEN.test(token) ? token : null
  } catch {
    return null
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
