import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/core/limits.ts'
import { readIsoDirectory } from '../../../src/extract/readers/iso-directory.ts'

const SECTOR = 2048
const ROOT = 17

interface Entry {
  readonly name: string
  readonly sector: number
  readonly size: number
  readonly isFolder: boolean
}

function record({ name, sector, size, isFolder }: Entry): Buffer {
  const bytes = Buffer.alloc(34 + (name.length & ~1))
  bytes[0] = bytes.length
  bytes.writeUInt32LE(sector, 2)
  bytes.writeUInt32LE(size, 10)
  bytes[25] = isFolder ? 2 : 0
  bytes[32] = name.length
  bytes.write(name, 33, 'latin1')
  return bytes
}

/** An image of one tree, whose first folder is said to have `size` bytes. */
function image(size: number, entries: readonly Entry[]): Buffer {
  const bytes = Buffer.alloc(ROOT * SECTOR + limits.extractIsoFoldersMaxBytes)
  bytes.write('\x01CD001', 16 * SECTOR, 'latin1')
  record({ name: '\0', sector: ROOT, size, isFolder: true }).copy(bytes, 16 * SECTOR + 156)
  Buffer.concat(entries.map(record)).copy(bytes, ROOT * SECTOR)
  return bytes
}

const file: Entry = { name: 'A.TXT', sector: 30, size: 5, isFolder: false }

describe('folders of disk images', () => {
  it('are read up to the limit of all of them together, and no further', () => {
    const most = limits.extractIsoFoldersMaxBytes
    const whole = readIsoDirectory(image(most, [file]))
    expect(whole.files.map(({ name }) => name)).toEqual(['A.TXT'])
    expect(whole.problems).toEqual([])
    const more = readIsoDirectory(image(most + 1, [file]))
    expect(more.files).toEqual([])
    expect(more.problems).toEqual([{ reason: 'too-many', detail: 'iso folders' }])
  })

  it('are read beside one that lies about its size', () => {
    const lie: Entry = { name: 'LIE', sector: 20, size: 0xffffffff, isFolder: true }
    const { files, problems } = readIsoDirectory(image(SECTOR, [lie, file]))
    expect(files.map(({ name }) => name)).toEqual(['A.TXT'])
    expect(problems).toEqual([{ reason: 'too-many', detail: 'iso folders' }])
  })
})
