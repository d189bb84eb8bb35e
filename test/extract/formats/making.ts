import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import zlib from 'node:zlib'
import type { ExtractLimits } from '../../../src/extract/budget.ts'
import { extract } from '../../../src/extract/extract.ts'
import type { OleNode } from '../../../src/extract/readers/compound-file.ts'
import { writeCompoundFile } from '../../../src/extract/readers/compound-file-writer.ts'

/** What tests of formats share: files made in memory or by real tools, and what the extractor reads of them. */
export interface Read {
  /** All text, parts apart by LF. */
  readonly text: string
  /** Paths without the root's. */
  readonly paths: readonly string[]
  readonly traits: ReadonlySet<string>
  /** `reason detail` of each. */
  readonly said: readonly string[]
  readonly reasons: ReadonlySet<string>
  readonly labels: readonly Readonly<Record<string, unknown>>[]
  textOf(path: string): string
}

export async function read(
  bytes: Uint8Array,
  filename: string,
  options: { passwords?: readonly string[]; limits?: Partial<ExtractLimits>; type?: string } = {},
): Promise<Read> {
  const result = await extract(
    { bytes, filename, declaredType: options.type ?? null, as: 'upload' },
    { passwords: options.passwords ?? [], ...(options.limits ? { limits: options.limits } : {}) },
  )
  const utf8 = (id: number) => Buffer.from(result.texts.find((t) => t.part === id)?.utf8 ?? []).toString('utf8')
  return {
    text: result.parts.map((part) => utf8(part.id)).join('\n'),
    paths: result.parts.map((part) => part.path.slice(filename.length + 1)),
    traits: new Set(result.parts.flatMap((part) => part.traits)),
    said: result.uninspected.map((u) => `${u.reason} ${u.detail}`),
    reasons: new Set(result.uninspected.map((u) => u.reason)),
    labels: result.labels as unknown as Readonly<Record<string, unknown>>[],
    textOf: (path) => utf8(result.parts.find((part) => part.path === `${filename}/${path}`)?.id ?? -1),
  }
}

/** Whether a program is on the PATH. */
export function has(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

/** Runs a tool in a scratch folder that holds `files`, and gives back what it wrote to `output`. */
export function made(
  program: string,
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>>,
  output: string,
  input?: string,
): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-formats-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const out = execFileSync(program, args, { cwd: folder, input, stdio: ['pipe', 'pipe', 'pipe'] })
    return output === '-' ? out : readFileSync(join(folder, output))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface ZipItem {
  readonly name: string
  readonly data: string | Uint8Array
  readonly store?: boolean
  /** What the local header says instead. */
  readonly localName?: string
  readonly comment?: string
  /** Bytes put behind the deflated content, counted as part of it. */
  readonly slack?: Uint8Array
  /** Bytes put in front of this entry that the directory knows nothing of. */
  readonly before?: Uint8Array
  /** Extra fields in the directory, and in front of the content. */
  readonly extra?: Buffer
  readonly localExtra?: Buffer
}

/** A zip file, entry by entry, with the lies that a test needs. */
export function zipOf(items: readonly ZipItem[], comment = ''): Buffer {
  const pieces: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  const put = (piece: Uint8Array) => {
    pieces.push(Buffer.from(piece))
    at += piece.length
  }
  for (const item of items) {
    if (item.before) put(item.before)
    const data = Buffer.from(item.data)
    const packed = Buffer.concat([item.store ? data : zlib.deflateRawSync(data), item.slack ?? Buffer.alloc(0)])
    const name = Buffer.from(item.name)
    const localName = Buffer.from(item.localName ?? item.name)
    const fields = Buffer.alloc(22)
    fields.writeUInt16LE(0x800, 0)
    fields.writeUInt16LE(item.store ? 0 : 8, 2)
    fields.writeUInt32LE(zlib.crc32(data), 8)
    fields.writeUInt32LE(packed.length, 12)
    fields.writeUInt32LE(data.length, 16)
    const start = at
    const local = Buffer.concat([Buffer.from('PK\x03\x04\x14\x00', 'latin1'), fields, Buffer.alloc(2)])
    local.writeUInt16LE(localName.length, 26)
    const localExtra = item.localExtra ?? Buffer.alloc(0)
    local.writeUInt16LE(localExtra.length, 28)
    put(Buffer.concat([local.subarray(0, 30), localName, localExtra]))
    put(packed)
    fields.writeUInt16LE(name.length, 20)
    const tail = Buffer.alloc(16)
    const note = Buffer.from(item.comment ?? '')
    const extra = item.extra ?? Buffer.alloc(0)
    tail.writeUInt16LE(extra.length, 0)
    tail.writeUInt16LE(note.length, 2)
    tail.writeUInt32LE(start, 12)
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00\x14\x00', 'latin1'), fields, tail, name, extra, note]))
  }
  const start = at
  const directory = Buffer.concat(central)
  put(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(items.length, 8)
  end.writeUInt16LE(items.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(start, 16)
  const note = Buffer.from(comment)
  end.writeUInt16LE(note.length, 20)
  put(end)
  put(note)
  return Buffer.concat(pieces)
}

export type OleTree = { readonly [name: string]: Uint8Array | OleTree }

/** A compound file out of nested objects: streams are bytes, storages are objects. */
export function oleOf(tree: OleTree): Buffer {
  const node = (name: string, content: Uint8Array | OleTree): OleNode =>
    content instanceof Uint8Array
      ? { name, isStorage: false, clsid: '', size: content.length, children: [], read: () => Buffer.from(content) }
      : {
          name,
          isStorage: true,
          clsid: '',
          size: 0,
          children: Object.entries(content).map(([key, value]) => node(key, value)),
          read: () => Buffer.alloc(0),
        }
  const file = writeCompoundFile(node('Root Entry', tree))
  if (file === null) throw new Error('too large')
  return file
}

const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'

export interface OoxmlItem {
  readonly [name: string]: string | Uint8Array
}

/** An Office package: the parts given, content types by extension, and a main part. */
export function ooxmlOf(main: string, mainType: string, parts: OoxmlItem): Buffer {
  const types =
    `<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
    `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/${main}" ContentType="${mainType}"/></Types>`
  const rels = `<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/relationships/officeDocument" Target="${main}"/></Relationships>`
  const items: ZipItem[] = [
    { name: '[Content_Types].xml', data: types },
    { name: '_rels/.rels', data: rels },
  ]
  for (const [name, data] of Object.entries(parts)) {
    const at = items.findIndex((item) => item.name === name)
    if (at >= 0) items[at] = { name, data }
    else items.push({ name, data })
  }
  return zipOf(items)
}

export function docxOf(body: string, parts: OoxmlItem = {}): Buffer {
  const type = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'
  return ooxmlOf('word/document.xml', type, {
    'word/document.xml': `<?xml version="1.0"?><w:document xmlns:w="urn:w" xmlns:mc="urn:mc"><w:body>${body}</w:body></w:document>`,
    ...parts,
  })
}
