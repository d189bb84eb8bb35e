import { DiagnosticsError, formatDiagnostic } from '../../core/diagnostic.ts'
import { asError, GatewayError } from '../../core/errors.ts'
import { type DoctorFinding, diagnose } from '../doctor.ts'
import { loadConfiguration } from '../installation.ts'

/** Exit 0 when nothing is wrong, 1 when something is, 2 when the configuration itself can't be read. */
export async function runDoctor(flags: { readonly json?: boolean; readonly config?: string }): Promise<number> {
  const findings: DoctorFinding[] = []
  try {
    const { config, file } = await loadConfiguration(flags)
    const tell = (finding: DoctorFinding) => {
      findings.push(finding)
      if (!flags.json) process.stdout.write(render(finding))
    }
    tell(configurationFound(file))
    for await (const finding of diagnose(config)) tell(finding)
  } catch (thrown) {
    const error = asError(thrown)
    if (!(error instanceof DiagnosticsError) && !(error instanceof GatewayError)) throw thrown
    const message =
      error instanceof DiagnosticsError ? error.diagnostics.map(formatDiagnostic).join('\n') : error.message
    if (flags.json) process.stdout.write(`${JSON.stringify({ check: 'configuration', state: 'problem', message })}\n`)
    else process.stdout.write(render({ check: 'configuration', state: 'problem', message }))
    return 2
  }
  if (flags.json) for (const finding of findings) process.stdout.write(`${JSON.stringify(finding)}\n`)
  const problems = findings.filter((finding) => finding.state === 'problem').length
  if (!flags.json) process.stdout.write(problems === 0 ? 'Nothing is wrong.\n' : `${problems} to mend.\n`)
  return problems === 0 ? 0 : 1
}

function configurationFound(file: string | null): DoctorFinding {
  const check = 'configuration'
  if (file !== null) return { check, state: 'ok', message: `${file} is valid` }
  const message = `there is no sluice.yaml in ${process.cwd()}: the defaults hold`
  const remedy = 'go to the folder of the installation, or name its file: sluice doctor --config FILE'
  return { check, state: 'note', message, remedy }
}

function render({ check, state, message, remedy }: DoctorFinding): string {
  const mark = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' }[state]
  return `${mark} ${check}: ${message}\n${remedy ? `        -> ${remedy}\n` : ''}`
}
