import type { UninspectedReason } from '../../core/extraction.ts'
import { limits } from '../../core/limits.ts'
import { type Budget, ExtractLimitError } from '../format.ts'
import { plainPictures, plainTypes, tiffRaster } from '../pixels/plain-pictures.ts'
import { imageSize } from '../readers/image-size.ts'
import { type BarCodes, readBarCodes } from './bar-codes.ts'
import { foldDigits } from './fold-digits.ts'
import { decodeModern, modernTypes, type PictureSize } from './modern-pictures.ts'
import { pictureFrames } from './picture-frames.ts'
import { contrastPlane, flattened, type Raster, resample, turnHalf, turnQuarter } from './raster.ts'
import { type OcrSettings, OcrTimeoutError, type RecognisedLine, TesseractEngine } from './tesseract-engine.ts'
import { type TextLayout, textLayout } from './text-layout.ts'

/**
 * Text in the pixels of pictures, and what bar codes in them say. One reader for a message: it counts pictures and time over everything nested in it.
 * A picture is looked at cheaply first; one that may hold text is put upright and to the size that recognition likes,
 * read, and read again in other ways while much of what looks like letters stays unread. It never throws: what was not
 * read is told as a problem.
 */
export interface PictureText {
  readonly text: string
  readonly problem: { readonly reason: UninspectedReason; readonly detail: string } | null
}

/** Height of capitals that recognition reads best. */
const HEIGHT_WANTED = 28
const HEIGHT_SMALL = 20
const HEIGHT_LARGE = 64
const SCALE_MAX = 4
const LETTERS_MIN = 4
/** Below this share of letters in lines a picture is texture with a chance line in it. */
const ORDER_MIN = 0.04
/** From here on what looks like text is text: giving up on it is a timeout. */
const PRINT_ORDER_MIN = 0.5
const PRINT_LETTERS_MIN = 40
const SURE_CONFIDENCE = 60
/** Lines read with less confidence are kept only from the reading that read most. */
const LINE_CONFIDENCE_MIN = 75
/** A reading is good enough when it is sure of so many of the letters seen. */
const COVERAGE_MIN = 0.6
const SLOPE_MIN = 0.01
const FLATTEN_RADIUS = 48
/** Digits in a reading that may be a number worth a second reading. */
const NUMBER_DIGITS_MIN = 6
const SECOND_FACTOR = 0.75
/** Letters that are recognised in one go: what was read is kept when time runs out in a later band. */
const BAND_LETTERS = 500
/** Several lines of text at HEIGHT_WANTED. */
const BAND_HEIGHT_MIN = 160

/** Shares of the time of a message that a first and a second reading leave to whatever else is in it. */
const FIRST_RESERVE = 0.1
const SECOND_RESERVE = 0.5

const nothing: PictureText = { text: '', problem: null }
/** Null: the codes were read. */
function codesProblem(codes: BarCodes | null): PictureText['problem'] {
  if (codes === null) return { reason: 'not-readable', detail: 'bar codes' }
  return codes.isCut ? { reason: 'too-many', detail: 'bar codes' } : null
}

/** The one engine of this thread, made at the first picture. */
let shared: { readonly key: string; readonly engine: TesseractEngine } | null = null

async function engineFor(settings: OcrSettings): Promise<TesseractEngine> {
  const key = JSON.stringify([settings.data, settings.languages])
  if (shared === null || shared.key !== key || shared.engine.isSpent) {
    shared = null
    shared = { key, engine: await TesseractEngine.open(settings) }
  }
  return shared.engine
}

interface Reading {
  readonly lines: readonly RecognisedLine[]
  /** Characters in words that were read with confidence. */
  readonly sure: number
  readonly digits: number
  readonly confidence: number
}

interface BandView {
  readonly band: Raster
  /** Whether it is turned upside down: the likelier way first. */
  readonly ways: readonly boolean[]
  readonly readings: Reading[]
  /** Milliseconds. */
  readonly took: number
}

/** What is left to the pictures of a message. */
export interface PicturesLeft {
  readonly pictures: number
  readonly ms: number
}

export class PictureReader {
  readonly #settings: OcrSettings
  #picturesLeft: number
  #msLeft: number

  constructor(
    settings: OcrSettings,
    left: PicturesLeft = { pictures: limits.ocrPicturesMax, ms: limits.ocrMessageMs },
  ) {
    this.#settings = settings
    this.#picturesLeft = left.pictures
    this.#msLeft = left.ms
  }

  get settings(): OcrSettings {
    return this.#settings
  }

  get left(): PicturesLeft {
    return { pictures: this.#picturesLeft, ms: this.#msLeft }
  }

  /** Takes over what is left after another process read pictures of the same message. */
  settle(left: PicturesLeft): void {
    this.#picturesLeft = Math.min(this.#picturesLeft, left.pictures)
    this.#msLeft = Math.min(this.#msLeft, left.ms)
  }

  /** Reads a picture file; `size` is what its header says. Files that can't be decoded are `not-readable`. */
  async readFile(bytes: Buffer, type: string, size: PictureSize | null, budget: Budget): Promise<PictureText> {
    if (size && isTiny(size.width, size.height)) return nothing
    if (size && size.width * size.height > limits.extractPixelsMax) return problem('too-large', 'ocr')
    if (modernTypes.has(type)) return await this.#readModern(bytes, type, size, budget)
    if (plainTypes.includes(type)) return await this.#readPlain(bytes, type, budget)
    const frames = pictureFrames(bytes, type)
    const texts: string[] = []
    let last: PictureText['problem'] = frames.skipped > 0 ? { reason: 'not-readable', detail: 'further frames' } : null
    for (const file of frames.files) {
      const read = await this.#timed(
        budget,
        (engine) => engine.decode(file) ?? (type === 'image/tiff' ? tiffRaster(file) : null),
      )
      if (read.text !== '') texts.push(read.text)
      if (read.problem) last = read.problem
    }
    return { text: texts.join('\n'), problem: last }
  }

  async #readModern(bytes: Buffer, type: string, size: PictureSize | null, budget: Budget): Promise<PictureText> {
    if (!this.hasTime) return problem('timeout', 'ocr')
    const startedAt = cpuMs()
    const { rasters, skipped } = await decodeModern(bytes, type, size)
    this.#msLeft -= cpuMs() - startedAt
    const texts: string[] = []
    let last: PictureText['problem'] = null
    if (skipped > 0) last = { reason: 'not-readable', detail: 'further frames' }
    if (rasters.length === 0) last = { reason: 'not-readable', detail: 'picture could not be decoded' }
    for (const raster of rasters) {
      const read = await this.readRaster(raster, budget)
      if (read.text !== '') texts.push(read.text)
      if (read.problem) last = read.problem
    }
    return { text: texts.join('\n'), problem: last }
  }

  /** Formats that we decode ourselves, the pictures of one file one after the other. */
  async #readPlain(bytes: Buffer, type: string, budget: Budget): Promise<PictureText> {
    const pictures = plainPictures(bytes, type)
    const texts: string[] = []
    let last: PictureText['problem'] = null
    for (let count = 0; ; count++) {
      if (!this.hasTime) return problem('timeout', 'ocr')
      const startedAt = cpuMs()
      try {
        const { value: picture } = await pictures.next()
        this.#msLeft -= cpuMs() - startedAt
        if (!picture) break
        if (count >= limits.ocrFramesMax) {
          last = { reason: 'not-readable', detail: 'further frames' }
          break
        }
        const read = Buffer.isBuffer(picture)
          ? await this.#readInner(picture, budget)
          : await this.readRaster(picture, budget)
        if (read.text !== '') texts.push(read.text)
        if (read.problem) last = read.problem
      } catch (thrown) {
        const isLimit = thrown instanceof ExtractLimitError
        last = isLimit
          ? { reason: thrown.reason, detail: thrown.detail }
          : { reason: 'not-readable', detail: 'picture could not be decoded' }
        break
      }
    }
    return { text: texts.join('\n'), problem: last }
  }

  /** A PNG or JPEG inside a file of another format, whose header says nothing of its size. */
  async #readInner(file: Buffer, budget: Budget): Promise<PictureText> {
    const size = imageSize(file, file[0] === 0x89 ? 'image/png' : 'image/jpeg')
    if (size && size.width * size.height > limits.extractPixelsMax) return problem('too-large', 'ocr')
    return await this.#timed(budget, (engine) => engine.decode(file))
  }

  /** Reads pixels that something else has decoded. */
  async readRaster(raster: Raster, budget: Budget): Promise<PictureText> {
    if (isTiny(raster.width, raster.height)) return nothing
    return await this.#timed(budget, () => raster)
  }

  /** Whether another picture would be looked at. */
  get hasTime(): boolean {
    return this.#picturesLeft > 0 && this.#msLeft > 0
  }

  async #timed(budget: Budget, open: (engine: TesseractEngine) => Raster | null): Promise<PictureText> {
    if (this.#picturesLeft <= 0) return problem('too-many', 'ocr')
    if (this.#msLeft <= 0 || !budget.hasTime()) return problem('timeout', 'ocr')
    this.#picturesLeft -= 1
    const startedAt = cpuMs()
    try {
      const raster = open(await engineFor(this.#settings))
      if (raster === null) return problem('not-readable', 'picture could not be decoded')
      if (isTiny(raster.width, raster.height)) return nothing
      const endsAt = startedAt + Math.min(limits.ocrPictureMs, this.#msLeft)
      const msLeft = (reserve: number) =>
        budget.hasTime() ? Math.min(endsAt - cpuMs(), budget.msLeft - budget.limits.timeMs * reserve) : 0
      const codes = await readBarCodes(raster).catch(() => null)
      const read = await this.#read(raster, textLayout(raster), msLeft)
      const text = [read.text, ...(codes?.texts ?? [])].filter((piece) => piece !== '').join('\n')
      return { text, problem: read.problem ?? codesProblem(codes) }
    } catch {
      return problem('not-readable', 'text recognition failed')
    } finally {
      this.#msLeft -= cpuMs() - startedAt
    }
  }

  async #read(raster: Raster, layout: TextLayout, left: (reserve: number) => number): Promise<PictureText> {
    if (layout.letters < LETTERS_MIN || layout.order < ORDER_MIN) return nothing
    const bands = bandsOf(straightened(raster, layout), Math.ceil(layout.letters / BAND_LETTERS))
    const msLeft = () => left(FIRST_RESERVE)
    const views: BandView[] = []
    let isTurned = false
    for (const band of bands) {
      const view = await this.#view(band, isTurned, msLeft)
      if (view === null) break
      isTurned = view.ways[0] ?? isTurned
      views.push(view)
    }
    const isWhole = views.length === bands.length
    // Only once all of it was read: time for a second reading must not be missing for the end of the page.
    if (isWhole)
      for (const view of views) await this.#viewAgain(view, layout.letters / bands.length, () => left(SECOND_RESERVE))
    const text = views
      .map(({ readings }) => textOf(readings))
      .filter((piece) => piece !== '')
      .join('\n')
    if (isWhole) return { text, problem: null }
    const isPrint = layout.letters >= PRINT_LETTERS_MIN && layout.order >= PRINT_ORDER_MIN
    const detail = isPrint ? 'ocr' : 'text recognition took too long'
    return { text, problem: { reason: isPrint ? 'timeout' : 'not-readable', detail } }
  }

  /** Reads a band as the one before, and the other way up where that is unsure. Null when there was no time. */
  async #view(band: Raster, isTurned: boolean, msLeft: () => number): Promise<BandView | null> {
    const startedAt = cpuMs()
    const first = await this.#recognise(isTurned ? turnHalf(band) : band, msLeft)
    if (first === null) return null
    const ways = [isTurned, !isTurned]
    const readings = [first]
    if (first.confidence < SURE_CONFIDENCE) {
      const other = await this.#recognise(isTurned ? band : turnHalf(band), msLeft)
      if (other) readings.push(other)
      if (other && scoreOf(other) > scoreOf(first)) ways.reverse()
    }
    return { band, ways, readings, took: cpuMs() - startedAt }
  }

  /** A wrong digit breaks its check digit and hides the number, so numbers are read a second time at another size. */
  async #viewAgain({ band, ways, readings, took }: BandView, letters: number, msLeft: () => number): Promise<void> {
    const best = bestOf(readings)
    if (best.sure >= letters * COVERAGE_MIN && best.digits < NUMBER_DIGITS_MIN) return
    // Where it can't be told which way is up, as with a row of ones, both ways are gone on with.
    const likely = best.confidence < SURE_CONFIDENCE ? ways : ways.slice(0, 1)
    for (const way of likely) {
      if (took * 2 > msLeft()) return
      const even = flattened(contrastPlane(way ? turnHalf(band) : band), FLATTEN_RADIUS)
      const again = await this.#recognise(resample(even, SECOND_FACTOR, 0), msLeft)
      if (again) readings.push(again)
    }
  }

  /** Null when there was no time. */
  async #recognise(raster: Raster, msLeft: () => number): Promise<Reading | null> {
    const engine = await engineFor(this.#settings)
    if (msLeft() <= 0) return null
    try {
      return readingOf(engine.recognise(raster, () => msLeft() <= 0))
    } catch (thrown) {
      if (thrown instanceof OcrTimeoutError) return null
      throw thrown
    }
  }
}

/** Time of this thread alone: a busy machine does not make a picture unreadable. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function problem(reason: UninspectedReason, detail: string): PictureText {
  return { text: '', problem: { reason, detail } }
}

function isTiny(width: number, height: number): boolean {
  return Math.min(width, height) < limits.ocrSideMinPixels || width * height < limits.ocrAreaMinPixels
}

/** With lines level and letters of the size that is read best. */
function straightened(raster: Raster, layout: TextLayout): Raster {
  const level = layout.isVertical ? turnQuarter(raster) : raster
  const isOdd = layout.height < HEIGHT_SMALL || layout.height > HEIGHT_LARGE
  const wanted = isOdd ? HEIGHT_WANTED / layout.height : 1
  const room = Math.sqrt(limits.ocrPixelsMax / (raster.width * raster.height))
  const factor = Math.min(SCALE_MAX, Math.max(0.25, wanted), Math.max(1, room))
  return resample(level, factor, Math.abs(layout.slope) < SLOPE_MIN ? 0 : -layout.slope)
}

/** Cut into `count` bands of about the same height, between lines where there is a place without ink nearby. */
function bandsOf(raster: Raster, count: number): Raster[] {
  const { width, height, channels, data } = raster
  const stride = width * channels
  const most = Math.min(count, Math.floor(height / BAND_HEIGHT_MIN))
  if (most < 2) return [raster]
  const bands: Raster[] = []
  let top = 0
  for (let i = 1; i <= most; i++) {
    const ideal = Math.round((i * height) / most)
    const bottom = i === most ? height : quietestRow(raster, ideal, BAND_HEIGHT_MIN / 2)
    bands.push({ width, height: bottom - top, channels, data: data.subarray(top * stride, bottom * stride) })
    top = bottom
  }
  return bands
}

/** The row near `ideal` along which pixels change least. */
function quietestRow({ width, channels, data }: Raster, ideal: number, reach: number): number {
  const stride = width * channels
  let best = ideal
  let least = Number.POSITIVE_INFINITY
  for (let y = Math.floor(ideal - reach); y < ideal + reach; y++) {
    let change = 0
    for (let at = y * stride + channels; at < (y + 1) * stride; at++)
      change += Math.abs((data[at] ?? 0) - (data[at - channels] ?? 0))
    if (change < least) {
      least = change
      best = y
    }
  }
  return best
}

function bestOf(readings: readonly Reading[]): Reading {
  return readings.reduce((best, reading) => (scoreOf(reading) > scoreOf(best) ? reading : best))
}

function scoreOf({ sure, confidence }: Reading): number {
  return sure * 100 + confidence
}

function readingOf(lines: readonly RecognisedLine[]): Reading {
  let sure = 0
  let digits = 0
  let weight = 0
  let characters = 0
  for (const { text, confidence } of lines.flat()) {
    if (confidence >= SURE_CONFIDENCE) sure += text.length
    digits += text.replace(/\D/g, '').length
    weight += confidence * text.length
    characters += text.length
  }
  return { lines, sure, digits, confidence: characters === 0 ? 0 : weight / characters }
}

/** Every line of the best reading, those of others where that is unsure or they are sure, and with digits made digits. */
function textOf(readings: readonly Reading[]): string {
  const best = bestOf(readings)
  const lines = best.lines.map(lineText)
  for (const words of readings.flatMap((reading) => (reading === best ? [] : reading.lines))) {
    const isWelcome = best.confidence < SURE_CONFIDENCE || readingOf([words]).confidence >= LINE_CONFIDENCE_MIN
    if (isWelcome && !lines.includes(lineText(words))) lines.push(lineText(words))
  }
  const worded = lines.filter((line) => /[\p{L}\p{N}]{2}/u.test(line))
  const folded = worded.map(foldDigits).filter((line) => line !== null)
  return [...worded, ...folded].join('\n')
}

function lineText(words: RecognisedLine): string {
  return words.map((word) => word.text).join(' ')
}
