/**
 * Files to be registered -> documents with their texts, by the same extraction as mail's. An archive is its documents,
 * each under the archive's name and its own. What has no text is known by its bytes alone.
 */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type { NewDocument } from '../catalog/fingerprint-catalog.ts'
import { asError } from '../core/errors.ts'
import type { Extraction, Part, PartPrint, Uninspected } from '../core/extraction.ts'
import { picturesIn } from '../detect/fingerprint/binary-hashes.ts'
import type { DocumentGroup } from '../detect/fingerprint/fingerprint-index.ts'
import { SHINGLE_WORDS } from '../detect/fingerprint/shingles.ts'
import { foldedWords } from '../detect/words/fold.ts'
import { nameAsText, nameOfBytes, pathOfName } from '../scan/file-names.ts'
import type { ScanJob } from '../scan/scan-job.ts'
import type { ScanPool } from '../scan/scan-pool.ts'
import { readProblem } from './scan-files.ts'
import { readScanInput } from './scan-input.ts'

/** A file to register and what it is registered as. */
export interface DocumentFile {
  readonly path: string
  readonly name: string
  readonly group: DocumentGroup
}

export interface DocumentProblem {
  readonly file: string
  readonly problem: string
  /** What a document without text is recognised by: the same bytes, many of its pieces, what it looks like. */
  readonly knownBy?: readonly ('bytes' | 'pieces' | 'looks')[]
}

export interface ReadDocument {
  readonly documents: readonly NewDocument[]
  /** Registered without their text, in full or in part, and why. */
  readonly byBytes: readonly DocumentProblem[]
  /** Could not be registered, and why. */
  readonly failed: readonly DocumentProblem[]
}

const FILES_MAX = 1_000_000
/** Smaller files without text (empty ones above all) would be found everywhere. */
const BYTES_MIN = 64
/** What an archive holds is registered, not the archive. */
const ARCHIVE =
  /(?:^|[/-])(?:zip|gzip|x-(?:tar|bzip2?|xz|7z-compressed|lz4|lzip|lzma|compress|cpio|archive|iso9660-image|rpm|arj|lzh)|vnd\.rar|vnd\.ms-cab-compressed|zstd|mbox)$/

/** Every file of the paths; folders are read with all that is below them, under their relative names. */
export async function documentFiles(
  paths: readonly string[],
  group: (collection: string) => DocumentGroup,
): Promise<{ readonly files: readonly DocumentFile[]; readonly failed: readonly DocumentProblem[] }> {
  const files: DocumentFile[] = []
  for (const path of paths) {
    const info = await stat(pathOfName(path)).catch(() => null)
    if (!info?.isDirectory()) {
      const collection = basename(path).replace(/\.[^.]+$/, '') || basename(path)
      files.push({ path, name: nameAsText(basename(path)), group: group(nameAsText(collection)) })
      continue
    }
    for await (const file of filesBelow(path)) {
      const name = nameAsText(relative(path, file))
      if (files.length < FILES_MAX) files.push({ path: file, name, group: group(nameAsText(basename(path))) })
      else
        return {
          files,
          failed: [{ file: path, problem: `holds more than ${FILES_MAX} files: add its folders one by one` }],
        }
    }
  }
  return { files, failed: [] }
}

/** Files in a folder and all folders below it. Throws the file system's error. */
async function* filesBelow(folder: string): AsyncGenerator<string> {
  const open = [folder]
  for (let below = open.pop(); below !== undefined; below = open.pop()) {
    const entries = await readdir(pathOfName(below), { withFileTypes: true, encoding: 'buffer' })
    for (const entry of entries) {
      const path = join(below, nameOfBytes(entry.name))
      if (entry.isDirectory()) open.push(path)
      else if (entry.isFile()) yield path
    }
  }
}

/** Reads one file; `isKnown` spares the extraction of one that is registered as it is. */
export async function readDocument(
  pool: ScanPool,
  { path, name, group }: DocumentFile,
  isKnown: (document: Omit<NewDocument, 'texts'>) => boolean,
): Promise<ReadDocument> {
  try {
    const { job } = await readScanInput({ file: path })
    const sha256 = createHash('sha256').update(job.bytes).digest('hex')
    const whole = { name, group, sha256 }
    if (isKnown(whole)) return { documents: [{ ...whole, texts: [] }], byBytes: [], failed: [] }
    return await documentsOf(pool, whole, path, job)
  } catch (thrown) {
    const problem = readProblem(asError(thrown))
    return { documents: [], byBytes: [], failed: [{ file: path, problem }] }
  }
}

/** What bytes at hand are registered as; `path` is what problems call them. Throws what the pool throws. */
export async function documentsOf(
  pool: ScanPool,
  whole: Omit<NewDocument, 'texts' | 'prints'>,
  path: string,
  job: ScanJob,
): Promise<ReadDocument> {
  return split(whole, path, await pool.extract(job))
}

/** One document of a file, or those of an archive. */
function split(whole: Omit<NewDocument, 'texts' | 'prints'>, path: string, extraction: Extraction): ReadDocument {
  const [root] = extraction.parts
  if (!root) return { documents: [], byBytes: [], failed: [{ file: path, problem: 'holds nothing' }] }
  const documents: NewDocument[] = []
  const byBytes: DocumentProblem[] = []
  const failed: DocumentProblem[] = []
  for (const part of documentParts(extraction, root)) {
    const below = part === root ? '' : part.path.slice(root.path.length)
    const file = `${path}${below}`
    const texts = textsBelow(extraction, part)
    const reason = extraction.uninspected.find((entry) => within(entry, part))
    const enough = texts.some(hasPassage)
    if (!enough && part.size < BYTES_MIN) {
      failed.push({ file, problem: reason ? told(reason) : 'has too little in it to be recognised by' })
      continue
    }
    const prints = printsOf(extraction, part, !enough || reason?.reason === 'unsupported')
    if (!enough || (reason && reason.reason !== 'unsupported')) {
      const problem = reason ? told(reason) : `has fewer than ${SHINGLE_WORDS} words in a row`
      byBytes.push({ file, problem, knownBy: knownBy(prints) })
    }
    documents.push({ name: `${whole.name}${below}`, group: whole.group, sha256: part.sha256, texts, prints })
  }
  return { documents, byBytes, failed }
}

/** The parts that are documents of their own: the root, or what is in it where it is an archive with anything in it. */
function documentParts({ parts }: Extraction, part: Part): Part[] {
  const children = ARCHIVE.test(part.sniffedType) ? parts.filter(({ parent }) => parent === part.id) : []
  return children.length === 0 ? [part] : children.flatMap((child) => documentParts({ parts } as Extraction, child))
}

function textsBelow({ parts, texts }: Extraction, top: Part): Uint8Array[] {
  const own = new Set([top.id])
  // Parts stand after their parents.
  for (const { id, parent } of parts) if (parent !== null && own.has(parent)) own.add(id)
  return texts
    .filter((text) => own.has(text.part))
    .map(({ part, utf8 }) => (part === 0 ? withoutName(utf8, top.filename) : utf8))
}

/** The name of an upload is the last line of its text: in the copy it may be another. */
function withoutName(utf8: Uint8Array, filename: string | null): Uint8Array {
  const name = Buffer.from(filename ?? '')
  const at = utf8.length - name.length
  return at >= 0 && name.equals(utf8.subarray(at)) ? utf8.subarray(0, at) : utf8
}

/** A picture, or the only one of a file, is known by what it looks like; a file without text by its pieces too. */
function printsOf({ prints = [] }: Extraction, { id }: Part, byPieces: boolean): Omit<PartPrint, 'part'>[] {
  return prints
    .filter((print) => print.part === id)
    .map(({ chunks, picture }) => ({
      ...(byPieces && chunks !== undefined ? { chunks } : {}),
      ...(picture !== undefined && picturesIn(picture) === 1 ? { picture } : {}),
    }))
}

function knownBy(prints: readonly Omit<PartPrint, 'part'>[]): NonNullable<DocumentProblem['knownBy']> {
  return [
    'bytes',
    ...(prints.some(({ chunks }) => chunks !== undefined) ? (['pieces'] as const) : []),
    ...(prints.some(({ picture }) => picture !== undefined) ? (['looks'] as const) : []),
  ]
}

function within({ path }: Uninspected, part: Part): boolean {
  return path === part.path || path.startsWith(`${part.path}/`)
}

/** Looks at the beginning alone: long texts have passages. */
function hasPassage(utf8: Uint8Array): boolean {
  const start = Buffer.from(utf8.buffer, utf8.byteOffset, Math.min(utf8.byteLength, 4_096)).toString('utf8')
  return foldedWords(start).length >= SHINGLE_WORDS
}

function told({ reason, detail }: Uninspected): string {
  return detail ? `${reason} (${detail})` : reason
}
