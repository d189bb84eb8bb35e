import { randomFillSync } from 'node:crypto'

/**
 * Random bytes from the system's generator, asked for in advance: a request for a few costs a system call, and a small
 * message needs several. What was given out is wiped here, since it may be a key.
 */
const POOL_BYTES = 8 * 1024
const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES

/** Fills `into`, whatever its size. */
export function fillRandom(into: Buffer): void {
  if (into.length > POOL_BYTES) {
    randomFillSync(into)
    return
  }
  if (used + into.length > POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(into, 0, used, used + into.length)
  pool.fill(0, used, used + into.length)
  used += into.length
}
