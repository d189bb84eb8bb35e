import type { Extraction } from '../../src/core/extraction.ts'

/** What the extractor makes of one plain text. */
export function textExtraction(text: string, path: string): Extraction {
  const part = {
    id: 0,
    parent: null,
    path,
    filename: null,
    declaredType: null,
    sniffedType: 'text/plain',
    size: text.length,
    sha256: '',
    depth: 0,
    via: [],
    traits: [],
  }
  return { parts: [part], texts: [{ part: 0, utf8: Buffer.from(text) }], uninspected: [], labels: [] }
}
