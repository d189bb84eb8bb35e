/**
 * Names and password hashes of those who may submit mail: one `name:scrypt$N$r$p$salt$hash` a line (base64), written
 * by `sluice users`. Checking costs the same whether the name exists or not, so that names can't be told by time.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { GatewayError } from '../core/errors.ts'
import { writeFileAtomic } from './safe-files.ts'

const COST = 2 ** 15
const BLOCK_SIZE = 8
const PARALLEL = 1
const HASH_BYTES = 32
const SALT_BYTES = 16
const MEMORY_MAX_BYTES = 128 * 1024 * 1024
const NAME = /^[^\s:\p{Cc}]{1,255}$/u
/** Longer passwords are refused before they are hashed. */
const PASSWORD_MAX_CHARS = 1024

/** Checks names and passwords against the file, which is read again when it changes. */
export class PasswordFile {
  readonly #file: string
  #entries: ReadonlyMap<string, string> = new Map()
  #stamp = ''
  #decoy: string | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** The name when the password is right, else null. Throws when the file can't be read. */
  async authenticate(name: string, password: string): Promise<string | null> {
    if (password.length > PASSWORD_MAX_CHARS) return null
    await this.#refresh()
    this.#decoy ??= await hashPassword(randomBytes(SALT_BYTES).toString('hex'))
    const known = this.#entries.get(name)
    const right = await verifyPassword(password, known ?? this.#decoy)
    return known !== undefined && right ? name : null
  }

  async #refresh(): Promise<void> {
    const { mtimeMs, size, ino } = await stat(this.#file)
    const stamp = `${mtimeMs} ${size} ${ino}`
    if (stamp === this.#stamp) return
    this.#entries = parseEntries(await readFile(this.#file, 'utf8'))
    this.#stamp = stamp
  }
}

function parseEntries(text: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) entries.set(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return entries
}

/** Adds or replaces one user. Throws GatewayError `bad-user-name`. */
export async function setUser(file: string, name: string, password: string): Promise<void> {
  if (!NAME.test(name)) {
    throw new GatewayError('bad-user-name', {
      temporary: false,
      publicMessage: 'A user name has 1 to 255 characters and no white space or colon.',
    })
  }
  const entries = await existing(file)
  entries.set(name, await hashPassword(password))
  await save(file, entries)
}

/** False when there was no such user. */
export async function removeUser(file: string, name: string): Promise<boolean> {
  const entries = await existing(file)
  const had = entries.delete(name)
  if (had) await save(file, entries)
  return had
}

async function existing(file: string): Promise<Map<string, string>> {
  try {
    return parseEntries(await readFile(file, 'utf8'))
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw thrown
  }
}

async function save(file: string, entries: ReadonlyMap<string, string>): Promise<void> {
  const text = [...entries].map(([name, hash]) => `${name}:${hash}\n`).join('')
  await writeFileAtomic(file, Buffer.from(text), { mode: 0o600 })
}

async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await derive(password, salt, COST, BLOCK_SIZE, PARALLEL)
  return ['scrypt', COST, BLOCK_SIZE, PARALLEL, salt.toString('base64'), hash.toString('base64')].join('$')
}

async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [scheme, cost, block, parallel, salt, hash] = stored.split('$')
  if (scheme !== 'scrypt' || !salt || !hash) return false
  const wanted = Buffer.from(hash, 'base64')
  if (wanted.length !== HASH_BYTES) return false
  const got = await derive(password, Buffer.from(salt, 'base64'), Number(cost), Number(block), Number(parallel))
  return timingSafeEqual(got, wanted)
}

function derive(password: string, salt: Buffer, cost: number, block: number, parallel: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: cost, r: block, p: parallel, maxmem: MEMORY_MAX_BYTES }
    scrypt(password.normalize('NFC'), salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
