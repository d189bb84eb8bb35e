/**
 * Words by their bytes, for following a text along all of them at once. Laid out in a few arrays, node by node in order
 * of depth, so that a node's children are neighbours: edge n leads to node n + 1. Pure.
 */

/** What `child` answers where no word goes on. */
export const NO_NODE = -1

export class KeywordTrie {
  /** Children of node n are `#bytes[#from[n] … #from[n + 1])`. */
  readonly #from: Int32Array
  readonly #bytes: Uint8Array
  readonly #ends: Int32Array
  /** Child of the root for each byte. */
  readonly #afterRoot = new Int32Array(256).fill(NO_NODE)

  /** Ids by word, each byte of it as a Latin-1 character; no word is empty. */
  constructor(ids: ReadonlyMap<string, number>) {
    const words = [...ids.keys()].sort()
    const from: number[] = []
    const bytes: number[] = []
    const ends: number[] = []
    // A node is the range of sorted words that begin with its bytes.
    let level: Range[] = [{ first: 0, end: words.length }]
    for (let depth = 0; level.length > 0; depth++) {
      const next: Range[] = []
      for (const { first, end } of level) {
        from.push(bytes.length)
        const isWord = first < end && words[first]?.length === depth
        ends.push(isWord ? (ids.get(words[first] as string) as number) : NO_NODE)
        let range: Range | null = null
        for (let i = isWord ? first + 1 : first; i < end; i++) {
          const byte = (words[i] as string).charCodeAt(depth)
          if (range && byte === bytes.at(-1)) range.end = i + 1
          else {
            range = { first: i, end: i + 1 }
            next.push(range)
            bytes.push(byte)
          }
        }
      }
      level = next
    }
    from.push(bytes.length)
    this.#from = Int32Array.from(from)
    this.#bytes = Uint8Array.from(bytes)
    this.#ends = Int32Array.from(ends)
    for (let edge = 0; edge < (this.#from[1] as number); edge++) this.#afterRoot[this.#bytes[edge] as number] = edge + 1
  }

  /** Bytes that words begin with. */
  get firstBytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#from[1])
  }

  /** The node one byte on; node 0 is the root. NO_NODE: no word goes on so. */
  child(node: number, byte: number): number {
    if (node === 0) return this.#afterRoot[byte] as number
    const end = this.#from[node + 1] as number
    for (let edge = this.#from[node] as number; edge < end; edge++) if (this.#bytes[edge] === byte) return edge + 1
    return NO_NODE
  }

  /** Id of the word that ends at the node, or a negative number. */
  wordAt(node: number): number {
    return this.#ends[node] as number
  }
}

interface Range {
  readonly first: number
  end: number
}
