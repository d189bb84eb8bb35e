import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { boundedLine } from './smtp-reply.ts'

/**
 * Delivers into one local Maildir: written to `tmp/`, fsynced, renamed into `new/`, directory fsynced. One file per
 * message, whatever the number of recipients; who they are stands on top as `Return-Path:` and `X-Original-To:` lines,
 * followed by the trace headers and the untouched original. Meant for trying out and for archives, not for users.
 */
export interface MaildirMessage {
  readonly sender: string
  readonly recipients: readonly string[]
  readonly content: () => AsyncIterable<Uint8Array>
}

let counter = 0

/** Resolves once the message would survive power loss. Never throws: local trouble is a deferral. */
export async function deliverToMaildir(
  path: string,
  message: MaildirMessage,
): Promise<{ readonly status: 'delivered' | 'deferred'; readonly reply: string }> {
  const name = `${Date.now()}.M${process.pid}P${++counter}R${randomBytes(8).toString('hex')}.${safeHost()}`
  const temporary = join(path, 'tmp', name)
  try {
    await createFolders(path)
    await writeDurably(temporary, message)
    await rename(temporary, join(path, 'new', name))
    await syncDirectory(join(path, 'new'))
    return { status: 'delivered', reply: `250 2.0.0 stored as new/${name}` }
  } catch (thrown) {
    await unlink(temporary).catch(() => {})
    const { code } = thrown as { code?: unknown }
    return { status: 'deferred', reply: boundedLine(`4.3.0 the Maildir could not be written: ${String(code)}`) }
  }
}

async function createFolders(path: string): Promise<void> {
  let created = false
  for (const folder of ['tmp', 'new', 'cur'])
    if (await mkdir(join(path, folder), { recursive: true, mode: 0o700 })) created = true
  if (!created) return
  await syncDirectory(path)
  await syncDirectory(dirname(path))
}

async function writeDurably(file: string, message: MaildirMessage): Promise<void> {
  await using handle = await open(file, 'wx', 0o600)
  const envelope = [`Return-Path: <${message.sender}>`, ...message.recipients.map((to) => `X-Original-To: ${to}`)]
  await handle.writeFile(`${envelope.join('\r\n')}\r\n`)
  for await (const chunk of message.content()) await handle.writeFile(chunk)
  await handle.sync()
}

async function syncDirectory(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}

/** Maildir names may not hold `/` or `:`. */
function safeHost(): string {
  return hostname().replaceAll('/', '\\057').replaceAll(':', '\\072')
}
