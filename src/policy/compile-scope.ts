/** What compilation knows of the world outside the policy files, and where it puts its complaints. */
import type { Diagnostic } from '../core/diagnostic.ts'
import type { UninspectedReason } from '../core/extraction.ts'
import type { Family } from '../core/finding.ts'
import { nearest } from '../yaml/nearest.ts'
import type { Path, YamlSource } from '../yaml/parse-yaml.ts'
import type { Directory } from './directory.ts'
import { compileGlob, type Glob } from './glob.ts'

/** Names a policy may refer to. A list that is left out is not checked, except label levels, which need their order. */
export interface KnownNames {
  readonly detectors: readonly { readonly id: string; readonly family: Family }[]
  /** What a detector that doesn't exist is; `warning` where somebody scans with a few rules of their own. */
  readonly missingDetectors?: 'error' | 'warning'
  /** Names of document collections and exact-data indexes. */
  readonly collections?: readonly string[]
  /** Lowest first. */
  readonly labelLevels?: readonly string[]
  /** The header that `write_label` writes, with its value for each level; null where the label map names none. */
  readonly labelHeader?: { readonly name: string; readonly values: readonly string[] } | null
  readonly partners?: readonly string[]
  readonly groups?: readonly string[]
  /** Names of notification templates. */
  readonly templates?: readonly string[]
  /** When given, its lists are the known partners and groups, and its content is part of the revision. */
  readonly directory?: Directory
}

/**
 * What conditions name. Lists of the directory: a message can only be judged against a directory that has them. Reasons of
 * `uninspected`: what no rule in force names is held.
 */
export interface References {
  readonly partners: Set<string>
  readonly groups: Set<string>
  readonly uninspected: Set<UninspectedReason>
}

export interface CompileScope {
  readonly known: KnownNames
  readonly references: References
  /** Reports an error at a path below the condition that is being compiled. */
  problem(path: Path, code: string, message: string): void
  globs(sources: readonly string[] | undefined, path: Path): readonly Glob[] | undefined
  /** Checks names against a known list; `remedy` says where such a name would be defined. */
  names(
    names: readonly string[] | undefined,
    known: readonly string[] | undefined,
    path: Path,
    code: string,
    what: string,
    remedy: string,
  ): void
}

export function compileScope(
  source: YamlSource,
  base: Path,
  known: KnownNames,
  diagnostics: Diagnostic[],
  references: References,
): CompileScope {
  const problem = (path: Path, code: string, message: string) => {
    const lenient = code === 'unknown-detector' && known.missingDetectors === 'warning'
    diagnostics.push({
      ...source.diagnostic([...base, ...path], code, message),
      severity: lenient ? 'warning' : 'error',
    })
  }
  return {
    known,
    references,
    problem,
    globs: (sources, path) =>
      sources?.flatMap((text, index) => {
        const glob = compileGlob(text)
        if ('matches' in glob) return [glob]
        problem(
          [...path, index],
          'bad-pattern',
          `${glob.problem}; write a glob like \`*.xlsx\` or \`re:\` and a pattern.`,
        )
        return []
      }),
    names: (names, list, path, code, what, remedy) => {
      if (!list) return
      for (const [index, name] of (names ?? []).entries()) {
        if (list.includes(name)) continue
        const hint = nearest(name, list)
        const instead = hint
          ? `did you mean \`${hint}\`?`
          : list.length > 0
            ? `known: ${list
                .slice(0, 20)
                .map((entry) => `\`${entry}\``)
                .join(', ')}.`
            : remedy
        problem([...path, index], code, `There is no ${what} \`${name}\`; ${instead}`)
      }
    },
  }
}
