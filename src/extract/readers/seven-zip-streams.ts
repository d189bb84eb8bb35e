import { type ByteReader, type ByteWriter, SevenZipError } from './seven-zip-bytes.ts'

/**
 * How a 7z archive describes its packed streams (StreamsInfo in 7zFormat.txt): read, changed and written again. What
 * stands behind the folders (sizes and checksums of the files in them) is kept as it is. Throws SevenZipError.
 */
export interface Coder {
  /** Lower-case hex. */
  readonly id: string
  readonly inputs: number
  readonly outputs: number
  readonly properties: Buffer
}

/** Coders joined to each other: input `into` of all inputs counted through takes output `from`. */
interface Bond {
  readonly into: number
  readonly from: number
}

export interface Folder {
  readonly coders: readonly Coder[]
  readonly bonds: readonly Bond[]
  /** The input that each packed stream goes into. */
  readonly packed: readonly number[]
  /** Bytes of each output. */
  readonly unpackSizes: readonly number[]
  readonly checksum: number | null
}

export interface Streams {
  readonly packPosition: number
  readonly packSizes: readonly number[]
  readonly folders: readonly Folder[]
  /** SubStreamsInfo, up to and with the end mark. */
  readonly rest: Buffer
}

const END = 0x00
const PACK_INFO = 0x06
const UNPACK_INFO = 0x07
const SUB_STREAMS = 0x08
const SIZES = 0x09
const CHECKSUMS = 0x0a
const FOLDERS = 0x0b
const UNPACK_SIZES = 0x0c
const CODERS_MAX = 32
const STREAMS_MAX = 100_000

export function readStreams(reader: ByteReader): Streams {
  if (reader.byte() !== PACK_INFO) throw new SevenZipError()
  const packPosition = reader.number()
  const packSizes: number[] = []
  const packs = reader.count()
  for (let id = reader.byte(); id !== END; id = reader.byte()) {
    if (id === SIZES) for (let i = 0; i < packs; i++) packSizes.push(reader.number())
    else if (id === CHECKSUMS) readChecksums(reader, packs)
    else throw new SevenZipError()
  }
  if (packSizes.length !== packs || reader.byte() !== UNPACK_INFO) throw new SevenZipError()
  const folders = readFolders(reader)
  return { packPosition, packSizes, folders, rest: readRest(reader, folders) }
}

function readFolders(reader: ByteReader): Folder[] {
  if (reader.byte() !== FOLDERS) throw new SevenZipError()
  const count = reader.count()
  if (count > STREAMS_MAX || reader.byte() !== 0) throw new SevenZipError()
  const folders = Array.from({ length: count }, () => readFolder(reader))
  if (reader.byte() !== UNPACK_SIZES) throw new SevenZipError()
  const sizes = folders.map((folder) =>
    Array.from({ length: folder.coders.reduce((sum, { outputs }) => sum + outputs, 0) }, () => reader.number()),
  )
  let checksums: (number | null)[] = []
  for (let id = reader.byte(); id !== END; id = reader.byte()) {
    if (id !== CHECKSUMS) throw new SevenZipError()
    checksums = readChecksums(reader, count)
  }
  return folders.map((folder, i) => ({ ...folder, unpackSizes: sizes[i] ?? [], checksum: checksums[i] ?? null }))
}

function readFolder(reader: ByteReader): Folder {
  const count = reader.number()
  if (count < 1 || count > CODERS_MAX) throw new SevenZipError()
  const coders = Array.from({ length: count }, (): Coder => {
    const flags = reader.byte()
    const id = reader.bytes(flags & 0x0f).toString('hex')
    const isSimple = (flags & 0x10) === 0
    const inputs = isSimple ? 1 : reader.number()
    const outputs = isSimple ? 1 : reader.number()
    if (inputs > CODERS_MAX || outputs > CODERS_MAX) throw new SevenZipError()
    return { id, inputs, outputs, properties: (flags & 0x20) === 0 ? Buffer.alloc(0) : reader.bytes(reader.number()) }
  })
  const inputs = coders.reduce((sum, coder) => sum + coder.inputs, 0)
  const outputs = coders.reduce((sum, coder) => sum + coder.outputs, 0)
  const bonds = Array.from({ length: Math.max(0, outputs - 1) }, () => ({
    into: reader.number(),
    from: reader.number(),
  }))
  const packs = inputs - bonds.length
  if (packs < 1) throw new SevenZipError()
  const packed =
    packs === 1
      ? [Array.from({ length: inputs }, (_, i) => i).find((i) => !bonds.some(({ into }) => into === i)) ?? 0]
      : Array.from({ length: packs }, () => reader.number())
  return { coders, bonds, packed, unpackSizes: [], checksum: null }
}

function readChecksums(reader: ByteReader, count: number): (number | null)[] {
  return reader.flags(count).map((isKnown) => (isKnown ? reader.u32() : null))
}

/** Sizes and checksums of the files in the folders, walked over to know where they end. */
function readRest(reader: ByteReader, folders: readonly Folder[]): Buffer {
  const start = reader.at
  const from = (end: number) => {
    reader.at = start
    return reader.bytes(end - start)
  }
  let id = reader.byte()
  if (id === END) return from(reader.at)
  if (id !== SUB_STREAMS) throw new SevenZipError()
  const counts = folders.map(() => 1)
  for (id = reader.byte(); id !== END; id = reader.byte()) {
    if (id === 0x0d) {
      for (let i = 0; i < counts.length; i++) counts[i] = reader.number()
      if (counts.reduce((sum, count) => sum + count, 0) > STREAMS_MAX) throw new SevenZipError()
    } else if (id === SIZES) {
      for (const count of counts) for (let i = 1; i < count; i++) reader.number()
    } else if (id === CHECKSUMS) {
      const unknown = counts.filter((count, i) => count !== 1 || folders[i]?.checksum === null)
      readChecksums(
        reader,
        unknown.reduce((sum, count) => sum + count, 0),
      )
    } else throw new SevenZipError()
  }
  if (reader.byte() !== END) throw new SevenZipError()
  return from(reader.at)
}

export function writeStreams(out: ByteWriter, streams: Streams): void {
  out.byte(PACK_INFO)
  out.number(streams.packPosition)
  out.number(streams.packSizes.length)
  out.byte(SIZES)
  for (const size of streams.packSizes) out.number(size)
  out.byte(END)
  out.byte(UNPACK_INFO)
  out.byte(FOLDERS)
  out.number(streams.folders.length)
  out.byte(0)
  for (const folder of streams.folders) writeFolder(out, folder)
  out.byte(UNPACK_SIZES)
  for (const { unpackSizes } of streams.folders) for (const size of unpackSizes) out.number(size)
  writeChecksums(out, streams.folders)
  out.byte(END)
  out.bytes(streams.rest)
}

function writeFolder(out: ByteWriter, { coders, bonds, packed }: Folder): void {
  out.number(coders.length)
  for (const { id, inputs, outputs, properties } of coders) {
    const isSimple = inputs === 1 && outputs === 1
    out.byte((id.length / 2) | (isSimple ? 0 : 0x10) | (properties.length > 0 ? 0x20 : 0))
    out.bytes(Buffer.from(id, 'hex'))
    if (!isSimple) {
      out.number(inputs)
      out.number(outputs)
    }
    if (properties.length > 0) {
      out.number(properties.length)
      out.bytes(properties)
    }
  }
  for (const { into, from } of bonds) {
    out.number(into)
    out.number(from)
  }
  if (packed.length > 1) for (const input of packed) out.number(input)
}

function writeChecksums(out: ByteWriter, folders: readonly Folder[]): void {
  if (folders.every(({ checksum }) => checksum === null)) return
  out.byte(CHECKSUMS)
  out.byte(0)
  const bits = Buffer.alloc(Math.ceil(folders.length / 8))
  folders.forEach(({ checksum }, i) => {
    if (checksum !== null) bits[i >> 3] = (bits[i >> 3] ?? 0) | (0x80 >> (i & 7))
  })
  out.bytes(bits)
  for (const { checksum } of folders) if (checksum !== null) out.u32(checksum)
}

export interface Struck {
  readonly folder: Folder
  /** The packed stream of the folder that went into the coder. */
  readonly packed: number
  /** Bytes that came out of it. */
  readonly size: number
}

/** The folder without a coder of one input and one output that takes a packed stream; alone it becomes a plain copy. */
export function withoutCoder(folder: Folder, index: number): Struck {
  const before = folder.coders.slice(0, index)
  const input = before.reduce((sum, { inputs }) => sum + inputs, 0)
  const output = before.reduce((sum, { outputs }) => sum + outputs, 0)
  const packed = folder.packed.indexOf(input)
  const size = folder.unpackSizes[output]
  if (packed < 0 || size === undefined || folder.coders[index]?.inputs !== 1) throw new SevenZipError()
  if (folder.coders.length === 1) {
    const copy: Coder = { id: '00', inputs: 1, outputs: 1, properties: Buffer.alloc(0) }
    return { folder: { ...folder, coders: [copy] }, packed, size }
  }
  const bond = folder.bonds.find(({ from }) => from === output)
  if (!bond) throw new SevenZipError()
  const lower = (value: number, struck: number) => (value > struck ? value - 1 : value)
  return {
    folder: {
      ...folder,
      coders: folder.coders.filter((_, i) => i !== index),
      bonds: folder.bonds
        .filter((other) => other !== bond)
        .map(({ into, from }) => ({ into: lower(into, input), from: lower(from, output) })),
      packed: folder.packed.map((other, i) => lower(i === packed ? bond.into : other, input)),
      unpackSizes: folder.unpackSizes.filter((_, i) => i !== output),
    },
    packed,
    size,
  }
}
