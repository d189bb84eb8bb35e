/** Mails to measure on: JSON lines with the whole message in `raw`, as many as asked for, evenly over the file. */
import { readFile } from 'node:fs/promises'

export async function benignMails(file: string, most: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '')
  const step = Math.max(1, Math.floor(lines.length / most))
  return lines
    .filter((_, i) => i % step === 0)
    .slice(0, most)
    .map((line) => new Uint8Array(Buffer.from((JSON.parse(line) as { readonly raw: string }).raw)))
}
