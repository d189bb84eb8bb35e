import { GatewayError } from '../core/errors.ts'
import type { Edit } from './edits.ts'
import { AmbiguousMimeError, type MimeLeaf, mimeLeaves } from './mime-parts.ts'

/**
 * Takes attachments out of a message: the part's header and body become a text note, every other byte stays. When a
 * path can't be found, or the structure has more than one reading, it throws, so that the message is held whole.
 */
export interface StripRequest {
  /** Display paths of parts of the mail, as the extractor names them. */
  readonly paths: readonly string[]
  readonly note: string
}

/** Throws GatewayError `cannot-strip`. */
export function stripAttachments(message: Buffer, requests: readonly StripRequest[]): readonly Edit[] {
  const leaves = findLeaves(message)
  const notes = new Map<MimeLeaf, string>()
  for (const { paths, note } of requests) {
    for (const path of paths) {
      const found = leaves.filter((leaf) => isAt(leaf, path))
      if (found.length === 0) throw cannotStrip('no part of the mail has the path that a policy wants taken out')
      for (const leaf of found) if (!notes.has(leaf)) notes.set(leaf, note)
    }
  }
  const outermost = [...notes].filter(([leaf]) => ![...notes.keys()].some((other) => contains(other, leaf)))
  return outermost.flatMap(([leaf, note]) => replaceWithNote(message, leaf, note))
}

function findLeaves(message: Buffer): readonly MimeLeaf[] {
  try {
    return mimeLeaves(message)
  } catch (thrown) {
    if (thrown instanceof AmbiguousMimeError) throw cannotStrip(thrown.message)
    throw thrown
  }
}

/**
 * The second `a.txt` of a message is shown as `a.txt~2`. Which of several is meant is not worth a guess: all of one
 * name go.
 */
function isAt(leaf: MimeLeaf, path: string): boolean {
  return leaf.path === path || leaf.path === path.replace(/~\d+$/, '')
}

function contains(outer: MimeLeaf, inner: MimeLeaf): boolean {
  return outer !== inner && outer.start <= inner.start && inner.end <= outer.end
}

function replaceWithNote(message: Buffer, leaf: MimeLeaf, note: string): readonly Edit[] {
  const entity = Buffer.from(noteEntity(note))
  if (!leaf.isMessage) return [{ start: leaf.start, end: leaf.end, replacement: entity }]
  // The message itself is the attachment: its other header fields stay.
  const headEnd = headerEnd(message)
  return [
    ...leaf.contentFields.map(({ start, end }) => ({ start, end, replacement: new Uint8Array() })),
    { start: headEnd, end: message.length, replacement: entity },
  ]
}

function headerEnd(message: Buffer): number {
  const at = message.indexOf('\r\n\r\n')
  return at < 0 ? message.length : at + 2
}

/** Header and body of the note, UTF-8, in lines short enough for every hop. */
function noteEntity(note: string): string {
  const encoded = Buffer.from(`${note.toWellFormed().replace(/\r\n|\r|\n/g, '\r\n')}\r\n`).toString('base64')
  return (
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: inline\r\n\r\n' +
    encoded.replace(/.{76}(?=.)/g, '$&\r\n')
  )
}

function cannotStrip(detail: string): GatewayError {
  return new GatewayError('cannot-strip', {
    temporary: false,
    publicMessage: 'An attachment could not be taken out of the message.',
    message: detail,
  })
}
