/**
 * RFC 5321 section 4.5.2 over a stream: a dot that begins a line is doubled, and the end is `CRLF . CRLF`, with the
 * CRLF added only where the content does not end in one. Everything else goes through untouched and uncopied. Content
 * with a CR or LF that stands alone is refused: servers disagree on what it ends, and that is how mail is smuggled.
 */
const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e
/** What matters at line ends. A regular expression over a Latin-1 copy is five times as fast as a loop over bytes. */
const LINE_END = /\r\n\.|\r(?!\n)|(?<!\r)\n/g

export class BareLineEndError extends Error {
  constructor() {
    super('content has a CR or LF that stands alone')
    this.name = 'BareLineEndError'
  }
}

export class DotStuffing {
  /** Last byte so far; a virtual CRLF stands before the first. */
  private last = LF

  /** What to write for this chunk. Throws BareLineEndError before any byte of the chunk is given out. */
  push(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return chunk
    const dots: number[] = []
    const first = chunk[0]
    if (this.last === CR ? first !== LF : first === LF) throw new BareLineEndError()
    if (this.last === LF && first === DOT) dots.push(0)
    if (first === LF && chunk[1] === DOT) dots.push(1)
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
    LINE_END.lastIndex = first === LF ? 1 : 0
    for (let match = LINE_END.exec(text); match; match = LINE_END.exec(text)) {
      if (match[0].length === 3) dots.push(match.index + 2)
      else if (match.index < text.length - 1 || match[0] === '\n') throw new BareLineEndError()
    }
    this.last = chunk[chunk.length - 1] as number
    return dots.length === 0 ? chunk : doubled(chunk, dots)
  }

  /** What ends the data. Throws BareLineEndError when the last byte was a CR. */
  end(): string {
    if (this.last === CR) throw new BareLineEndError()
    return this.last === LF ? '.\r\n' : '\r\n.\r\n'
  }
}

/** One copy however many dots there are: a body of nothing but dots costs no more than its size. */
function doubled(chunk: Uint8Array, dots: readonly number[]): Uint8Array {
  const out = new Uint8Array(chunk.length + dots.length)
  let from = 0
  let to = 0
  for (const dot of dots) {
    out.set(chunk.subarray(from, dot), to)
    to += dot - from
    out[to++] = DOT
    from = dot
  }
  out.set(chunk.subarray(from), to)
  return out
}
