/**
 * What rule files say, written down at build time: reading the shipped rules' YAML would take most of a start. Values are
 * kept by the SHA-256 of the text that they are the value of, so an edited file is parsed, whatever is prepared. A file
 * of prepared values that is missing, damaged or of another form is as good as none. Values are checked and compiled as
 * freshly parsed ones are; nothing but the parsing is spared.
 */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { writeFileAtomic } from '../platform/safe-files.ts'
import { parseYaml, type YamlText } from '../yaml/parse-yaml.ts'

/** In the build's folder, whether this runs from src/ or from dist/: texts decide what is used of it. */
const PREPARED = join(dirname(fileURLToPath(import.meta.url)), '../../dist/prepared-rules')
/** Says the form; another one gets another number. */
const FORM = 'sluice-prepared-rules-1'
const WORLD_READABLE = 0o644

/** The files, with their values where those are prepared. */
export async function withPreparedValues<T extends YamlText>(
  files: readonly T[],
  prepared = PREPARED,
): Promise<readonly T[]> {
  const lines = await readPrepared(prepared)
  if (lines.size === 0) return files
  return files.map((file) => {
    const line = lines.get(digestOf(file.text))
    return line === undefined ? file : { ...file, value: JSON.parse(line) as unknown }
  })
}

/** Parses the files and writes down what they say; leaves out what has complaints or isn't the same as JSON. */
export async function prepareRules(files: readonly YamlText[], prepared = PREPARED): Promise<void> {
  const lines = files.flatMap(({ file, text }) => {
    const { source, diagnostics } = parseYaml(file, text)
    if (!source || diagnostics.length > 0) return []
    const json = JSON.stringify(source.value) ?? 'null'
    return isDeepStrictEqual(JSON.parse(json), source.value) ? [`${digestOf(text)} ${json}\n`] : []
  })
  const body = lines.join('')
  await writeFileAtomic(prepared, Buffer.from(`${FORM} ${digestOf(body)}\n${body}`), { mode: WORLD_READABLE })
}

/** JSON by the digest of the text whose value it is; empty where the file isn't whole. */
async function readPrepared(file: string): Promise<ReadonlyMap<string, string>> {
  const content = await readFile(file, 'utf8').catch(() => '')
  const [head, body] = cut(content, '\n')
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
