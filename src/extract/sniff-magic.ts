import { WASMagic } from 'wasmagic'

/** Enough for every mark libmagic looks for but ISO 9660, which has its own signature. */
export const MAGIC_SAMPLE_BYTES = 64 * 1024

let loading: Promise<WASMagic> | null = null

/** libmagic's opinion of binary content, or null when it has none. Loads its tables at the first call (50 ms). */
export async function sniffMagic(bytes: Uint8Array): Promise<string | null> {
  loading ??= WASMagic.create()
  const magic = await loading
  const type = magic.detect(Buffer.from(bytes.subarray(0, MAGIC_SAMPLE_BYTES)))
  return /^[a-z]+\/[a-z0-9.+-]+$/.test(type) && type !== 'application/octet-stream' ? type : null
}
