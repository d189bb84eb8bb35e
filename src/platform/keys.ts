import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../core/errors.ts'
import { foreignAccess, makePrivateDirectory, systemErrorCode, writeFileAtomic } from './safe-files.ts'

/**
 * The installation's keys: one file each (64 hex digits and a newline, mode 0600) in a folder of mode 0700.
 * `kek-1.key`, `kek-2.key` … wrap the data keys at rest; the highest number is current, so that a rotation is the
 * creation of one file. Loading refuses whatever is missing, readable by others or of the wrong length, and says which
 * command mends it. No message ever holds key material.
 */
export interface Keys {
  readonly keyEncryption: KeyEncryptionKeys
  /** HMAC-SHA-256 of the audit chain. */
  readonly audit: Buffer
  /** Authenticates the trace header that ends loops. */
  readonly trace: Buffer
  /** HMAC of found values: the finding keys. */
  readonly finding: Buffer
  /** Keys the hashes of the fingerprint and exact-data catalogs. */
  readonly catalog: Buffer
}

export interface KeyEncryptionKeys {
  /** Number of the key that wraps from now on. */
  currentId(): number
  /** A key by its number. Throws `key-missing` when its file is gone. */
  get(id: number): Buffer
  /** Reads the folder again: a rotation by another process takes effect. */
  reload(): Promise<void>
}

const KEY_BYTES = 32
const NAMED_KEYS = ['audit', 'trace', 'finding', 'catalog'] as const
const KEK_FILE = /^kek-([1-9][0-9]{0,8})\.key$/

/**
 * Creates whichever keys are missing and leaves existing ones alone. Returns the paths it created. A lost key is not
 * brought back by this: restore it from backup, or what was written under it stays unreadable.
 */
export async function createKeys(dir: string): Promise<readonly string[]> {
  await makePrivateDirectory(dir)
  const created: string[] = []
  const wanted = NAMED_KEYS.map((name) => `${name}.key`)
  if ((await keyEncryptionIds(dir)).length === 0) wanted.push('kek-1.key')
  for (const file of wanted) {
    const path = join(dir, file)
    if (await createKeyFile(path)) created.push(path)
  }
  return created
}

/** Reads and checks every key. Throws GatewayError `keys-missing`, `keys-mode` or `keys-malformed`. */
export async function loadKeys(dir: string): Promise<Keys> {
  await requirePrivate(dir, `chmod 700 ${dir}`, dir)
  const keyEncryption = await KeyFolder.open(dir)
  const [audit, trace, finding, catalog] = await Promise.all(
    NAMED_KEYS.map((name) => loadKeyFile(join(dir, `${name}.key`), dir)),
  )
  if (!audit || !trace || !finding || !catalog) throw missing(dir, dir)
  return Object.freeze({ keyEncryption, audit, trace, finding, catalog })
}

/**
 * Adds a key-encryption key and makes it current. Returns its number. Older ones stay, for what they wrapped; remove
 * their files only once every store reports that its rewrap is complete.
 */
export async function rotateKeyEncryptionKey(dir: string): Promise<number> {
  await requirePrivate(dir, `chmod 700 ${dir}`, dir)
  const ids = await keyEncryptionIds(dir)
  const last = ids.at(-1)
  if (last === undefined) throw missing(join(dir, 'kek-1.key'), dir)
  const next = last + 1
  if (!(await createKeyFile(join(dir, `kek-${next}.key`)))) {
    throw new GatewayError('keys-rotating', {
      temporary: true,
      publicMessage: 'local error',
      message: `another process is rotating the keys in ${dir}; try again`,
    })
  }
  return next
}

class KeyFolder implements KeyEncryptionKeys {
  readonly #dir: string
  readonly #keys = new Map<number, Buffer>()
  #current = 0

  private constructor(dir: string) {
    this.#dir = dir
  }

  static async open(dir: string): Promise<KeyFolder> {
    const folder = new KeyFolder(dir)
    await folder.reload()
    return folder
  }

  currentId(): number {
    return this.#current
  }

  get(id: number): Buffer {
    const known = this.#keys.get(id)
    if (known) return known
    // Another process may have rotated since: a single small read, once per key.
    const path = join(this.#dir, `kek-${id}.key`)
    let text: string
    try {
      if ((statSync(path).mode & 0o077) !== 0) throw wrongMode(path, `chmod 600 ${path}`)
      text = readFileSync(path, 'latin1')
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') throw unknownKeyEncryptionKey(id, path)
      throw error
    }
    const key = parseKey(path, text)
    this.#keys.set(id, key)
    return key
  }

  async reload(): Promise<void> {
    const ids = await keyEncryptionIds(this.#dir)
    const last = ids.at(-1)
    if (last === undefined) throw missing(join(this.#dir, 'kek-1.key'), this.#dir)
    for (const id of ids) {
      if (!this.#keys.has(id)) this.#keys.set(id, await loadKeyFile(join(this.#dir, `kek-${id}.key`), this.#dir))
    }
    this.#current = last
  }
}

async function keyEncryptionIds(dir: string): Promise<number[]> {
  let names: string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') throw missing(dir, dir)
    throw error
  }
  return names
    .map((name) => Number(KEK_FILE.exec(name)?.[1] ?? 0))
    .filter((id) => id > 0)
    .sort((a, b) => a - b)
}

async function createKeyFile(path: string): Promise<boolean> {
  const text = Buffer.from(`${randomBytes(KEY_BYTES).toString('hex')}\n`, 'latin1')
  try {
    await writeFileAtomic(path, text, { mode: 0o600, exclusive: true })
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function loadKeyFile(path: string, dir: string): Promise<Buffer> {
  await requirePrivate(path, `chmod 600 ${path}`, dir)
  return parseKey(path, await readFile(path, 'latin1'))
}

async function requirePrivate(path: string, command: string, dir: string): Promise<void> {
  try {
    if ((await foreignAccess(path)) !== 0) throw wrongMode(path, command)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') throw missing(path, dir)
    throw error
  }
}

function parseKey(path: string, text: string): Buffer {
  if (!/^[0-9a-f]{64}\n?$/.test(text)) {
    throw new GatewayError('keys-malformed', {
      temporary: false,
      publicMessage: 'local error',
      message: `${path} is not a key: it should hold 64 lower-case hex digits and a newline. Restore it from backup; only if nothing was ever written under it, remove it and run: sluice keys create`,
    })
  }
  return Buffer.from(text.slice(0, 2 * KEY_BYTES), 'hex')
}

function missing(path: string, dir: string): GatewayError {
  return new GatewayError('keys-missing', {
    temporary: false,
    publicMessage: 'local error',
    message: `${path} is missing. Restore it from backup; on a new installation run: sluice keys create (keys folder: ${dir})`,
  })
}

function wrongMode(path: string, command: string): GatewayError {
  return new GatewayError('keys-mode', {
    temporary: false,
    publicMessage: 'local error',
    message: `${path} can be used by others than its owner. Run: ${command}`,
  })
}

function unknownKeyEncryptionKey(id: number, where: string): GatewayError {
  return new GatewayError('key-missing', {
    temporary: true,
    publicMessage: 'local error',
    message: `key-encryption key ${id} is needed and missing (${where}). Restore its file from backup`,
  })
}
