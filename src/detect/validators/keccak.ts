/** Keccak-256 as Ethereum uses it: the original padding, which Node's SHA-3 doesn't offer. For short inputs only. */

const ROUND_CONSTANTS: readonly (readonly [number, number])[] = [
  [0, 0x1],
  [0, 0x8082],
  [0x80000000, 0x808a],
  [0x80000000, 0x80008000],
  [0, 0x808b],
  [0, 0x80000001],
  [0x80000000, 0x80008081],
  [0x80000000, 0x8009],
  [0, 0x8a],
  [0, 0x88],
  [0, 0x80008009],
  [0, 0x8000000a],
  [0, 0x8000808b],
  [0x80000000, 0x8b],
  [0x80000000, 0x8089],
  [0x80000000, 0x8003],
  [0x80000000, 0x8002],
  [0x80000000, 0x80],
  [0, 0x800a],
  [0x80000000, 0x8000000a],
  [0x80000000, 0x80008081],
  [0x80000000, 0x8080],
  [0, 0x80000001],
  [0x80000000, 0x80008008],
]
const ROTATIONS = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44]
const LANES = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1]
const RATE = 136
const MASK = (1n << 64n) - 1n

function rotate(lane: bigint, by: number): bigint {
  return ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & MASK
}

function permute(state: bigint[]): void {
  const at = (i: number): bigint => state[i] ?? 0n
  for (const [high, low] of ROUND_CONSTANTS) {
    const column = [0, 1, 2, 3, 4].map((x) => at(x) ^ at(x + 5) ^ at(x + 10) ^ at(x + 15) ^ at(x + 20))
    for (let x = 0; x < 5; x++) {
      const mix = (column[(x + 4) % 5] ?? 0n) ^ rotate(column[(x + 1) % 5] ?? 0n, 1)
      for (let y = 0; y < 25; y += 5) state[x + y] = at(x + y) ^ mix
    }
    let moving = at(1)
    for (let i = 0; i < 24; i++) {
      const lane = LANES[i] ?? 0
      const next = at(lane)
      state[lane] = rotate(moving, ROTATIONS[i] ?? 0)
      moving = next
    }
    for (let y = 0; y < 25; y += 5) {
      const row = state.slice(y, y + 5)
      for (let x = 0; x < 5; x++)
        state[x + y] = (row[x] ?? 0n) ^ (~(row[(x + 1) % 5] ?? 0n) & MASK & (row[(x + 2) % 5] ?? 0n))
    }
    state[0] = at(0) ^ ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0))
  }
}

/** Keccak-256 of up to 135 bytes, as hexadecimal; longer input throws a RangeError. */
export function keccak256(input: Uint8Array): string {
  if (input.length >= RATE) throw new RangeError('keccak256 takes at most 135 bytes')
  const block = new Uint8Array(RATE)
  block.set(input)
  block[input.length] = 1
  block[RATE - 1] = (block[RATE - 1] ?? 0) | 0x80
  const view = new DataView(block.buffer)
  const state = new Array<bigint>(25).fill(0n)
  for (let lane = 0; lane < RATE / 8; lane++) state[lane] = view.getBigUint64(lane * 8, true)
  permute(state)
  const out = new DataView(new ArrayBuffer(32))
  for (let lane = 0; lane < 4; lane++) out.setBigUint64(lane * 8, state[lane] ?? 0n, true)
  return Buffer.from(out.buffer).toString('hex')
}
