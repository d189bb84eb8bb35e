import type { ExtractContext } from '../format.ts'
import { decodeName } from '../readers/entry-name.ts'

/**
 * The `Ole10Native` stream of the object packager: a file somebody dropped into a document, with its name and path. As
 * a child; where the stream holds no package (other programs keep their own data there), the bytes themselves.
 */
export async function extractPackage(stream: Buffer, context: ExtractContext): Promise<void> {
  const found = readPackage(stream)
  if (!found) return context.child({ bytes: stream.subarray(4), filename: null, label: '[package]' })
  if (found.path !== '') context.text(found.path)
  await context.child({ bytes: found.bytes, filename: found.name || null, label: '[package]' })
}

interface Package {
  readonly name: string
  readonly path: string
  readonly bytes: Buffer
}

function readPackage(stream: Buffer): Package | null {
  if (stream.length < 8 || stream.readUInt16LE(4) !== 2) return null
  let at = 6
  const text = (): string => {
    const end = stream.indexOf(0, at)
    if (end < 0) return ''
    const raw = stream.subarray(at, end)
    at = end + 1
    return decodeName(raw, 'windows-1252')
  }
  const label = text()
  const path = text()
  at += 4
  if (at + 4 > stream.length) return null
  at += 4 + stream.readUInt32LE(at)
  if (at + 4 > stream.length) return null
  const size = stream.readUInt32LE(at)
  if (size > stream.length - at - 4) return null
  const name = label || path.slice(Math.max(path.lastIndexOf('\\'), path.lastIndexOf('/')) + 1)
  return { name, path, bytes: stream.subarray(at + 4, at + 4 + size) }
}
