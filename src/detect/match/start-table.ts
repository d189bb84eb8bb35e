/**
 * Where matches can begin: for each first byte, or first two, the start bits (see `boundary.ts`) of the patterns that can
 * begin with it. A look at the table rules out most places of a text before an automaton walks from there. Pure.
 */
import { type Automaton, DEAD, EVENT, NO_START } from './automaton.ts'

/** For each pair of bytes the boundaries of patterns that a match starting with that pair may have. */
export function startPairs(automaton: Automaton): Uint16Array {
  const pairs = new Uint16Array(65_536)
  const classes = automaton.classes
  const end = automaton.classOf[256] as number
  const waysOn = new Map<number, Uint8Array>()
  for (const bit of ownBits(automaton)) {
    const seen = new Uint8Array(classes * classes)
    for (const start of statesOf(automaton, bit)) {
      for (let first = 0; first < end; first++) {
        const state = settled(automaton, start, first)
        if (state === DEAD) continue
        let ways = waysOn.get(state)
        if (!ways) {
          ways = automaton.waysOn(state)
          waysOn.set(state, ways)
        }
        for (let second = 0; second < end; second++) if (ways[second] === 1) seen[first * classes + second] = 1
      }
    }
    for (let pair = 0; pair < 65_536; pair++) {
      const first = automaton.classOf[pair >> 8] as number
      const second = automaton.classOf[pair & 255] as number
      if (seen[first * classes + second] === 1) pairs[pair] = (pairs[pair] as number) | bit
    }
  }
  return pairs
}

/** For each byte the boundaries of patterns that a match starting with it may have. */
export function startBytes(automaton: Automaton): Uint16Array {
  const bytes = new Uint16Array(256)
  for (const bit of ownBits(automaton)) {
    for (const start of statesOf(automaton, bit)) {
      const ways = automaton.waysOn(start)
      for (let byte = 0; byte < 256; byte++)
        if (ways[automaton.classOf[byte] as number] === 1) bytes[byte] = (bytes[byte] as number) | bit
    }
  }
  return bytes
}

function ownBits({ startMask }: Automaton): number[] {
  return Array.from({ length: 32 }, (_, i) => 1 << i).filter((bit) => (startMask & bit) !== 0)
}

/** Offsets of the states to start from with the bit; what stands before matters to few patterns. */
function statesOf(automaton: Automaton, bit: number): Set<number> {
  const numbers = [-1, 10, 0x61, 0x20].map((previous) => automaton.start(bit, previous))
  return new Set(numbers.filter((number) => number !== NO_START).map((number) => number * automaton.classes))
}

/** The state behind one byte; a match of no byte can't be, since patterns never match the empty string. */
function settled(automaton: Automaton, state: number, byteClass: number): number {
  const value = automaton.trans[state + byteClass] || automaton.build(state, byteClass)
  return value <= EVENT ? (automaton.eventNext[EVENT - value] as number) : value
}
