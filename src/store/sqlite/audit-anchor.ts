import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { anchorMac, CHAIN_START, type ChainHead } from '../audit-chain.ts'

/**
 * How far the audit chain had come, kept in a file beside the database, so that cutting entries off its end is
 * noticed. It is written after each commit and not synced: it may lag behind the chain, it never leads. Two slots are
 * written in turn, so that a torn write costs one of them at most. Both carry a MAC.
 */
const SLOT_BYTES = 512

export function anchorPath(databasePath: string): string {
  return `${databasePath}-audit-anchor`
}

/** The newest authentic anchor; null when the file is missing or holds none. */
export function readAnchor(path: string, key: Uint8Array): ChainHead | null {
  if (!existsSync(path)) return null
  const bytes = readFileSync(path, 'latin1')
  let newest: ChainHead | null = null
  for (let slot = 0; slot < 2; slot += 1) {
    const head = parseSlot(bytes.slice(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES), key)
    if (head && (!newest || head.sequence > newest.sequence)) newest = head
  }
  return newest
}

export class AnchorWriter {
  readonly #fd: number
  readonly #key: Uint8Array

  private constructor(fd: number, key: Uint8Array) {
    this.#fd = fd
    this.#key = key
  }

  /** Creates the file (durably) with both slots at `head`, or replaces what it says. */
  static create(path: string, key: Uint8Array, head: ChainHead): AnchorWriter {
    const writer = new AnchorWriter(openSync(path, 'w+', 0o600), key)
    const slot = formatSlot(key, head)
    writeSync(writer.#fd, Buffer.concat([slot, slot]), 0, 2 * SLOT_BYTES, 0)
    fsyncSync(writer.#fd)
    const dir = openSync(dirname(path), 'r')
    fsyncSync(dir)
    closeSync(dir)
    return writer
  }

  static open(path: string, key: Uint8Array): AnchorWriter {
    return new AnchorWriter(openSync(path, 'r+'), key)
  }

  write(head: ChainHead): void {
    writeSync(this.#fd, formatSlot(this.#key, head), 0, SLOT_BYTES, (head.sequence % 2) * SLOT_BYTES)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/**
 * The writer for a chain whose head is `head`, or null when the anchor contradicts it (missing, or ahead): then it is
 * left as it is, as evidence, until someone renews it.
 */
export function continueAnchor(
  path: string,
  key: Uint8Array,
  anchor: ChainHead | null,
  head: ChainHead,
): AnchorWriter | null {
  if (anchor) return anchor.sequence <= head.sequence ? AnchorWriter.open(path, key) : null
  return head.sequence === 0 ? AnchorWriter.create(path, key, CHAIN_START) : null
}

function formatSlot(key: Uint8Array, head: ChainHead): Buffer {
  const text = `${String(head.sequence).padStart(16, '0')} ${head.mac} ${anchorMac(key, head)}\n`
  return Buffer.from(text.padEnd(SLOT_BYTES, ' '), 'latin1')
}

function parseSlot(text: string, key: Uint8Array): ChainHead | null {
  const [, sequence, mac, sealed] = /^([0-9]{16}) ([0-9a-f]{64}) ([0-9a-f]{64})\n/.exec(text) ?? []
  if (sequence === undefined || mac === undefined) return null
  const head = { sequence: Number(sequence), mac }
  return anchorMac(key, head) === sealed ? head : null
}
