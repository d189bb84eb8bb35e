import { randomBytes } from 'node:crypto'
import { GatewayError } from '../../src/core/errors.ts'
import type { KeyEncryptionKeys, Keys } from '../../src/platform/keys.ts'

const KEY_BYTES = 32

/** Keys that exist in memory alone. */
export function ephemeralKeys(): Keys {
  return {
    keyEncryption: fixedKeyEncryptionKeys(new Map([[1, randomBytes(KEY_BYTES)]])),
    audit: randomBytes(KEY_BYTES),
    trace: randomBytes(KEY_BYTES),
    finding: randomBytes(KEY_BYTES),
    catalog: randomBytes(KEY_BYTES),
  }
}

/** A fixed set of key-encryption keys by number; the highest is current. */
export function fixedKeyEncryptionKeys(keys: ReadonlyMap<number, Buffer>): KeyEncryptionKeys {
  return {
    currentId: () => Math.max(...keys.keys()),
    get(id) {
      const key = keys.get(id)
      if (key) return key
      throw new GatewayError('key-missing', {
        temporary: true,
        publicMessage: 'local error',
        message: `key-encryption key ${id} is missing`,
      })
    },
    reload: async () => undefined,
  }
}
