/**
 * Watches the header of a message go by, chunk by chunk: counts Received fields, hands the values of one named field
 * out, and sees where the header ends. Keeps at most one field's first bytes, never the message. The header ends at the
 * first empty line or the first line that can't be a field, as receivers read it.
 */
const FIELD_KEPT_MAX = 1024

const LF = 0x0a
const CR = 0x0d

export class HeaderWatch {
  /** Received fields so far. */
  received = 0
  /** Octets of header so far, the empty line included. */
  bytes = 0
  /** True once the header is over; nothing need be pushed any more. */
  done = false

  private readonly watched: string
  private readonly onField: (value: string) => void
  /** First bytes of the field under way, its folded lines joined. */
  private readonly kept = Buffer.allocUnsafe(FIELD_KEPT_MAX)
  private keptLength = 0
  private lineLength = 0
  private lineNumber = 1
  private folded = false

  /** `watched` in lower case, or null for none; `onField` gets its values unfolded and trimmed, cut at a bound. */
  constructor(watched: string | null, onField: (value: string) => void) {
    this.watched = watched ?? ''
    this.onField = onField
  }

  /** Takes the next bytes. Line ends are CRLF: the guard in front refuses or mends anything else. */
  push(chunk: Uint8Array): void {
    for (let i = 0; i < chunk.length && !this.done; i++) {
      const byte = chunk[i] as number
      this.bytes++
      if (byte === CR) continue
      if (byte === LF) {
        this.endLine()
        continue
      }
      if (this.lineLength === 0) this.beginLine(byte)
      this.lineLength++
      if (this.keptLength < FIELD_KEPT_MAX) this.kept[this.keptLength++] = byte
    }
  }

  /** The header ended, or the message did: a last field without an empty line after it counts too. */
  end(): void {
    if (!this.done) this.endField()
    this.done = true
  }

  private beginLine(first: number): void {
    this.folded = (first === 0x20 || first === 0x09) && this.keptLength > 0
    if (!this.folded) this.endField()
  }

  private endLine(): void {
    if (this.lineLength === 0) {
      this.end()
    } else if (!this.folded && !this.looksLikeField()) {
      // An mbox separator on top is no field, but fields follow it.
      if (this.lineNumber > 1) this.done = true
      this.keptLength = 0
    }
    this.lineLength = 0
    this.lineNumber++
  }

  /** A name of printable ASCII before a colon; white space before the colon is tolerated, as old mailers wrote it. */
  private looksLikeField(): boolean {
    for (let i = 0; i < this.keptLength; i++) {
      const byte = this.kept[i] as number
      if (byte === 0x3a) return i > 0
      if (byte > 0x7e || byte < 0x20 || (byte === 0x20 && i === 0)) return false
    }
    return false
  }

  private endField(): void {
    if (this.keptLength > 0) {
      const field = this.kept.toString('latin1', 0, this.keptLength)
      const colon = Math.max(0, field.indexOf(':'))
      const name = field.slice(0, colon).trimEnd().toLowerCase()
      if (name === 'received') this.received++
      else if (name !== '' && name === this.watched) this.onField(field.slice(colon + 1).trim())
    }
    this.keptLength = 0
  }
}
