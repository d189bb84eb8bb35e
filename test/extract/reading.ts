import type { Extraction } from '../../src/core/extraction.ts'
import { type ExtractOptions, extract } from '../../src/extract/extract.ts'
import type { RequestFacts } from '../../src/extract/request.ts'

/** What the tests of extraction ask for, in one call. */
export interface Reading {
  readonly extraction: Extraction
  readonly text: string
  readonly paths: readonly string[]
  /** `reason detail` of each. */
  readonly uninspected: readonly string[]
}

export async function readMail(message: string | Uint8Array, options?: ExtractOptions): Promise<Reading> {
  return reading(await extract({ bytes: bytesOf(message), filename: null, declaredType: null, as: 'mail' }, options))
}

export async function readUpload(
  content: string | Uint8Array,
  upload: { filename?: string; type?: string; request?: RequestFacts } = {},
  options?: ExtractOptions,
): Promise<Reading> {
  return reading(
    await extract(
      {
        bytes: bytesOf(content),
        filename: upload.filename ?? null,
        declaredType: upload.type ?? null,
        as: 'upload',
        ...(upload.request ? { request: upload.request } : {}),
      },
      options,
    ),
  )
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content, 'latin1') : content
}

function reading(extraction: Extraction): Reading {
  return {
    extraction,
    text: extraction.texts.map((text) => Buffer.from(text.utf8).toString('utf8')).join('\n'),
    paths: extraction.parts.map((part) => part.path),
    uninspected: extraction.uninspected.map((entry) => `${entry.reason} ${entry.detail}`),
  }
}

/** Text without white space and format characters: what a value looks like to a detector. */
export function squeeze(text: string): string {
  return text.replace(/[\s\p{Cf}]/gu, '')
}
