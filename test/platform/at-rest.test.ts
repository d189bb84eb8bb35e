import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  BlobOpener,
  BlobSealer,
  keyIdOf,
  RecordSealer,
  rewrapDataKey,
  STREAM_OVERHEAD_BYTES,
} from '../../src/platform/at-rest.ts'
import { fixedKeyEncryptionKeys } from '../support/memory-keys.ts'

const one = randomBytes(32)
const two = randomBytes(32)
const oldKeys = fixedKeyEncryptionKeys(new Map([[1, one]]))
const bothKeys = fixedKeyEncryptionKeys(
  new Map([
    [1, one],
    [2, two],
  ]),
)
const newKeys = fixedKeyEncryptionKeys(new Map([[2, two]]))

function sealAll(id: string, chunks: readonly Buffer[], keys = oldKeys) {
  const sealer = new BlobSealer(keys, id)
  const sealed = chunks.map((chunk, i) => {
    const into = Buffer.alloc(chunk.length + STREAM_OVERHEAD_BYTES)
    sealer.seal(into, chunk, i === chunks.length - 1)
    return into
  })
  return { header: sealer.header, wrappedKey: sealer.wrappedKey, sealed }
}

function openAll(id: string, blob: ReturnType<typeof sealAll>, keys = oldKeys): Buffer {
  const opener = new BlobOpener(keys, id, blob.wrappedKey, blob.header)
  const chunks = blob.sealed.map((sealed) => opener.open(sealed))
  opener.finish()
  return Buffer.concat(chunks)
}

const chunks = [Buffer.from('first '), Buffer.alloc(0), Buffer.from('second '), Buffer.from('last')]
const corrupt = expect.objectContaining({ code: 'blob-corrupt' })

describe('blobs at rest', () => {
  it('open to what was sealed', () => {
    expect(openAll('a', sealAll('a', chunks)).toString()).toBe('first second last')
    expect(openAll('a', sealAll('a', [Buffer.alloc(0)])).length).toBe(0)
  })

  it('have a data key of their own: equal content differs at rest', () => {
    const [x, y] = [sealAll('a', chunks), sealAll('a', chunks)]
    expect(x.sealed[0]?.equals(y.sealed[0] ?? Buffer.alloc(0))).toBe(false)
  })

  const tampered: Record<string, (blob: ReturnType<typeof sealAll>) => void> = {
    'a changed chunk': ({ sealed }) => sealed[2]?.writeUInt8((sealed[2][5] ?? 0) ^ 1, 5),
    'chunks in another order': ({ sealed }) => sealed.splice(0, 3, ...sealed.slice(0, 3).reverse()),
    'a chunk left out': ({ sealed }) => sealed.splice(1, 1),
    'a chunk twice': ({ sealed }) => sealed.splice(1, 0, sealed[0] ?? Buffer.alloc(0)),
    'the last chunk cut off': ({ sealed }) => sealed.pop(),
    'a chunk after the last': ({ sealed }) => sealed.push(sealed[0] ?? Buffer.alloc(0)),
    'a chunk of another blob': ({ sealed }) => sealed.splice(2, 1, sealAll('a', chunks).sealed[2] ?? Buffer.alloc(0)),
    'a chunk shortened': ({ sealed }) => sealed.splice(2, 1, (sealed[2] ?? Buffer.alloc(0)).subarray(0, 10)),
    'a changed header': ({ header }) => header.writeUInt8((header[0] ?? 0) ^ 1, 0),
    'a changed wrapped key': ({ wrappedKey }) => wrappedKey.writeUInt8((wrappedKey[40] ?? 0) ^ 1, 40),
    'an unknown format': ({ wrappedKey }) => wrappedKey.writeUInt8(9, 0),
  }
  it.each(Object.keys(tampered))('notice %s', (name) => {
    const blob = sealAll('a', chunks)
    tampered[name]?.(blob)
    expect(() => openAll('a', blob)).toThrow(corrupt)
  })

  it('notice that they are read as another blob', () => {
    expect(() => openAll('b', sealAll('a', chunks))).toThrow(corrupt)
  })

  it('do not open under another key, nor without theirs', () => {
    const other = fixedKeyEncryptionKeys(new Map([[1, randomBytes(32)]]))
    expect(() => openAll('a', sealAll('a', chunks), other)).toThrow(corrupt)
    expect(() => openAll('a', sealAll('a', chunks), newKeys)).toThrow(expect.objectContaining({ code: 'key-missing' }))
  })

  it('follow a rotation by wrapping the data key anew', () => {
    const blob = sealAll('a', chunks)
    expect(rewrapDataKey(oldKeys, 'a', blob.wrappedKey)).toBeNull()
    const wrappedKey = rewrapDataKey(bothKeys, 'a', blob.wrappedKey)
    if (!wrappedKey) throw new Error('nothing was wrapped anew')
    expect(keyIdOf(wrappedKey)).toBe(2)
    expect(openAll('a', { ...blob, wrappedKey }, newKeys).toString()).toBe('first second last')
    expect(() => rewrapDataKey(bothKeys, 'b', blob.wrappedKey)).toThrow(corrupt)
  })
})

describe('records at rest', () => {
  it('open in their own row alone', () => {
    const sealer = new RecordSealer(oldKeys)
    for (const text of ['', 'a report']) {
      const sealed = sealer.seal('row 1', Buffer.from(text))
      expect(sealer.open('row 1', sealed).toString()).toBe(text)
      expect(() => sealer.open('row 2', sealed)).toThrow(expect.objectContaining({ code: 'record-corrupt' }))
    }
  })

  it.each([0, 4, 20, 30, -1])('notice a change at byte %i', (at) => {
    const sealer = new RecordSealer(oldKeys)
    const sealed = sealer.seal('row', Buffer.from('a report'))
    const index = at < 0 ? sealed.length + at : at
    sealed[index] = (sealed[index] ?? 0) ^ 0x10
    expect(() => sealer.open('row', sealed)).toThrow(/record-corrupt|not authentic|key-encryption key/)
  })

  it.each([0, 1, 28, 44])('notice being cut to %i bytes', (length) => {
    const sealer = new RecordSealer(oldKeys)
    const sealed = sealer.seal('row', Buffer.from('a report'))
    expect(() => sealer.open('row', sealed.subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'record-corrupt' }),
    )
  })

  it('stay readable after a rotation, and are sealed under the new key from then on', () => {
    const before = new RecordSealer(oldKeys).seal('row', Buffer.from('a report'))
    const sealer = new RecordSealer(bothKeys)
    expect(sealer.open('row', before).toString()).toBe('a report')
    expect(keyIdOf(sealer.seal('row', Buffer.from('x')))).toBe(2)
  })
})
