/** Several segments of documents -> one, without those that were removed or replaced. Streams; memory holds the records. */
import { type DocumentGroup, RECORD, RECORD_WORDS } from '../detect/fingerprint/fingerprint-index.ts'
import { type ColumnFile, type ColumnWriter, writeColumnFile } from './column-file.ts'
import {
  bytesOf,
  groupText,
  hashPieces,
  openSegment,
  readDocuments,
  SEGMENT_KIND,
  type SegmentHeader,
  sealedHeader,
  segmentColumns,
} from './fingerprint-segment.ts'

export interface MergeInput {
  readonly file: string
  readonly dead: readonly number[]
}

const GONE = 0xffff_ffff
const OUTPUT_ENTRIES = 256 * 1024

/** Writes the merged segment as `file`; null when no document is left. The inputs stay. */
export async function mergeSegments(
  dir: string,
  inputs: readonly MergeInput[],
  file: string,
  key: Uint8Array,
): Promise<SegmentHeader | null> {
  const documents = await mergedDocuments(dir, inputs, key)
  if (documents.count === 0) return null
  const opened: ColumnFile[] = []
  try {
    for (const input of inputs) opened.push((await openSegment(dir, input.file, key)).columns)
    let hashes = 0
    for (const [i, columns] of opened.entries()) hashes += await livingHashes(columns, documents.numbers[i])
    const header: SegmentHeader = {
      documents: documents.count,
      hashes,
      ignore: documents.ignore,
      groups: documents.groups,
    }
    await writeColumnFile(dir, file, SEGMENT_KIND, segmentColumns(header, documents.names.length), async (writer) => {
      await writer.write('records', bytesOf(documents.records))
      await writer.write('names', documents.names)
      await mergeHashes(opened, documents.numbers, writer)
      return sealedHeader(header, key)
    })
    return header
  } finally {
    for (const columns of opened) await columns.close()
  }
}

interface MergedDocuments {
  readonly count: number
  readonly ignore: boolean
  readonly groups: readonly DocumentGroup[]
  readonly records: Uint32Array
  readonly names: Uint8Array
  /** For each input the new number of each of its documents, GONE for those that are left out. */
  readonly numbers: readonly Uint32Array[]
}

async function mergedDocuments(dir: string, inputs: readonly MergeInput[], key: Uint8Array): Promise<MergedDocuments> {
  const segments = []
  for (const { file } of inputs) segments.push(await readDocuments(dir, file, key))
  const groups = new Map<string, number>()
  const numbers: Uint32Array[] = []
  const records = new Uint32Array(segments.reduce((sum, { records: own }) => sum + own.length, 0))
  const names = Buffer.alloc(segments.reduce((sum, { names: own }) => sum + own.length, 0))
  let nameEnd = 0
  let count = 0
  for (const [i, segment] of segments.entries()) {
    const gone = new Set(inputs[i]?.dead)
    const own = new Uint32Array(segment.header.documents).fill(GONE)
    let start = 0
    for (let document = 0; document < own.length; document++) {
      const record = segment.records.subarray(document * RECORD_WORDS, (document + 1) * RECORD_WORDS)
      const end = record[RECORD.nameEnd] ?? 0
      if (!gone.has(document)) {
        names.set(segment.names.subarray(start, end), nameEnd)
        nameEnd += end - start
        const text = groupText(segment.header.groups[record[RECORD.group] ?? 0] as DocumentGroup)
        if (!groups.has(text)) groups.set(text, groups.size)
        const at = count * RECORD_WORDS
        records.set(record, at)
        records[at + RECORD.group] = groups.get(text) ?? 0
        records[at + RECORD.nameEnd] = nameEnd
        own[document] = count++
      }
      start = end
    }
    numbers.push(own)
  }
  return {
    count,
    ignore: segments[0]?.header.ignore ?? false,
    groups: [...groups.keys()].map((text) => JSON.parse(text) as DocumentGroup),
    records: records.subarray(0, count * RECORD_WORDS),
    names: names.subarray(0, nameEnd),
    numbers,
  }
}

async function livingHashes(columns: ColumnFile, numbers: Uint32Array | undefined): Promise<number> {
  const total = columns.bytesOf('documents') / 4
  if (!numbers?.includes(GONE)) return total
  let living = 0
  for await (const { documents } of hashPieces(columns))
    for (let i = 0; i < documents.length; i++) if (numbers[documents[i] as number] !== GONE) living++
  return living
}

interface Source {
  readonly pieces: ReturnType<typeof hashPieces>
  readonly numbers: Uint32Array
  high: Uint32Array
  low: Uint16Array
  documents: Uint32Array
  at: number
}

/** The smallest of the front hashes goes next; of equal ones that of the first input, so documents stay in order. */
async function mergeHashes(
  opened: readonly ColumnFile[],
  numbers: readonly Uint32Array[],
  writer: ColumnWriter,
): Promise<void> {
  let sources: Source[] = []
  for (const [i, columns] of opened.entries()) {
    const source: Source = {
      pieces: hashPieces(columns),
      numbers: numbers[i] as Uint32Array,
      high: new Uint32Array(0),
      low: new Uint16Array(0),
      documents: new Uint32Array(0),
      at: 0,
    }
    if (await refill(source)) sources.push(source)
  }
  const out = { high: new Uint32Array(OUTPUT_ENTRIES), low: new Uint16Array(OUTPUT_ENTRIES), count: 0 }
  const documents = new Uint32Array(OUTPUT_ENTRIES)
  const flush = async () => {
    await writer.write('high', bytesOf(out.high.subarray(0, out.count)))
    await writer.write('low', bytesOf(out.low.subarray(0, out.count)))
    await writer.write('documents', bytesOf(documents.subarray(0, out.count)))
    out.count = 0
  }
  while (sources.length > 0) {
    const empty = mergeUntilEmpty(sources, out, documents)
    if (out.count === OUTPUT_ENTRIES) await flush()
    if (empty && !(await refill(empty))) sources = sources.filter((source) => source !== empty)
  }
  await flush()
}

async function refill(source: Source): Promise<boolean> {
  const { value, done } = await source.pieces.next()
  if (done) return false
  source.high = value.high
  source.low = value.low
  source.documents = value.documents
  source.at = 0
  return true
}

/** Goes on until a source has to be refilled (which it returns) or the output is full. */
function mergeUntilEmpty(
  sources: readonly Source[],
  out: { high: Uint32Array; low: Uint16Array; count: number },
  documents: Uint32Array,
): Source | null {
  while (out.count < OUTPUT_ENTRIES) {
    let best = sources[0] as Source
    for (let i = 1; i < sources.length; i++) {
      const other = sources[i] as Source
      const before =
        (other.high[other.at] as number) - (best.high[best.at] as number) ||
        (other.low[other.at] as number) - (best.low[best.at] as number)
      if (before < 0) best = other
    }
    const number = best.numbers[best.documents[best.at] as number] as number
    if (number !== GONE) {
      out.high[out.count] = best.high[best.at] as number
      out.low[out.count] = best.low[best.at] as number
      documents[out.count++] = number
    }
    if (++best.at === best.high.length) return best
  }
  return null
}
