import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import { type Raster, shrink, toPnm } from './raster.ts'

/**
 * Tesseract and Leptonica as WebAssembly in the thread that extracts, so that the deadline of a scan ends them as well.
 * Hostile pictures meet nothing but the sandbox of WebAssembly, whose memory has a ceiling. Recognition stops at its
 * time; an engine that was stopped, ran out of memory or crashed is spent and replaced by the next call.
 */
export interface OcrSettings {
  /** Names of traineddata files without extension, such as `eng`, the main one first. */
  readonly languages: readonly string[]
  /** Folder of `<language>.traineddata` files, gzipped or not; null: those that come with Sluice (`eng`). */
  readonly data: string | null
}

export interface RecognisedWord {
  readonly text: string
  /** 0 to 100. */
  readonly confidence: number
}

export type RecognisedLine = readonly RecognisedWord[]

export class OcrTimeoutError extends Error {
  override readonly name = 'OcrTimeoutError'
}

/** The parts of tesseract.js-core that are used. */
interface Pix {
  get_w(): number
  get_h(): number
  get_d(): number
  get_wpl(): number
  get_spp(): number
  get_data(): number
}

interface TessBaseAPI {
  Init(path: string, languages: string, mode: number): number
  SetVariable(name: string, value: string): boolean
  SetImageFile(orientation: number, angle: number): number
  GetInputImage(): Pix
  Recognize(monitor: null): number
  GetTSVText(page: number): string
  Clear(): void
}

interface CoreModule {
  readonly FS: { writeFile(path: string, data: Uint8Array): void }
  readonly TessBaseAPI: new () => TessBaseAPI
}

type Instantiated = (instance: WebAssembly.Instance, module: WebAssembly.Module) => void

type Core = (options: {
  TesseractProgress(): void
  print(): void
  printErr(): void
  instantiateWasm(imports: WebAssembly.Imports, done: Instantiated): object
}) => Promise<CoreModule>

/** Asked every few milliseconds of a recognition. */
interface Clock {
  isOver: () => boolean
}

const never = () => false
const LSTM_ONLY = 1
const PAGE_BYTES = 65_536

export class TesseractEngine {
  readonly #module: CoreModule
  readonly #api: TessBaseAPI
  readonly #memory: WebAssembly.Memory
  readonly #clock: Clock
  #spent = false

  private constructor(module: CoreModule, memory: WebAssembly.Memory, api: TessBaseAPI, clock: Clock) {
    this.#module = module
    this.#memory = memory
    this.#api = api
    this.#clock = clock
  }

  /** Some 0.2 s. Throws when a language is not there. */
  static async open(settings: OcrSettings): Promise<TesseractEngine> {
    const clock: Clock = { isOver: never }
    let memory: WebAssembly.Memory | undefined
    const { core, binary } = await loadCore()
    const module = await core({
      TesseractProgress: () => {
        if (clock.isOver()) throw new OcrTimeoutError()
      },
      print: () => undefined,
      printErr: () => undefined,
      instantiateWasm: (imports, done) => {
        const instance = new WebAssembly.Instance(binary, imports)
        memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory)
        if (memory) capMemory(memory, limits.ocrMemoryMaxBytes)
        done(instance, binary)
        return instance.exports
      },
    })
    if (!memory) throw new Error('tesseract without memory')
    for (const language of settings.languages)
      module.FS.writeFile(`/${language}.traineddata`, await trainedData(language, settings.data))
    const api = new module.TessBaseAPI()
    if (api.Init('/', settings.languages.join('+'), LSTM_ONLY) !== 0) throw new Error('tesseract did not start')
    return new TesseractEngine(module, memory, api, clock)
  }

  /** Whether it can't be used again. */
  get isSpent(): boolean {
    return this.#spent
  }

  /** Pixels of the first picture in a file, shrunk to `limits.ocrPixelsMax`; null when it can't be read. */
  decode(file: Uint8Array): Raster | null {
    return this.#guarded(() => {
      this.#module.FS.writeFile('/input', file)
      if (this.#api.SetImageFile(1, 0) !== 0) return null
      const pix = this.#api.GetInputImage()
      const raster = rasterOf(pix, new Uint8Array(this.#memory.buffer))
      this.#api.Clear()
      return raster
    })
  }

  /** Lines of text as they stand in the picture. Throws OcrTimeoutError soon after `isOver` says so. */
  recognise(raster: Raster, isOver: () => boolean): RecognisedLine[] {
    return this.#guarded(() => {
      this.#module.FS.writeFile('/input', toPnm(raster))
      if (this.#api.SetImageFile(1, 0) !== 0) return []
      this.#clock.isOver = isOver
      if (this.#api.Recognize(null) !== 0) return []
      const lines = linesOfTsv(this.#api.GetTSVText(0))
      this.#api.Clear()
      return lines
    })
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      this.#spent = true
      throw thrown
    } finally {
      this.#clock.isOver = never
      // Memory of WebAssembly never shrinks: after a large picture the engine starts afresh.
      if (this.#memory.buffer.byteLength > limits.ocrMemoryKeptMaxBytes) this.#spent = true
    }
  }
}

/** Growing past the ceiling fails as if the machine had no more. */
function capMemory(memory: WebAssembly.Memory, maxBytes: number): void {
  const grow = memory.grow.bind(memory)
  memory.grow = (pages) => {
    if (memory.buffer.byteLength + pages * PAGE_BYTES > maxBytes) throw new RangeError('picture needs too much memory')
    return grow(pages)
  }
}

let loaded: Promise<{ core: Core; binary: WebAssembly.Module }> | null = null

/** Not the relaxed SIMD build: its results may differ between processors, and a verdict must not. */
function loadCore(): Promise<{ core: Core; binary: WebAssembly.Module }> {
  loaded ??= (async () => {
    const require = createRequire(createRequire(import.meta.url).resolve('tesseract.js/package.json'))
    const path = require.resolve('tesseract.js-core/tesseract-core-simd-lstm.js')
    const binary = await WebAssembly.compile(await readFile(path.replace(/\.js$/, '.wasm')))
    return { core: require(path) as Core, binary }
  })()
  return loaded
}

/** Files that may hold a language, best first; English comes with Sluice. */
export function trainedDataFiles(language: string, data: string | null): string[] {
  const own = data === null ? [] : [`${language}.traineddata`, `${language}.traineddata.gz`].map((f) => join(data, f))
  if (language !== 'eng') return own
  const root = dirname(createRequire(import.meta.url).resolve('@tesseract.js-data/eng/package.json'))
  return [...own, join(root, '4.0.0_best_int', 'eng.traineddata.gz')]
}

async function trainedData(language: string, data: string | null): Promise<Uint8Array> {
  for (const file of trainedDataFiles(language, data)) {
    const bytes = await readFile(file).catch(() => null)
    if (bytes) return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
  }
  throw new Error(`no traineddata for ${language}`)
}

/** Leptonica packs pixels into 32-bit words, the first in the highest bits; 32-bit pixels are red, green, blue, alpha. */
function rasterOf(pix: Pix, memory: Uint8Array): Raster | null {
  const [width, height, depth, stride] = [pix.get_w(), pix.get_h(), pix.get_d(), pix.get_wpl() * 4]
  if (width < 1 || height < 1 || !(depth === 1 || depth === 8 || depth === 32)) return null
  const start = pix.get_data()
  const isColour = depth === 32
  const hasAlpha = isColour && pix.get_spp() === 4
  const ground = hasAlpha ? groundFor(memory, start, width * height) : 255
  const channels = isColour ? 3 : 1
  const step = Math.max(1, Math.ceil(Math.sqrt((width * height) / limits.ocrPixelsMax)))
  // Strips of as many rows as one row of the shrunk raster needs: the whole picture is never held twice.
  const pieces: Uint8Array[] = []
  for (let top = 0; top + step <= height; top += step) {
    const strip = new Uint8Array(width * step * channels)
    for (let row = 0, to = 0; row < step; row++) {
      const from = start + (top + row) * stride
      for (let x = 0; x < width; x++) {
        if (depth === 1) strip[to++] = ((memory[from + ((x >> 3) ^ 3)] ?? 0) >> (7 - (x & 7))) & 1 ? 0 : 255
        else if (depth === 8) strip[to++] = memory[from + (x ^ 3)] ?? 0
        else {
          const at = from + x * 4
          const cover = hasAlpha ? (memory[at] ?? 0) / 255 : 1
          for (let c = 3; c > 0; c--) strip[to++] = (memory[at + c] ?? 0) * cover + ground * (1 - cover)
        }
      }
    }
    pieces.push(shrink({ width, height: step, channels, data: strip }, step).data)
  }
  return { width: Math.max(1, Math.floor(width / step)), height: pieces.length, channels, data: Buffer.concat(pieces) }
}

/** What transparent pixels are put on: white under dark colours, black under light ones. */
function groundFor(memory: Uint8Array, start: number, pixels: number): number {
  let sum = 0
  let cover = 0
  for (let i = 0; i < pixels; i += Math.max(1, Math.floor(pixels / 50_000))) {
    const at = start + i * 4
    const alpha = memory[at] ?? 0
    cover += alpha
    sum += alpha * ((memory[at + 1] ?? 0) + (memory[at + 2] ?? 0) + (memory[at + 3] ?? 0))
  }
  return cover > 0 && sum / cover > 3 * 160 ? 0 : 255
}

/** Columns: level, page, block, paragraph, line, word, left, top, width, height, confidence, text. */
function linesOfTsv(tsv: string): RecognisedLine[] {
  const lines = new Map<string, RecognisedWord[]>()
  for (const row of tsv.split('\n')) {
    const columns = row.split('\t')
    const text = columns[11] ?? ''
    if (columns[0] !== '5' || text.trim() === '') continue
    const key = columns.slice(1, 5).join(' ')
    const words = lines.get(key)
    const word = { text, confidence: Number(columns[10]) || 0 }
    if (words) words.push(word)
    else lines.set(key, [word])
  }
  return [...lines.values()]
}
