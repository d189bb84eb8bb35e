import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface SwaksMessage {
  readonly from?: string
  readonly to?: readonly string[]
  readonly body?: string
  /** A whole message instead of one made of `body`. */
  readonly data?: string
  readonly more?: readonly string[]
}

/** Sends with the real swaks; `output` is its transcript. */
export async function swaks(port: number, message: SwaksMessage): Promise<{ code: number; output: string }> {
  const content = message.data === undefined ? ['--body', message.body ?? 'hello'] : ['--data', '-']
  const args = [
    ...['--server', `127.0.0.1:${port}`, '--from', message.from ?? 'a@example.com'],
    ...['--to', (message.to ?? ['b@partner.example']).join(',')],
    ...content,
    ...(message.more ?? []),
  ]
  const child = spawn('swaks', args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/bin` },
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin.end(message.data ?? '')
  const [code] = (await once(child, 'close')) as [number]
  return { code, output: Buffer.concat(chunks).toString() }
}
