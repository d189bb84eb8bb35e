import { randomBytes } from 'node:crypto'
import { DiagnosticsError } from '../../core/diagnostic.ts'
import { type Confidence, confidenceAtLeast } from '../../core/finding.ts'
import { CodePointOffsets } from '../../detect/code-point-offsets.ts'
import { compileRules } from '../../detect/compile-rules.ts'
import { detectText } from '../../detect/detect-text.ts'
import { readLines } from '../file-lists.ts'
import { type ConfigChoice, loadConfiguration } from '../installation.ts'
import { readRuleFiles } from '../rule-files.ts'
import { print } from './output.ts'

interface Flags extends ConfigChoice {
  readonly reveal?: boolean
  readonly minConfidence: Confidence
}

/** One answer a line, in order. A line that isn't `{"id","text"}` is told on stderr, has no answer, and makes it exit 2. */
export async function runDetectCommand(flags: Flags): Promise<number> {
  const { config } = await loadConfiguration(flags)
  const { rules, diagnostics } = compileRules(await readRuleFiles(config.rules))
  if (!rules) throw new DiagnosticsError(diagnostics)
  const findingKey = randomBytes(32)
  let bad = 0
  let row = 0
  for await (const line of readLines('-')) {
    row++
    if (line.trim() === '') continue
    const input = parseLine(line)
    if (!input) {
      bad++
      process.stderr.write(`sluice detect: line ${row} is no object with "id" and "text"\n`)
      continue
    }
    const utf8 = Buffer.from(input.text, 'utf8')
    const { matches, overflow, packed } = detectText(
      rules,
      { part: 0, utf8 },
      { findingKey, minConfidence: flags.minConfidence },
    )
    const offsets = new CodePointOffsets(utf8)
    const findings = matches
      .filter((match) => confidenceAtLeast(match.confidence, flags.minConfidence))
      .map((match) => ({
        detector: match.detector,
        family: match.family,
        confidence: match.confidence,
        start: offsets.at(match.start),
        end: offsets.at(match.end),
        via: match.via,
        ...(flags.reveal ? { value: match.value } : {}),
      }))
    if (
      !(await print(
        `${JSON.stringify({ id: input.id, findings, ...(overflow || packed ? { uninspected: TOO_MANY } : {}) })}\n`,
      ))
    )
      break
  }
  return bad > 0 ? 2 : 0
}

/** As `sluice scan` tells it. */
const TOO_MANY = [{ reason: 'too-many', detail: 'pattern candidates' }]

function parseLine(line: string): { id: unknown; text: string } | null {
  try {
    const value = JSON.parse(line) as { id?: unknown; text?: unknown } | null
    return value && typeof value.text === 'string' ? { id: value.id ?? null, text: value.text } : null
  } catch {
    return null
  }
}
