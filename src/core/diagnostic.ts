/** A mistake in a file that a person wrote (configuration, policy, detection rule), with its place and its remedy. */
export interface Diagnostic {
  readonly file: string
  /** 1-based. */
  readonly row: number
  /** 1-based, in characters. */
  readonly column: number
  /** Stable kebab-case word, e.g. `unknown-key`, `duplicate-id`, `bad-pattern`. */
  readonly code: string
  /** What is wrong and what to write instead, in one sentence or two. */
  readonly message: string
  readonly severity: 'error' | 'warning'
}

/** `file:row:column code message`, the shape every `check` command prints. */
export function formatDiagnostic(d: Diagnostic): string {
  return `${d.file}:${d.row}:${d.column} ${d.code} ${d.message}`
}

/** Thrown where a caller can't go on without a valid file; carries all mistakes at once. */
export class DiagnosticsError extends Error {
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'))
    this.name = 'DiagnosticsError'
    this.diagnostics = diagnostics
  }
}
