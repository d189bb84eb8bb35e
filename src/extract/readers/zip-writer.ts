import zlib from 'node:zlib'

/** An entry of a zip file: as it is, or compressed by some method already. */
export interface ZipWriterEntry {
  readonly name: string
  readonly data: Uint8Array
  readonly packed?: { readonly method: number; readonly crc: number; readonly size: number }
}

/** A zip file for readers that take nothing else (APPNOTE 4.3). At most 65,535 entries, without zip64. */
export function writeZip(entries: readonly ZipWriterEntry[]): Buffer {
  const pieces: Uint8Array[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const { name, data, packed } of entries) {
    const encoded = Buffer.from(name, 'utf8')
    // From the version needed to the length of the extra field: both headers have these in the same order.
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(packed ? 63 : 20, 0)
    shared.writeUInt16LE(0x800, 2)
    shared.writeUInt16LE(packed?.method ?? 0, 4)
    shared.writeUInt32LE(packed?.crc ?? zlib.crc32(data), 10)
    shared.writeUInt32LE(data.length, 14)
    shared.writeUInt32LE(packed?.size ?? data.length, 18)
    shared.writeUInt16LE(encoded.length, 22)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(at, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x3f\x00', 'latin1'), shared, tail, encoded]))
    pieces.push(Buffer.from('PK\x03\x04', 'latin1'), shared, encoded, data)
    at += 30 + encoded.length + data.length
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(index.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...pieces, index, end])
}
