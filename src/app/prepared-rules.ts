/**
 * What the build found out about the shipped rules: reading their YAML, checking what it says and trying the patterns
 * would take most of a start. It is kept by the SHA-256 of a file's text, so an edited file is read afresh whatever is
 * prepared, and it is whole or as good as none. What rules say of each other is checked, and they are compiled, as ever.
 */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RuleFile } from '../detect/rules/parse-rules.ts'
import { writeFileAtomic } from '../platform/safe-files.ts'

export type Prepared = Required<Pick<RuleFile, 'value' | 'choices' | 'sound'>>

/** In the build's folder, whether this runs from src/ or from dist/: texts decide what is used of it. */
const PREPARED = join(dirname(fileURLToPath(import.meta.url)), '../../dist/prepared-rules')
/** Says the form; another one gets another number. */
const FORM = 'sluice-prepared-rules-3'
const WORLD_READABLE = 0o644

/** The files, with what is prepared of them. */
export async function withPrepared(files: readonly RuleFile[], from = PREPARED): Promise<readonly RuleFile[]> {
  const lines = await readLines(from)
  if (lines.size === 0) return files
  return files.map((file) => {
    const line = lines.get(digestOf(file.text))
    return line === undefined ? file : { ...file, ...(JSON.parse(line) as Prepared) }
  })
}

/** Of each file its text, and what is to be found with it. */
export async function writePrepared(
  files: readonly { text: string; prepared: Prepared }[],
  to = PREPARED,
): Promise<void> {
  const body = files.map(({ text, prepared }) => `${digestOf(text)} ${JSON.stringify(prepared)}\n`).join('')
  await writeFileAtomic(to, Buffer.from(`${FORM} ${digestOf(body)}\n${body}`), { mode: WORLD_READABLE })
}

/** JSON by the digest of the text that it is about; none where the file isn't whole. */
async function readLines(from: string): Promise<ReadonlyMap<string, string>> {
  const [head, body] = cut(await readFile(from, 'utf8').catch(() => ''), '\n')
  if (head !== `${FORM} ${digestOf(body)}`) return new Map()
  return new Map(
    body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => cut(line, ' ')),
  )
}

/** What stands before and behind the first separator. */
function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function digestOf(text: string): string {
  return hash('sha256', text)
}
