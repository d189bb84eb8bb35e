/**
 * `sluice scan`: the pipeline's own inspect and decide on local files, nothing stored and nothing delivered. Files are
 * scanned a few at a time and answered in order; one that can't be read is an answer with `error`, and the run goes on.
 */
import { availableParallelism } from 'node:os'
import type { Decision } from '../core/decision.ts'
import type { Envelope } from '../core/envelope.ts'
import { asError } from '../core/errors.ts'
import type { ScanReport } from '../core/report.ts'
import type { Directory } from '../policy/directory.ts'
import { evaluate } from '../policy/evaluate.ts'
import { explainEvaluation, type PolicyExplanation } from '../policy/explain-evaluation.ts'
import type { PolicySet } from '../policy/policy-set.ts'
import type { ScanPool } from '../scan/scan-pool.ts'
import { openScanInput, type ScanTarget } from './scan-input.ts'

export interface ScanFilesOptions {
  readonly pool: ScanPool
  readonly policies: PolicySet
  readonly directory: Directory
  readonly reveal: boolean
  readonly explain: boolean
  readonly terms: readonly { readonly name: string; readonly text: string }[]
}

export type ScanAnswer =
  | { readonly file: string; readonly error: string }
  | {
      readonly file: string
      readonly envelope: Envelope
      readonly report: ScanReport
      readonly decision: Decision
      readonly explanation: readonly PolicyExplanation[] | null
    }

/** Answers in the order of `targets`. */
export async function* scanFiles(targets: Iterable<ScanTarget> | AsyncIterable<ScanTarget>, options: ScanFilesOptions) {
  yield* inOrder(targets, availableParallelism() + 1, (target) => scanFile(target, options))
}

async function scanFile(target: ScanTarget, options: ScanFilesOptions): Promise<ScanAnswer> {
  try {
    const { envelope, job } = await openScanInput(target)
    const report = await options.pool.scan({
      ...job,
      reveal: options.reveal,
      explain: options.explain,
      terms: options.terms,
    })
    const input = { envelope, report, directory: options.directory, now: envelope.receivedAt }
    const decision = evaluate(options.policies, input)
    const explanation = options.explain ? explainEvaluation(options.policies, input) : null
    return { file: target.file, envelope, report, decision, explanation }
  } catch (thrown) {
    return { file: target.file, error: readProblem(asError(thrown)) }
  }
}

/** Why a file that somebody named can't be read, in plain words. */
export function readProblem(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EISDIR') return 'is a folder; name files, or a list with --files-from'
  if (code === 'EACCES') return 'permission denied'
  return error.message
}

/** Runs `work` over items, at most `width` at once, and yields results in the items' order. */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  for await (const item of items) {
    running.push(work(item))
    if (running.length >= width) yield await (running.shift() as Promise<R>)
  }
  for (const result of running) yield await result
}
