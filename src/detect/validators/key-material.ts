/**
 * `key-material`: whether armour holds a key and not an ellipsis: at least 40 characters of base64 or hexadecimal between
 * its first and last line, varied enough for random bytes.
 */
import { bitsPerCharacter } from './entropy.ts'
import type { Validator } from './validator.ts'

const MATERIAL_MIN = 40
const BITS_MIN = 3.2

export const keyMaterial: Validator = {
  id: 'key-material',
  check(value) {
    const body = value
      .replace(/-{4,5} ?(?:BEGIN|END)[^-]{0,80}-{4,5}/g, ' ')
      .replace(/\\[nrt]/g, ' ')
      .replace(/^[\s>"'+]*[A-Za-z][A-Za-z0-9-]{2,20}: .*$/gm, ' ')
    let material = ''
    for (const run of body.matchAll(/[A-Za-z0-9+/=]{16,}/g)) material += run[0]
    return material.length >= MATERIAL_MIN && bitsPerCharacter(material) >= BITS_MIN ? value : null
  },
}
