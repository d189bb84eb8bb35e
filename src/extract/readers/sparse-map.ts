import type { Budget } from '../format.ts'
import type { ByteStream } from '../stream/byte-stream.ts'

/**
 * Files with holes in tar archives (GNU tar manual, appendix D.2 "Storing Sparse Files"): which pieces of a file are
 * stored, and where in it they belong. A map that contradicts itself or the data is none. Pure but for reading the map
 * that format 1.0 has in front of the data.
 */
export interface SparseMap {
  readonly pieces: readonly SparsePiece[]
  /** Bytes of the file with its holes. */
  readonly realSize: number
}

/** Where in the file it belongs, and its length. */
export type SparsePiece = readonly [offset: number, size: number]

const BLOCK = 512
const PIECE_BYTES = 24
/** In the header of the old format, and in each block that goes on with it. */
const OLD_PIECES = 4
const MORE_PIECES = 21
/** A map as long as these many pieces is longer than any file needs. */
export const SPARSE_PIECES_MAX = 100_000
const NUMBER_MAX_DIGITS = 16

/** The map of the old GNU format, from a header and the blocks that follow it, which are taken from the stream. */
export async function oldSparseMap(
  header: Buffer,
  stream: ByteStream,
  numberAt: (block: Buffer, at: number, length: number) => number,
): Promise<SparseMap> {
  const pieces: SparsePiece[] = []
  const take = (block: Buffer, at: number, count: number) => {
    for (let i = 0; i < count && pieces.length < SPARSE_PIECES_MAX; i++) {
      const size = numberAt(block, at + i * PIECE_BYTES + 12, 12)
      if (size > 0) pieces.push([numberAt(block, at + i * PIECE_BYTES, 12), size])
    }
  }
  take(header, 386, OLD_PIECES)
  for (let goesOn = header[482] === 1; goesOn; ) {
    const block = await stream.take(BLOCK)
    if (block.length < BLOCK) break
    take(block, 0, MORE_PIECES)
    goesOn = block[504] === 1
  }
  return { pieces, realSize: numberAt(header, 483, 12) }
}

/** Numbers in turn: offset and size. Null where there is an odd count of them, or something else. */
export function sparsePieces(numbers: readonly string[]): SparsePiece[] | null {
  if (numbers.length % 2 !== 0 || numbers.length > SPARSE_PIECES_MAX * 2) return null
  const pieces: SparsePiece[] = []
  for (let i = 0; i < numbers.length; i += 2) {
    const piece = [Number(numbers[i]), Number(numbers[i + 1])] as const
    if (!piece.every((value) => Number.isSafeInteger(value) && value >= 0)) return null
    pieces.push(piece)
  }
  return pieces
}

/**
 * The map of format 1.0, in lines in front of the data, filled up to whole blocks. `took` counts what was taken of the
 * stream, which is not more than `most`.
 */
export async function leadingSparseMap(
  stream: ByteStream,
  most: number,
): Promise<{ pieces: SparsePiece[] | null; took: number }> {
  const numbers: string[] = []
  let took = 0
  let rest = ''
  for (let wanted = 1; numbers.length < wanted; ) {
    const block = took + BLOCK > most ? Buffer.alloc(0) : await stream.take(BLOCK)
    took += block.length
    const lines = (rest + block.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    numbers.push(...lines)
    if (numbers.length > 0) wanted = 1 + Number(numbers[0]) * 2
    if (block.length < BLOCK || rest.length > Math.max(BLOCK, NUMBER_MAX_DIGITS) || !(wanted <= SPARSE_PIECES_MAX * 2))
      return { pieces: null, took }
  }
  return { pieces: sparsePieces(numbers.slice(1, 1 + Number(numbers[0]) * 2)), took }
}

/** Whether the pieces follow each other, fit into the file and are all of `stored` bytes. */
export function isSound({ pieces, realSize }: SparseMap, stored: number): boolean {
  let at = 0
  let sum = 0
  for (const [offset, size] of pieces) {
    if (offset < at) return false
    at = offset + size
    sum += size
  }
  return at <= realSize && sum === stored
}

/**
 * The file with its holes as zeros, where that is not more than `most` bytes and the budget has them; else each hole is
 * a block of zeros, so that pieces stay apart.
 */
export function withHoles(data: Buffer, { pieces, realSize }: SparseMap, most: number, budget: Budget): Buffer {
  const isWhole = realSize <= most && budget.inflate(realSize - data.length)
  const hole = (size: number) => Buffer.alloc(isWhole ? size : Math.min(size, BLOCK))
  const out: Buffer[] = []
  let from = 0
  let at = 0
  for (const [offset, size] of pieces) {
    if (offset > at) out.push(hole(offset - at))
    out.push(data.subarray(from, from + size))
    from += size
    at = offset + size
  }
  if (realSize > at) out.push(hole(realSize - at))
  return Buffer.concat(out)
}
