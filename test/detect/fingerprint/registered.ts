/** A catalogue in a folder of its own, and what a detector finds with it. */
import { createHash } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FingerprintCatalog, type NewDocument } from '../../../src/catalog/fingerprint-catalog.ts'
import type { Part } from '../../../src/core/extraction.ts'
import type { Match } from '../../../src/core/finding.ts'
import type { DetectOptions, TextDetection } from '../../../src/detect/detector.ts'
import { fingerprintDetector } from '../../../src/detect/fingerprint/fingerprint-detector.ts'
import type { DocumentGroup, FingerprintIndex } from '../../../src/detect/fingerprint/fingerprint-index.ts'

export const catalogKey = new Uint8Array(32).fill(5)
export const detectOptions: DetectOptions = { findingKey: new Uint8Array(32) }

/** So many different words, the same for the same seed. */
export function prose(words: number, seed = 'w'): string {
  return Array.from({ length: words }, (_, i) => `${seed}${i}`).join(' ')
}

export function group(collection: string, more: Partial<DocumentGroup> = {}): DocumentGroup {
  return { collection, label: null, owner: null, sensitivity: null, partners: [], ignore: false, ...more }
}

export function document(
  name: string,
  text: string,
  more: Partial<DocumentGroup> & { collection?: string } = {},
): NewDocument {
  return {
    name,
    group: group(more.collection ?? 'plans', more),
    sha256: createHash('sha256').update(text).digest('hex'),
    texts: [Buffer.from(text)],
  }
}

export async function newCatalog(): Promise<{ catalog: FingerprintCatalog; dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-catalog-'))
  return { catalog: new FingerprintCatalog(dir, catalogKey), dir }
}

export async function indexOf(documents: readonly NewDocument[]): Promise<FingerprintIndex> {
  const { catalog } = await newCatalog()
  await catalog.add(documents, 1)
  const index = await catalog.open()
  if (!index) throw new Error('nothing was registered')
  return index
}

export function detect(index: FingerprintIndex, text: string, options = detectOptions): TextDetection {
  const found = fingerprintDetector(index).inspectText?.({ part: 0, utf8: Buffer.from(text) }, options)
  if (!found) throw new Error('the detector reads no text')
  return found
}

export function part(id: number, sha256: string): Part {
  return {
    id,
    parent: null,
    path: `p${id}`,
    filename: null,
    declaredType: null,
    sniffedType: 'application/octet-stream',
    size: 1,
    sha256,
    depth: 0,
    via: [],
    traits: [],
  }
}

export function summary({ document: name, containment, passageWords, confidence }: Match) {
  return { document: name, containment, passageWords, confidence }
}
