/** An element's name as written, and taken apart. */
export interface XmlName {
  readonly full: string
  /** Without its prefix: prefixes differ between writers, and a hostile one may choose any. */
  readonly local: string
  readonly prefix: string
}

/** A power of two; the formats of Office have some two thousand names, of which a document uses two hundred. */
const SLOTS = 4096
/** Longer names are nobody's, and not worth keeping. */
const KEPT_MAX_CHARS = 64

/**
 * Names that come again and again, in one document and the next, each made a string once: equal names are the same string
 * then, which comparing them profits by. A name that falls on the slot of another takes its place.
 */
const slots = new Array<XmlName | undefined>(SLOTS).fill(undefined)

/** The name at `text[from, to)`. `hash` is any number made of its characters alone. */
export function xmlNameAt(text: string, from: number, to: number, hash: number): XmlName {
  if (to - from > KEPT_MAX_CHARS) return xmlName(text.slice(from, to))
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1)
  const known = slots[slot]
  if (known !== undefined && isAt(text, from, to, known.full)) return known
  const name = xmlName(text.slice(from, to))
  slots[slot] = name
  return name
}

export function xmlName(written: string): XmlName {
  const full = asKey(written)
  const colon = full.indexOf(':')
  return colon < 0
    ? { full, local: full, prefix: '' }
    : { full, local: asKey(full.slice(colon + 1)), prefix: full.slice(0, colon) }
}

/** The one copy of a string that the engine keeps for names of properties; a slice would hold on to the whole document. */
function asKey(text: string): string {
  return Object.keys({ [text]: true })[0] ?? text
}

function isAt(text: string, from: number, to: number, name: string): boolean {
  if (to - from !== name.length) return false
  for (let i = 0; i < name.length; i++) if (text.charCodeAt(from + i) !== name.charCodeAt(i)) return false
  return true
}
