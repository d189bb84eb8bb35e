import { availableParallelism } from 'node:os'
import { asError } from '../../core/errors.ts'
import type { Extraction } from '../../core/extraction.ts'
import { argumentNames } from '../argument-names.ts'
import { readNames } from '../file-lists.ts'
import { loadConfiguration } from '../installation.ts'
import { inOrder, readProblem } from '../scan-files.ts'
import { openScanInput } from '../scan-input.ts'
import { startExtractPool } from '../start-scan-pool.ts'
import { print, visible, visibleName } from './output.ts'

interface ExtractFlags {
  readonly json?: boolean
  readonly filesFrom?: string
  readonly text?: boolean
  readonly config?: string
}

type Answer =
  | { readonly file: string; readonly error: string }
  | { readonly file: string; readonly extraction: Extraction; readonly elapsedMs: number }

export async function runExtractCommand(files: readonly string[], flags: ExtractFlags): Promise<number> {
  if (files.length === 0 && !flags.filesFrom) {
    process.stderr.write('sluice extract: name files, or give --files-from (see --help)\n')
    return 2
  }
  const { config } = await loadConfiguration(flags)
  const pool = await startExtractPool(config)
  const one = async (file: string): Promise<Answer> => {
    const startedAt = performance.now()
    try {
      const { job } = await openScanInput({ file })
      const extraction = await pool.extract(job)
      return { file, extraction, elapsedMs: Math.round((performance.now() - startedAt) * 10) / 10 }
    } catch (thrown) {
      return { file, error: readProblem(asError(thrown)) }
    }
  }
  try {
    for await (const answer of inOrder(names(files, flags), availableParallelism() + 1, one)) {
      if (!(await printAll(flags.json ? jsonPieces(answer) : [visible(render(answer, flags.text ?? false))]))) break
    }
  } finally {
    await pool.close()
  }
  return 0
}

async function* names(files: readonly string[], flags: ExtractFlags): AsyncGenerator<string> {
  yield* argumentNames(files)
  if (!flags.filesFrom) return
  for await (const file of readNames(flags.filesFrom)) if (file.trim() !== '') yield file
}

/** False once nobody reads any more. */
async function printAll(pieces: Iterable<string>): Promise<boolean> {
  for (const piece of pieces) if (!(await print(piece))) return false
  return true
}

/** Bytes of a text that become JSON at once: texts are large, and held several times over otherwise. */
const PIECE_BYTES = 1024 * 1024

/** One line of JSON. */
function* jsonPieces(answer: Answer): Generator<string> {
  if ('error' in answer) {
    yield `${JSON.stringify({ file: answer.file, error: answer.error })}\n`
    return
  }
  const { extraction, elapsedMs } = answer
  const texts = new Map(extraction.texts.map((text) => [text.part, text.utf8]))
  yield `{"file":${JSON.stringify(answer.file)},"parts":[`
  for (const [at, part] of extraction.parts.entries()) {
    const { path, declaredType, sniffedType, size, sha256, filename, depth, via, traits } = part
    const known = { path, declaredType, sniffedType, size, sha256, filename, depth, via, traits }
    yield `${at === 0 ? '' : ','}${JSON.stringify(known).slice(0, -1)},"text":"`
    yield* jsonTextPieces(texts.get(part.id) ?? new Uint8Array(0))
    yield '"}'
  }
  const { labels, uninspected } = extraction
  yield `],${JSON.stringify({ labels, uninspected, elapsedMs }).slice(1)}\n`
}

/** What stands between the quotes of a JSON string. */
function* jsonTextPieces(utf8: Uint8Array): Generator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  for (let at = 0; at < utf8.length; at += PIECE_BYTES) {
    const isLast = at + PIECE_BYTES >= utf8.length
    yield JSON.stringify(decoder.decode(utf8.subarray(at, at + PIECE_BYTES), { stream: !isLast })).slice(1, -1)
  }
}

/** A tree of parts with types, sizes and problems. */
function render(answer: Answer, withText: boolean): string {
  const file = visibleName(answer.file)
  if ('error' in answer) return `${file}: ${answer.error}\n`
  const { parts, texts, labels, uninspected } = answer.extraction
  const lines = [file]
  for (const part of parts) {
    const indent = '  '.repeat(part.depth + 1)
    const name = part.path.split('/').at(-1) ?? part.path
    const declared =
      part.declaredType && part.declaredType !== part.sniffedType ? ` (declared ${part.declaredType})` : ''
    const traits = part.traits.length > 0 ? ` [${part.traits.join(', ')}]` : ''
    lines.push(`${indent}${name}  ${part.sniffedType}${declared}  ${part.size} bytes${traits}`)
    for (const problem of uninspected.filter((item) => item.path === part.path)) {
      lines.push(`${indent}  ! ${problem.reason}: ${problem.detail}`)
    }
    const text = withText ? texts.find((candidate) => candidate.part === part.id) : undefined
    if (text) lines.push(Buffer.from(text.utf8).toString('utf8').replace(/^/gm, `${indent}  | `))
  }
  const paths = new Set(parts.map((part) => part.path))
  for (const item of uninspected.filter((entry) => !paths.has(entry.path)))
    lines.push(`  ! ${item.path}: ${item.reason}: ${item.detail}`)
  for (const label of labels) lines.push(`  label ${label.scheme}: ${label.name || label.id} on ${label.part}`)
  return `${lines.join('\n')}\n`
}
