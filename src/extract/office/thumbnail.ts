import { limits } from '../../core/limits.ts'
import { imageSize } from '../readers/image-size.ts'
import { pictureTexts } from '../readers/picture-texts.ts'
import { signatureOf } from '../signatures.ts'

const NAME =
  /^(?:docprops\/thumbnail|thumbnails\/thumbnail|quicklook\/(?:thumbnail|preview)|preview(?:-micro|-web)?)\.(?:jpe?g|png)$/i

/**
 * Whether a part is the small picture of its own first page that file managers show: all its words are in the document,
 * which is read. Anything odd about it (its size, text in it, data behind it) makes it a part like any other.
 */
export function isThumbnail(name: string, bytes: Buffer): boolean {
  if (!NAME.test(name)) return false
  const type = signatureOf(bytes)
  if (type !== 'image/jpeg' && type !== 'image/png') return false
  const size = imageSize(bytes, type)
  const { texts, deflated, end } = pictureTexts(bytes, type)
  const isPlain = texts.length === 0 && deflated.length === 0 && end === bytes.length
  return isPlain && size !== null && Math.max(size.width, size.height) <= limits.extractThumbnailSideMaxPixels
}
