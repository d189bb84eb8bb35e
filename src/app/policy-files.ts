/** Reads the YAML files that the configuration names: folders are walked, order is by path, sizes are bounded. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { GatewayError } from '../core/errors.ts'

export interface TextFile {
  /** Path as a person would name it: relative to the working directory where that is shorter. */
  readonly file: string
  readonly text: string
}

const FILE_MAX_BYTES = 16 * 1024 * 1024
const FILES_MAX = 2_000

/** Every `.yaml` and `.yml` file at or below `paths`. Throws `file-missing`, `file-too-large`, `too-many-files`. */
export async function readYamlFiles(paths: readonly string[]): Promise<TextFile[]> {
  const files = (await Promise.all(paths.map(listYaml))).flat()
  if (files.length > FILES_MAX)
    throw problem('too-many-files', `more than ${FILES_MAX} YAML files below ${paths.join(', ')}`)
  return await Promise.all(
    files.map(async (path) => {
      const { size } = await stat(path)
      if (size > FILE_MAX_BYTES) throw problem('file-too-large', `${path} is larger than ${FILE_MAX_BYTES} bytes`)
      return { file: displayPath(path), text: await readFile(path, 'utf8') }
    }),
  )
}

async function listYaml(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => null)
  if (!info)
    throw problem(
      'file-missing',
      `${path} does not exist: correct \`rules\` or \`policies\`, in the configuration or on the command line`,
    )
  if (!info.isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/i.test(entry.name) && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function displayPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}

function problem(code: string, message: string): GatewayError {
  return new GatewayError(code, { temporary: false, publicMessage: message, message })
}
