import { createKeys, rotateKeyEncryptionKey } from '../../platform/keys.ts'
import { apiTokenFile, replaceApiToken } from '../api/api-token.ts'
import { loadConfiguration } from '../installation.ts'

interface Flags {
  readonly config?: string
}

export async function runKeysCreate(flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const created = await createKeys(keysDir(config.keys_dir))
  for (const file of created) process.stdout.write(`created ${file}\n`)
  if (created.length === 0) process.stdout.write('all key files are there already\n')
  return 0
}

export async function runKeysRotate(flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const id = await rotateKeyEncryptionKey(keysDir(config.keys_dir))
  process.stdout.write(
    `key-encryption key ${id} is current; data keys are re-wrapped when the gateway starts next. Keep the older key files until then, and in every backup.\n`,
  )
  return 0
}

export async function runKeysApiToken(flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const file = apiTokenFile(keysDir(config.keys_dir))
  await createKeys(keysDir(config.keys_dir))
  await replaceApiToken(file)
  process.stdout.write(`${file} holds a new token of the HTTP API; the former one opens nothing any more\n`)
  return 0
}

/** The configuration always has it resolved. */
export function keysDir(dir: string | undefined): string {
  if (dir === undefined) throw new Error('keys_dir is resolved when the configuration is loaded')
  return dir
}
