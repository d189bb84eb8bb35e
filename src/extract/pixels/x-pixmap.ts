import { limits } from '../../core/limits.ts'
import { newPicture, type RgbaPicture, setPixel } from './rgba-picture.ts'

/** XPM 3 and XBM: pictures as C source, of colours named by characters, or of bits. */
type Colour = readonly [number, number, number, number]

const NAMED: Readonly<Record<string, Colour>> = {
  none: [0, 0, 0, 0],
  transparent: [0, 0, 0, 0],
  black: [0, 0, 0, 255],
  white: [255, 255, 255, 255],
  red: [255, 0, 0, 255],
  green: [0, 255, 0, 255],
  blue: [0, 0, 255, 255],
  yellow: [255, 255, 0, 255],
  cyan: [0, 255, 255, 255],
  magenta: [255, 0, 255, 255],
}
/** Any other name is some colour between. */
const UNKNOWN: Colour = [128, 128, 128, 255]
const KEY_MAX_CHARS = 8

export function decodeXpm(bytes: Buffer): RgbaPicture {
  const strings = stringsOf(bytes.toString('latin1'))
  const [width = 0, height = 0, colours = 0, size = 0] = (strings.next().value ?? '').trim().split(/\s+/).map(Number)
  if (!(size >= 1 && size <= KEY_MAX_CHARS) || !(colours <= limits.extractRecordsMax))
    throw new RangeError('xpm header')
  const picture = newPicture(width, height)
  const palette = new Map<string, Colour>()
  for (let i = 0; i < colours; i++) {
    const line = strings.next().value
    if (line === undefined) break
    palette.set(line.slice(0, size), colourOf(line.slice(size)))
  }
  for (let y = 0; y < height; y++) {
    const row = strings.next().value
    if (row === undefined) break
    for (let x = 0; x < width; x++)
      setPixel(picture, y * width + x, ...(palette.get(row.slice(x * size, (x + 1) * size)) ?? UNKNOWN))
  }
  return picture
}

function* stringsOf(source: string): Generator<string, undefined> {
  for (const match of source.matchAll(/"([^"]*)"|\/\*[\s\S]*?(?:\*\/|$)/g)) if (match[1] !== undefined) yield match[1]
}

/** The colour for colour screens; for grey or black and white ones where there is no other. */
function colourOf(visuals: string): Colour {
  const words = visuals.trim().split(/\s+/)
  const after = (key: string) => (words.includes(key) ? words[words.indexOf(key) + 1] : undefined)
  const value = (after('c') ?? after('g') ?? after('g4') ?? after('m') ?? '').toLowerCase()
  const hex = /^#([0-9a-f]+)$/.exec(value)?.[1]
  const grey = /^gr[ae]y(\d{1,3})$/.exec(value)?.[1]
  if (grey !== undefined) return [Number(grey) * 2.55, Number(grey) * 2.55, Number(grey) * 2.55, 255]
  if (hex === undefined) return NAMED[value] ?? UNKNOWN
  const digits = Math.floor(hex.length / 3)
  const scale = 255 / (16 ** Math.min(2, digits) - 1)
  const part = (i: number) => Number.parseInt(hex.slice(i * digits, i * digits + Math.min(2, digits)), 16) * scale
  return [part(0), part(1), part(2), 255]
}

export function decodeXbm(bytes: Buffer): RgbaPicture {
  const source = bytes.toString('latin1')
  const size = (name: string) => Number(new RegExp(`#define[ \\t]+\\S*${name}[ \\t]+(\\d{1,6})`).exec(source)?.[1])
  const [width, height] = [size('width'), size('height')]
  const picture = newPicture(width, height)
  const isWord = /\bshort\b/.test(source.slice(0, source.indexOf('{')))
  const bits = isWord ? 16 : 8
  const perRow = Math.ceil(width / bits)
  let i = 0
  for (const [, hex] of source.slice(source.indexOf('{')).matchAll(/0[xX]([0-9a-fA-F]{1,4})/g)) {
    const value = Number.parseInt(hex ?? '0', 16)
    const y = Math.floor(i / perRow)
    if (y >= height) break
    for (let bit = 0; bit < bits; bit++) {
      const x = (i % perRow) * bits + bit
      const light = (value >> bit) & 1 ? 0 : 255
      if (x < width) setPixel(picture, y * width + x, light, light, light)
    }
    i += 1
  }
  return picture
}
