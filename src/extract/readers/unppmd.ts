import type { ExtractContext } from '../format.ts'
import { type Inflated, inflateCeiling } from './inflate.ts'
import { openLibarchive } from './libarchive-module.ts'
import { writeZip } from './zip-writer.ts'

/** PPMd as zip files have it (APPNOTE method 98), by libarchive, which takes it in a zip file only. Never throws. */
export async function unppmd(
  data: Buffer,
  stated: { readonly crc: number; readonly size: number },
  context: ExtractContext,
): Promise<Inflated> {
  const packed = { method: 98, crc: stated.crc >>> 0, size: stated.size >>> 0 }
  const archive = await openLibarchive(writeZip([{ name: 'x', data, packed }]))
  try {
    const none = { bytes: Buffer.alloc(0), problem: 'corrupt' as const }
    const read = archive.next() === null ? none : archive.read(inflateCeiling(context), () => context.budget.hasTime())
    context.budget.inflate(Math.min(read.bytes.length, context.budget.inflatedLeft))
    return { ...read, problem: read.problem === 'timeout' ? 'too-large' : read.problem, consumed: data.length }
  } finally {
    archive.close()
  }
}
