import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { limits } from '../../core/limits.ts'
import type { ExtractContext } from '../format.ts'
import type { KnownText } from '../pdf/known-text.ts'
import { attachmentDigest } from '../pdf/read-unseen.ts'
import { walkXml } from '../readers/xml-walker.ts'
import { isBookkeeping, labelProperties } from './property-labels.ts'

/**
 * The words of a PDF outside its page text: properties, XMP, labels, outlines, layers, form fields, annotations, scripts
 * and alternative text; attached files as children. Each source is read by itself, so a broken one hides no other.
 */
export class PdfWords {
  readonly #document: PDFDocumentProxy
  readonly #context: ExtractContext
  readonly #words = new Set<string>()
  readonly #found: Found

  constructor(document: PDFDocumentProxy, context: ExtractContext, found: Found) {
    this.#document = document
    this.#context = context
    this.#found = found
  }

  async read(): Promise<void> {
    const sources: (() => Promise<void>)[] = [
      () => this.#metadata(),
      () => this.#fields(),
      () => this.#scripts(),
      () => this.#outline(),
      () => this.#layers(),
      () => this.#pages(),
    ]
    for (const source of sources) {
      try {
        await source()
      } catch {
        this.#context.uninspected('corrupt', 'pdf structure')
      }
    }
    if (this.#words.size > 0) this.#context.text([...this.#words].join('\n'))
    for (const word of this.#words) this.#found.known.add(word)
    try {
      await this.#attachments()
    } catch {
      this.#context.uninspected('corrupt', 'pdf attachments')
    }
  }

  #add(value: unknown): void {
    if (this.#words.size >= limits.extractCellsMax) return
    if (typeof value === 'string' && value.trim() !== '' && value !== 'Off') this.#words.add(value.trim())
    else if (Array.isArray(value)) for (const item of value.slice(0, limits.extractSniffNamesMax)) this.#add(item)
  }

  async #metadata(): Promise<void> {
    const { info, metadata } = await this.#document.getMetadata()
    const entries = Object.entries(info as Record<string, unknown>)
    const properties: [string, string][] = []
    for (const [name, value] of entries) {
      if (name === 'Custom' && typeof value === 'object' && value !== null) {
        const custom: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
        for (const [key, text] of custom) if (typeof text === 'string') properties.push([String(key), text])
      } else if (typeof value === 'string' && !SKIPPED.has(name)) this.#add(value)
      if (name === 'IsSignaturesPresent' && value === true) this.#context.trait('digitally-signed')
    }
    for (const [name, value] of properties) if (!isBookkeeping(name)) this.#add(`${name}: ${value}`)
    const raw: unknown = metadata?.getRaw()
    if (typeof raw === 'string') this.#xmp(Buffer.from(raw, 'utf8'), properties)
    labelProperties(properties, this.#context)
    // Pictures and pages have packets of their own, and those say nothing of the document.
    for (const packet of this.#found.metadata) this.#xmp(packet, [])
  }

  /** XMP as text; its simple properties may be labels, as those of the information dictionary. */
  #xmp(raw: Uint8Array, properties: [string, string][]): void {
    const known = new Set(properties.map(([name]) => name))
    let element = ''
    const take = (name: string, value: string) => {
      const clean = value.trim()
      if (clean === '') return
      if (!known.has(name)) properties.push([name, clean])
      if (!isBookkeeping(name) && !/^(?:uuid:|xmp\.|[a-z]+\/[\w.+-]+$|\d{4}-\d\d-\d\dT)/.test(clean)) this.#add(clean)
    }
    walkXml(
      raw,
      {
        open(name, attributes) {
          element = name
          for (const [key, value] of attributes.entries()) {
            if (!key.startsWith('xmlns') && !/^(?:rdf|xml|x):/.test(key)) take(key.slice(key.indexOf(':') + 1), value)
          }
        },
        text: (data) => take(element, data),
      },
      this.#context,
    )
  }

  async #fields(): Promise<void> {
    const fields = await this.#document.getFieldObjects()
    /** Values of fields whose names differ in a number alone: boxes that one value is filled into. */
    const rows = new Map<string, string[]>()
    for (const [name, list] of fields ?? []) {
      for (const field of list as Record<string, unknown>[]) {
        this.#add(field.value)
        this.#add(field.defaultValue)
        this.#add(field.userName)
        for (const item of Array.isArray(field.items) ? field.items : []) {
          this.#add((item as Record<string, unknown>).displayValue)
        }
      }
      const stem = /^(.*?)\d{1,3}$/.exec(name)?.[1]
      const value: unknown = (list as { value?: unknown }[]).find((field) => typeof field.value === 'string')?.value
      if (stem === undefined || typeof value !== 'string' || value.length > BOX_MAX_CHARS) continue
      const row = rows.get(stem)
      if (row) row.push(value)
      else rows.set(stem, [value])
    }
    this.#boxes(rows)
  }

  #boxes(rows: ReadonlyMap<string, readonly string[]>): void {
    for (const values of rows.values()) {
      const isLetters = values.every((value) => value.length <= 1)
      if (values.length > 1) this.#add(values.join(isLetters ? '' : ' '))
    }
  }

  async #scripts(): Promise<void> {
    for (const scripts of (await this.#document.getJSActions())?.values() ?? []) this.#add(scripts)
  }

  async #outline(): Promise<void> {
    const queue = [...((await this.#document.getOutline()) ?? [])]
    for (let count = 0; queue.length > 0 && count < limits.extractArchiveEntriesMax; count++) {
      const item = queue.shift()
      this.#add(item?.title)
      this.#add(item?.url)
      queue.push(...(item?.items ?? []))
    }
  }

  async #layers(): Promise<void> {
    const config = await this.#document.getOptionalContentConfig()
    for (const [, group] of config as unknown as Iterable<[string, { name?: unknown }]>) this.#add(group.name)
  }

  async #pages(): Promise<void> {
    const count = Math.min(this.#document.numPages, limits.extractPdfPagesMax)
    for (let number = 1; number <= count && this.#context.budget.hasTime(); number++) {
      const page = await this.#document.getPage(number)
      const annotations: Record<string, unknown>[] = await page.getAnnotations({ intent: 'any' })
      for (const annotation of annotations) await this.#annotation(annotation)
      this.#alternatives(await page.getStructTree(), 0)
      for (const scripts of (await page.getJSActions())?.values() ?? []) this.#add(scripts)
      page.cleanup()
    }
  }

  async #annotation(annotation: Record<string, unknown>): Promise<void> {
    for (const key of ['contentsObj', 'titleObj', 'subjectObj', 'richText']) {
      this.#add((annotation[key] as { str?: unknown } | null | undefined)?.str)
    }
    for (const key of [
      'url',
      'unsafeUrl',
      'fieldValue',
      'alternativeText',
      'textContent',
      'defaultFieldValue',
      'overlaidText',
    ]) {
      this.#add(annotation[key])
    }
    for (const option of Array.isArray(annotation.options) ? annotation.options : []) {
      this.#add((option as Record<string, unknown>).displayValue)
    }
    if (annotation.actions instanceof Map) for (const scripts of annotation.actions.values()) this.#add(scripts)
    const file = annotation.file as Attached | undefined
    if (file) await this.#attach(String(annotation.fileId ?? annotation.id ?? ''), file)
  }

  /** Alternative and actual text of the structure tree. */
  #alternatives(node: unknown, depth: number): void {
    if (typeof node !== 'object' || node === null || depth > limits.extractXmlDepthMax) return
    const { alt, children } = node as { alt?: unknown; children?: unknown }
    this.#add(alt)
    if (Array.isArray(children)) for (const child of children) this.#alternatives(child, depth + 1)
  }

  async #attachments(): Promise<void> {
    const attachments = await this.#document.getAttachments()
    let count = 0
    for (const [id, file] of attachments ?? []) {
      if (++count > limits.extractPartsMax) return
      await this.#attach(id, file as Attached)
    }
  }

  async #attach(id: string, file: Attached): Promise<void> {
    const filename = file.filename ?? file.rawFilename ?? null
    if (file.description) this.#context.text(file.description)
    const bytes = file.content ?? (await this.#content(id))
    if (bytes) {
      this.#found.attached.add(attachmentDigest(bytes))
      await this.#context.child({ bytes, filename, traits: ['attachment'] })
      return
    }
    this.#context.uninspected(this.#found.isSealed ? 'encrypted' : 'corrupt', 'attachment', filename ?? undefined)
  }

  async #content(id: string): Promise<Uint8Array | null> {
    try {
      const content: unknown = await this.#document.getAttachmentContent(id)
      if (content instanceof Uint8Array) return content
      const inner = (content as { content?: unknown } | null)?.content
      return inner instanceof Uint8Array ? inner : null
    } catch {
      return null
    }
  }
}

/** What was found in the objects of the file, and what is added to it. */
interface Found {
  /** XMP packets. */
  readonly metadata: readonly Uint8Array[]
  readonly known: KnownText
  /** Digests of attached files. */
  readonly attached: Set<string>
  /** Parts of the file, mostly what is attached, are encrypted by themselves. */
  readonly isSealed: boolean
}

interface Attached {
  readonly filename?: string
  readonly rawFilename?: string
  readonly description?: string
  readonly content?: Uint8Array
}

/** Longer values are values of their own. */
const BOX_MAX_CHARS = 6

const SKIPPED = new Set([
  'PDFFormatVersion',
  'Language',
  'EncryptFilterName',
  'CreationDate',
  'ModDate',
  'Producer',
  'Trapped',
])
