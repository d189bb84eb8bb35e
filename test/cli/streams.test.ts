import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

/** What the command line does when what it reads or writes is not as it should be. */
const main = resolve(import.meta.dirname, '../../src/cli/main.ts')
const dir = mkdtempSync(join(tmpdir(), 'sluice-streams-'))
afterAll(() => rmSync(dir, { recursive: true }))

const LINE = '{"id":1,"text":"card 4111 1111 1111 1111"}\n'

describe('output', () => {
  it('that no longer fits is told in one line, and is no success', () => {
    const full = openSync('/dev/full', 'w')
    for (const args of [['rules', 'list', '--json'], ['detect', '--jsonl'], ['--help']]) {
      const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
        cwd: dir,
        input: LINE,
        stdio: ['pipe', full, 'pipe'],
        encoding: 'utf8',
      })
      expect({ args, status, stderr }).toEqual({
        args,
        status: 2,
        stderr: "sluice: the output can't be written to its end (ENOSPC)\n",
      })
    }
    closeSync(full)
  })

  it('that nobody reads any more ends the command quietly', async () => {
    const child = spawn(process.execPath, [main, 'detect', '--jsonl'], { cwd: dir, stdio: 'pipe' })
    const errors: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    // The command is ended while it is still being written to.
    child.stdin.on('error', () => {})
    child.stdin.write(LINE.repeat(20_000))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = await once(child, 'close')
    expect({ code, errors: Buffer.concat(errors).toString() }).toEqual({ code: 0, errors: '' })
  })

  it('goes on where nobody reads the complaints', async () => {
    const child = spawn(process.execPath, [main, 'detect', '--jsonl'], { cwd: dir, stdio: 'pipe' })
    child.stderr.destroy()
    const out: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stdin.end(`nonsense\n${'more of it\n'.repeat(100)}${LINE}`)
    const [code] = await once(child, 'close')
    expect(code).toBe(2)
    expect(JSON.parse(Buffer.concat(out).toString())).toMatchObject({ id: 1, findings: [{ detector: 'credit_card' }] })
  })
})

describe('what a terminal would obey', () => {
  const hostile = '\x1b]0;title\x07\x1b[2J\x9b\u202e'
  const obeyed = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/

  it('is shown by signs: in texts, names of parts and of files', () => {
    const file = `a${hostile}\n.eml`
    writeFileSync(join(dir, file), `Subject: ${hostile} card 4111 1111 1111 1111\r\n\r\n${hostile}\r\nend`)
    for (const args of [
      ['extract', '--text', file],
      ['scan', '--explain', '--reveal', file],
    ]) {
      const { status, stdout } = spawnSync(process.execPath, [main, ...args], { cwd: dir, encoding: 'utf8' })
      expect(status).toBe(0)
      expect(stdout).not.toMatch(obeyed)
      expect(stdout).toMatch(/^a\u241b\]0;title\u2407\u241b\[2J\ufffd\ufffd\u240a\.eml/)
    }
  })

  it('stays what it is in JSON', () => {
    writeFileSync(join(dir, 'a.txt'), hostile)
    const run = spawnSync(process.execPath, [main, 'extract', '--json', 'a.txt'], { cwd: dir, encoding: 'utf8' })
    expect((JSON.parse(run.stdout) as { parts: { text: string }[] }).parts[0]?.text).toContain(hostile)
  })
})

describe('names of files that are no UTF-8', () => {
  const name = Buffer.from('K\xf6ln \xe9 \xc3\xa9.txt', 'latin1')
  const path = Buffer.concat([Buffer.from(`${dir}/`), name])

  it('are taken from lists and arguments, told in JSON, and taken back from a manifest', () => {
    writeFileSync(path, 'card 4111 1111 1111 1111')
    const list = (...args: string[]) =>
      spawnSync(process.execPath, [main, ...args], {
        cwd: dir,
        input: Buffer.concat([name, Buffer.from('\r\nmissing.txt')]),
        encoding: 'utf8',
      }).stdout
    const [found = '', missing = ''] = list('extract', '--json', '--files-from', '-').split('\n')
    expect(JSON.parse(found)).toMatchObject({ file: 'K\udcf6ln \udce9 é.txt', parts: [{ size: 24 }] })
    expect(JSON.parse(missing)).toEqual({ file: 'missing.txt', error: 'no such file' })
    writeFileSync(join(dir, 'm.jsonl'), `${JSON.stringify({ file: 'K\udcf6ln \udce9 é.txt' })}\n`)
    // Of a shell, since Node starts programs with arguments in UTF-8 alone.
    const run = spawnSync('sh', ['-c', 'exec "$NODE" "$MAIN" scan --manifest m.jsonl K*.txt'], {
      cwd: dir,
      env: { ...process.env, NODE: process.execPath, MAIN: main },
      encoding: 'utf8',
    })
    expect(run.stdout.match(/^K.*/gm)).toEqual(['K%F6ln %E9 é.txt: QUARANTINE', 'K%F6ln %E9 é.txt: QUARANTINE'])
  })
})

describe('input of detect', () => {
  it('that is none is told by its line, and the rest answered', () => {
    const lines = ['{"id":1,"text":7}', '', 'x', LINE.trim(), 'null'].join('\n')
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'detect', '--jsonl'], {
      cwd: dir,
      input: `\ufeff${lines}`,
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(stderr.match(/line \d+/g)).toEqual(['line 1', 'line 3', 'line 5'])
  })
})
