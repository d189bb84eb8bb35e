/** Stored content as one buffer, exactly as large as its blob says: anything else is `blob-corrupt`. */
import { GatewayError } from '../core/errors.ts'
import type { BlobRef } from '../core/submission.ts'
import type { BlobStore } from '../ports/blob-store.ts'

export async function readContent(blobs: BlobStore, ref: BlobRef): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(new ArrayBuffer(ref.size))
  let at = 0
  for await (const chunk of blobs.read(ref)) {
    if (at + chunk.length > ref.size) throw sizeMismatch()
    bytes.set(chunk, at)
    at += chunk.length
  }
  if (at !== ref.size) throw sizeMismatch()
  return bytes
}

function sizeMismatch(): GatewayError {
  return new GatewayError('blob-corrupt', {
    temporary: false,
    publicMessage: 'The stored message could not be read.',
    message: 'a stored blob does not have the size its reference says',
  })
}
