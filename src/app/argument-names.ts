/** Names of files on the command line with the bytes that were given: Node puts U+FFFD for what is no UTF-8. Linux alone. */
import { readFileSync } from 'node:fs'
import { nameOfBytes } from '../scan/file-names.ts'

export function argumentNames(names: readonly string[]): readonly string[] {
  if (!names.some((name) => name.includes('\ufffd'))) return names
  const given = new Map<string, Buffer[]>()
  for (const argument of argumentsAsBytes()) {
    const text = argument.toString('utf8')
    given.set(text, [...(given.get(text) ?? []), argument])
  }
  // Of several that look alike each is taken once, in order.
  return names.map((name) => {
    const bytes = given.get(name)?.shift()
    return bytes ? nameOfBytes(bytes) : name
  })
}

/** None where the system does not tell. */
function argumentsAsBytes(): Buffer[] {
  let all: Buffer
  try {
    all = readFileSync('/proc/self/cmdline')
  } catch {
    return []
  }
  const found: Buffer[] = []
  for (let from = 0; from < all.length; ) {
    const end = all.indexOf(0, from)
    found.push(all.subarray(from, end < 0 ? all.length : end))
    from = (end < 0 ? all.length : end) + 1
  }
  return found
}
