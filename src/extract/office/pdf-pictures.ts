import { limits } from '../../core/limits.ts'
import { rasterOf as rasterOfRgba } from '../ocr/modern-pictures.ts'
import { type Raster, shrink } from '../ocr/raster.ts'
import { type OpenPdf, openPdf } from './pdf-document.ts'

/** `isCut`: the page has more than `limits.extractPagePicturesMax`. */
interface PagePictures {
  readonly rasters: readonly Raster[]
  readonly isCut: boolean
}

/**
 * Pixels of the pictures that the pages of a PDF paint, and of whole pages, for text recognition. The document is opened
 * a second time, since reading its text needs no picture decoded. Pictures beyond `limits.extractPixelsMax` are left out
 * by pdf.js.
 */
export class PdfPictures {
  readonly #bytes: Buffer
  readonly #passwords: readonly string[]
  readonly #seen = new Set<string>()
  #opened: OpenPdf | null = null

  constructor(bytes: Buffer, password: string | null) {
    this.#bytes = bytes
    this.#passwords = password === null ? [] : [password]
  }

  /** Pictures of one page, each once in the document; strips of one picture are joined. Throws for broken pages. */
  async onPage(number: number): Promise<PagePictures> {
    const pdf = await this.#open()
    if (pdf === null) return { rasters: [], isCut: false }
    const { OPS } = await import('pdfjs-dist/legacy/build/pdf.mjs')
    const page = await pdf.document.getPage(number)
    const { fnArray, argsArray } = await page.getOperatorList({ intent: 'any' })
    const rasters: Raster[] = []
    let isCut = false
    for (let i = 0; i < fnArray.length && !isCut; i++) {
      const args: unknown[] = Array.isArray(argsArray[i]) ? argsArray[i] : []
      let image: unknown = null
      switch (fnArray[i]) {
        case OPS.paintImageXObject:
        case OPS.paintImageXObjectRepeat:
          image = this.#isNew(args[0]) ? await objectOf(page, args[0]) : null
          break
        case OPS.paintInlineImageXObject:
          image = args[0]
          break
        case OPS.paintImageMaskXObject:
        case OPS.paintImageMaskXObjectRepeat:
          image = await maskOf(page, args[0])
          break
        default:
      }
      const raster = rasterOf(image)
      if (raster && rasters.length >= limits.extractPagePicturesMax) isCut = true
      else if (raster) rasters.push(raster)
    }
    page.cleanup()
    return { rasters: joined(rasters), isCut }
  }

  /**
   * The page as it is seen, at a resolution that print is read at: letters may be drawn as lines and curves. Null where
   * it took longer than `ms`. Throws for broken pages.
   */
  async drawn(number: number, ms: number): Promise<Raster | null> {
    const pdf = await this.#open()
    if (pdf === null) return null
    const { createCanvas } = await import('@napi-rs/canvas')
    const page = await pdf.document.getPage(number)
    const natural = page.getViewport({ scale: 1 })
    const room = Math.sqrt(PAGE_PIXELS_MAX / (natural.width * natural.height))
    const viewport = page.getViewport({ scale: Math.min(DOTS_PER_INCH / 72, room) })
    const [width, height] = [Math.ceil(viewport.width), Math.ceil(viewport.height)]
    if (!(width > 0 && height > 0 && width * height <= 2 * PAGE_PIXELS_MAX)) return null
    const context = createCanvas(width, height).getContext('2d')
    // pdf.js speaks of a browser's canvas; this one has what it uses.
    const task = page.render({ canvas: null, canvasContext: context as never, viewport, background: 'white' })
    const endsAt = performance.now() + ms
    // Left alone it goes on in microtasks, which no timer comes between.
    task.onContinue = (goOn: () => void) => {
      if (performance.now() < endsAt) setImmediate(goOn)
      else task.cancel()
    }
    try {
      await task.promise
      return rasterOfRgba(context.getImageData(0, 0, width, height).data, width, height)
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name === 'RenderingCancelledException') return null
      throw thrown
    } finally {
      page.cleanup()
    }
  }

  async #open(): Promise<OpenPdf | null> {
    if (this.#opened === null) {
      const opened = await openPdf(this.#bytes, this.#passwords, limits.extractPixelsMax)
      if (typeof opened === 'string') return null
      this.#opened = opened.pdf
    }
    return this.#opened
  }

  async close(): Promise<void> {
    await this.#opened?.close().catch(() => undefined)
    this.#opened = null
  }

  /** Names of pictures that several pages share begin with `g_`; all others are the page's own. */
  #isNew(name: unknown): boolean {
    if (typeof name !== 'string') return false
    if (!name.startsWith('g_')) return true
    if (this.#seen.has(name)) return false
    this.#seen.add(name)
    return true
  }
}

/** Capitals of ten points become 28 pixels, which recognition reads best. */
const DOTS_PER_INCH = 200
const PAGE_PIXELS_MAX = 4_000_000

interface ObjectStore {
  get(name: string, callback: (value: unknown) => void): unknown
}

async function objectOf(page: { objs: unknown; commonObjs: unknown }, name: unknown): Promise<unknown> {
  if (typeof name !== 'string') return null
  const store = (name.startsWith('g_') ? page.commonObjs : page.objs) as ObjectStore
  return await new Promise((resolve) => store.get(name, resolve))
}

/** A stencil: its bits are in the instruction, or in an object that it names. */
async function maskOf(page: { objs: unknown; commonObjs: unknown }, mask: unknown): Promise<unknown> {
  if (typeof mask !== 'object' || mask === null) return null
  const { data } = mask as { data?: unknown }
  const stored = typeof data === 'string' ? await objectOf(page, data) : null
  const source = (stored ?? mask) as { data?: unknown }
  return { ...mask, ...source, kind: BITS }
}

/** Kinds of pixels of pdf.js. */
const BITS = 1
const RGB = 2
const RGBA = 3

function rasterOf(image: unknown): Raster | null {
  if (typeof image !== 'object' || image === null) return null
  const { width, height, kind, data } = image as Record<string, unknown>
  if (
    typeof width !== 'number' ||
    typeof height !== 'number' ||
    !(data instanceof Uint8Array || data instanceof Uint8ClampedArray)
  )
    return null
  const pixels = width * height
  if (!(pixels > 0) || pixels > limits.extractPixelsMax) return null
  const step = Math.max(1, Math.ceil(Math.sqrt(pixels / limits.ocrPixelsMax)))
  const whole = (channels: 1 | 3, bytes: Uint8Array) => shrink({ width, height, channels, data: bytes }, step)
  switch (kind) {
    case BITS: {
      const stride = (width + 7) >> 3
      if (data.length < stride * height) return null
      const out = new Uint8Array(pixels)
      for (let y = 0, to = 0; y < height; y++)
        for (let x = 0; x < width; x++) out[to++] = ((data[y * stride + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1 ? 255 : 0
      return whole(1, out)
    }
    case RGB:
      return data.length < pixels * 3 ? null : whole(3, new Uint8Array(data.buffer, data.byteOffset, pixels * 3))
    case RGBA: {
      if (data.length < pixels * 4) return null
      const out = new Uint8Array(pixels * 3)
      for (let i = 0; i < pixels; i++) {
        const cover = (data[i * 4 + 3] ?? 255) / 255
        for (let c = 0; c < 3; c++) out[i * 3 + c] = (data[i * 4 + c] ?? 0) * cover + 255 * (1 - cover)
      }
      return whole(3, out)
    }
    default:
      return null
  }
}

/** Scanners write a page as strips: pictures of one width that follow each other are one. */
function joined(rasters: readonly Raster[]): Raster[] {
  const groups: Raster[][] = []
  for (const raster of rasters) {
    const group = groups.at(-1)
    const first = group?.[0]
    const isStrip = first && first.width === raster.width && first.channels === raster.channels
    if (group && isStrip && raster.height * 2 < raster.width) group.push(raster)
    else groups.push([raster])
  }
  return groups
    .map((group) => {
      const [first] = group
      if (!first || group.length === 1) return first
      const height = group.reduce((sum, { height }) => sum + height, 0)
      return { ...first, height, data: Buffer.concat(group.map(({ data }) => data)) }
    })
    .filter((raster) => raster !== undefined)
}
