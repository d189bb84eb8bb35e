/** The list of segments that make up the catalogue of documents. Replacing it is the commit of every change. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { damaged } from './column-file.ts'
import { writeDurably } from './durable-file.ts'

export const MANIFEST = 'documents.json'
const SEGMENTS_MAX = 10_000

const manifestSchema = z.strictObject({
  version: z.literal(2),
  segments: z
    .array(
      z.strictObject({
        file: z.string().regex(/^[0-9a-f-]{36}\.prints$/),
        ignore: z.boolean(),
        documents: z.number().int().positive(),
        hashes: z.number().int().positive(),
        dead: z.array(z.number().int().nonnegative()),
      }),
    )
    .max(SEGMENTS_MAX),
})

/** A segment in force. `dead`: numbers of its documents that were removed or replaced, ascending. */
export interface SegmentEntry {
  readonly file: string
  readonly ignore: boolean
  readonly documents: number
  readonly hashes: number
  readonly dead: readonly number[]
}

/** Oldest first. Throws GatewayError `catalog-damaged`. */
export async function readManifest(dir: string): Promise<readonly SegmentEntry[]> {
  let text: string
  try {
    text = await readFile(join(dir, MANIFEST), 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw thrown
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged(MANIFEST)
  }
  const { data } = manifestSchema.safeParse(value)
  if (!data) throw damaged(MANIFEST)
  return data.segments
}

export async function writeManifest(dir: string, segments: readonly SegmentEntry[]): Promise<void> {
  await writeDurably(dir, MANIFEST, async (handle) => {
    await handle.writeFile(JSON.stringify({ version: 2, segments }))
  })
}
