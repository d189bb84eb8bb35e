import { createHash } from 'node:crypto'

/** Content that both processes can make from the id alone: some hundred bytes to some ten thousand. */
export function contentOf(id: string): Buffer {
  const seed = createHash('sha512').update(id).digest()
  const blocks = 1 + (seed.readUInt16BE(0) % 200)
  return Buffer.concat(
    Array.from({ length: blocks }, (_, i) => createHash('sha512').update(seed).update(`${i}`).digest()),
  )
}
