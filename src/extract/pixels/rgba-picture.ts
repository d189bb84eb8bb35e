import { limits } from '../../core/limits.ts'
import { ExtractLimitError } from '../format.ts'

/**
 * A decoded picture: red, green, blue and opacity of every pixel, row by row from the top, one byte each. Decoders in
 * this folder make one out of a file of a simple format. They throw for what they can't read, the caller says so; pixels
 * that the file ends before stay transparent. No picture is larger than `limits.extractPixelsMax`.
 */
export interface RgbaPicture {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8ClampedArray
}

/** Throws ExtractLimitError past the limit, and RangeError for sizes that are none. */
export function checkSize(width: number, height: number): void {
  if (!(width >= 1 && height >= 1)) throw new RangeError('picture without pixels')
  if (width * height > limits.extractPixelsMax) throw new ExtractLimitError('too-large', 'ocr')
}

/** A transparent picture. Throws as `checkSize` does. */
export function newPicture(width: number, height: number): RgbaPicture {
  checkSize(width, height)
  return { width, height, rgba: new Uint8ClampedArray(width * height * 4) }
}

/** Sets pixel `index`, counted row by row. */
export function setPixel(
  picture: RgbaPicture,
  index: number,
  red: number,
  green: number,
  blue: number,
  opacity = 255,
): void {
  const at = index * 4
  picture.rgba[at] = red
  picture.rgba[at + 1] = green
  picture.rgba[at + 2] = blue
  picture.rgba[at + 3] = opacity
}

/** Makes every pixel opaque: for files whose fourth byte is unused, which is zero then. */
export function withoutOpacity(picture: RgbaPicture): RgbaPicture {
  for (let at = 3; at < picture.rgba.length; at += 4) picture.rgba[at] = 255
  return picture
}

/** Whether no pixel can be seen. */
export function isInvisible({ rgba }: RgbaPicture): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 0) return false
  return true
}

/** CMYK as printers write it, each 0 (no ink) to 255, to red, green and blue. */
export function rgbOfInk(cyan: number, magenta: number, yellow: number, black: number): [number, number, number] {
  const light = 255 - black
  return [((255 - cyan) * light) / 255, ((255 - magenta) * light) / 255, ((255 - yellow) * light) / 255]
}
