import { limits } from '../../core/limits.ts'
import { glyphWithoutShape } from './font-maps.ts'
import { objectValue, type PdfFile, type PdfObject, plainData } from './pdf-file.ts'
import { isDict, nameOf, PdfName, PdfRef, PdfString, type PdfValue } from './pdf-value.ts'

/**
 * A PDF of pages put together from objects of another one, so that content which no page shows can be read with its
 * fonts. Only what the pages need is copied, without encryption and pictures. Past a limit pages are left out, and
 * `isCut` says so. Never throws.
 */
export interface MadePdf {
  readonly bytes: Buffer
  readonly isCut: boolean
}

/** Keys that lead from a form or font to the whole document, or to what is no content. */
const LEFT_OUT: ReadonlySet<string> = new Set(['Parent', 'StructParents', 'Metadata', 'PieceInfo'])

/** Where a page is shown; far beyond any paper, since text beyond is left out. */
const EVERYWHERE = '-20000 -20000 20000 20000'

/** `pages` are dictionaries of pages; a `PdfObject` among their contents stands for itself, whatever its number. */
export interface MadePage {
  readonly contents: readonly (PdfObject | PdfRef)[]
  readonly resources: PdfValue
}

/** `withoutMaps` leaves out what simple fonts say of their characters, so that their encodings speak, and what glyphs
 * are called beside their letter. */
export function makePdf(file: PdfFile, pages: readonly MadePage[], withoutMaps = false): MadePdf {
  const writer = new PdfWriter(file, withoutMaps)
  const kids = pages.slice(0, limits.extractPdfPagesMax).map((page) => writer.page(page))
  return { bytes: writer.end(kids), isCut: writer.isCut || pages.length > kids.length }
}

const CATALOG = 1
const PAGES = 2
const START = 3
/** The font that pages call so is what text without one is shown in. */
export const START_FONT = 'SluiceStart'
const START_PROGRAM = `/${START_FONT} 10 Tf`

class PdfWriter {
  readonly #file: PdfFile
  readonly #withoutMaps: boolean
  readonly #pieces: Buffer[] = [Buffer.from('%PDF-1.7\n', 'latin1')]
  readonly #places = new Map<number, number>()
  readonly #numbers = new Map<PdfObject, number>()
  /** Objects that have a number and are still to be written. */
  readonly #queue: PdfObject[] = []
  #length = 9
  #next = START + 1
  isCut = false

  constructor(file: PdfFile, withoutMaps: boolean) {
    this.#file = file
    this.#withoutMaps = withoutMaps
    this.#write(START, `<</Length ${START_PROGRAM.length}>>`, Buffer.from(START_PROGRAM, 'latin1'))
  }

  page(page: MadePage): PdfRef {
    const own = this.#next++
    const contents = page.contents.flatMap((content) => this.#reference(content))
    const links = [START, ...contents.map(({ number }) => number)].map((number) => `${number} 0 R`).join(' ')
    const resources = this.#text(page.resources, null)
    const text = `<</Type/Page/Parent ${PAGES} 0 R/MediaBox[${EVERYWHERE}]/Contents[${links}]/Resources ${resources}>>`
    this.#write(own, text, null)
    // The queue grows while it is gone through.
    for (let object = this.#queue.pop(); object !== undefined; object = this.#queue.pop()) this.#copy(object)
    return new PdfRef(own)
  }

  end(kids: readonly PdfRef[]): Buffer {
    this.#write(
      PAGES,
      `<</Type/Pages/Count ${kids.length}/Kids[${kids.map((kid) => `${kid.number} 0 R`).join(' ')}]>>`,
      null,
    )
    this.#write(CATALOG, `<</Type/Catalog/Pages ${PAGES} 0 R>>`, null)
    const start = this.#length
    const rows = Array.from({ length: this.#next }, (_, number) => {
      const place = this.#places.get(number)
      return place === undefined ? '0000000000 65535 f \n' : `${String(place).padStart(10, '0')} 00000 n \n`
    })
    const tail = `xref\n0 ${this.#next}\n${rows.join('')}trailer\n<</Size ${this.#next}/Root ${CATALOG} 0 R>>\nstartxref\n${start}\n%%EOF\n`
    return Buffer.concat([...this.#pieces, Buffer.from(tail, 'latin1')])
  }

  /** The number that an object has here; nothing for one that does not exist or is a picture. */
  #reference(target: PdfObject | PdfRef): PdfRef[] {
    const object = target instanceof PdfRef ? this.#file.current.get(target.number) : target
    if (object === undefined) return []
    const known = this.#numbers.get(object)
    if (known !== undefined) return [new PdfRef(known)]
    const number = this.#next++
    this.#numbers.set(object, number)
    this.#queue.push(object)
    return [new PdfRef(number)]
  }

  #copy(object: PdfObject): void {
    const value = objectValue(object)
    const number = this.#numbers.get(object) ?? 0
    if (object.data === null || !isDict(value)) {
      // A single page says less than all of them would, but a tree of pages leads to all others.
      this.#write(
        number,
        isDict(value) && nameOf(value.get('Type')) === 'Pages' ? 'null' : this.#text(value, object),
        null,
      )
      return
    }
    if (nameOf(value.get('Subtype')) === 'Image') {
      this.#write(number, 'null', null)
      return
    }
    const data = plainData(this.#file, object, value)
    const dict = new Map(value).set('Length', data.length)
    this.#write(number, this.#text(dict, object), data)
  }

  #write(number: number, text: string, data: Buffer | null): void {
    const body = data === null ? text : `${text}\nstream\n`
    const size = body.length + (data?.length ?? 0)
    if (this.#length + size > limits.extractEntryMaxBytes) {
      this.isCut = true
      return
    }
    this.#places.set(number, this.#length)
    this.#put(Buffer.from(`${number} 0 obj\n${body}`, 'latin1'))
    if (data !== null) this.#put(data)
    this.#put(Buffer.from(data === null ? '\nendobj\n' : '\nendstream\nendobj\n', 'latin1'))
  }

  #put(bytes: Buffer): void {
    this.#pieces.push(bytes)
    this.#length += bytes.length
  }

  #text(value: PdfValue, owner: PdfObject | null): string {
    if (value === null || typeof value === 'boolean') return String(value)
    if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toFixed(6)))
    if (value instanceof PdfName) return `/${escapeName(value.name)}`
    if (value instanceof PdfString) return `<${Buffer.from(this.#plain(value, owner), 'latin1').toString('hex')}>`
    if (value instanceof PdfRef) {
      const [known] = this.#reference(value)
      return known ? `${known.number} 0 R` : 'null'
    }
    if (!isDict(value)) return `[${(value as readonly PdfValue[]).map((item) => this.#text(item, owner)).join(' ')}]`
    const isMute = this.#withoutMaps && nameOf(value.get('Subtype')) !== 'Type0'
    const entries = [...value].filter(
      ([key]) => !LEFT_OUT.has(key) && !key.includes('#') && !(isMute && key === 'ToUnicode'),
    )
    return `<<${entries.map(([key, item]) => `/${escapeName(key)} ${this.#text(this.#plainGlyphs(key, item), owner)}`).join(' ')}>>`
  }

  #plainGlyphs(key: string, value: PdfValue): PdfValue {
    if (!this.#withoutMaps || key !== 'Differences' || !Array.isArray(value)) return value
    return value.map((item) => (item instanceof PdfName ? new PdfName(glyphWithoutShape(item.name)) : item))
  }

  #plain(string: PdfString, owner: PdfObject | null): string {
    const { cipher } = this.#file
    if (cipher === null || owner === null || owner.isPacked) return string.bytes
    return cipher.string(string.bytes, owner.number, owner.generation)
  }
}

function escapeName(name: string): string {
  return name.replace(/[^!"$&'*-.0-;=?-Z\\^-z|~]/g, (char) => `#${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
