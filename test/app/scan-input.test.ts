import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openScanInput, readScanInput } from '../../src/app/scan-input.ts'

const dir = mkdtempSync(join(tmpdir(), 'sluice-input-'))

function file(name: string, content: string): string {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}

const small = 'From: a@example.com\r\nTo: b@example.net\r\n\r\nbody\r\n'
const large = small + 'x'.repeat(2 * 1024 * 1024)

describe('a file to scan', () => {
  it('that is small is at hand at once', async () => {
    const { job } = await openScanInput({ file: file('small.eml', small) })
    expect(job).toEqual({
      bytes: Uint8Array.from(Buffer.from(small)),
      as: 'mail',
      filename: null,
      declaredType: 'message/rfc822',
    })
  })

  it('that is large is read when it is asked for, its envelope before', async () => {
    const path = file('large.eml', large)
    const { job, envelope } = await openScanInput({ file: path })
    expect(envelope).toMatchObject({ sender: 'a@example.com', recipients: [{ address: 'b@example.net' }] })
    expect(job.size).toBe(large.length)
    const [bytes, digest] = [job.bytes, job.sha256]
    if (typeof bytes !== 'function' || typeof digest !== 'function') throw new Error('at hand')
    expect(Buffer.from(await bytes()).equals(Buffer.from(large))).toBe(true)
    expect(await digest()).toBe(createHash('sha256').update(large).digest('hex'))
    const { job: whole } = await readScanInput({ file: path })
    expect(Buffer.from(whole.bytes).equals(Buffer.from(large))).toBe(true)
  })

  it('that is a pipe is read to its end', async () => {
    const path = join(dir, 'pipe')
    execFileSync('mkfifo', [path])
    const [{ job }] = await Promise.all([openScanInput({ file: path }), writeFile(path, small)])
    expect(Buffer.from(job.bytes as Uint8Array).toString()).toBe(small)
  })

  it.each([
    ['is not there', join(dir, 'none'), 'ENOENT'],
    ['is a folder', dir, 'EISDIR'],
  ])('that %s is the file system’s error', async (_, path, code) => {
    await expect(openScanInput({ file: path })).rejects.toMatchObject({ code })
  })
})
