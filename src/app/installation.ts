/**
 * Everything a command or the gateway needs to know of one installation, read and checked once: configuration, rule and
 * policy files, directory. Without a configuration file the packaged rules and policies and the defaults are used.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import type { DetectionRule } from '../core/detection-rule.ts'
import { type Diagnostic, DiagnosticsError } from '../core/diagnostic.ts'
import { GatewayError } from '../core/errors.ts'
import type { Family } from '../core/finding.ts'
import { loadTemplates } from '../delivery/composer/template-store.ts'
import type { PlanChoices } from '../detect/match/plan-pattern.ts'
import type { KnownNames } from '../policy/compile-policies.ts'
import type { Directory } from '../policy/directory.ts'
import type { PolicySet } from '../policy/policy-set.ts'
import { exists } from './first-start.ts'
import { readYamlFiles } from './policy-files.ts'
import { readRuleFiles } from './rule-files.ts'

/** The package's own folder, from src/app or dist/app. */
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
export const packagedRules = join(packageRoot, 'rules')
export const packagedPolicies = join(packageRoot, 'policies')

const DEFAULT_CONFIG_FILE = 'sluice.yaml'
const DEFAULT_SMTP_PORT = 2525

export interface ConfigChoice {
  /** `--config`. */
  readonly config?: string | undefined
  /** `--rules`: instead of the configured ones. */
  readonly rules?: string | undefined
  /** `--policies`: instead of the configured ones. */
  readonly policies?: string | undefined
}

export interface LoadedConfiguration {
  readonly config: Config
  /** The rules are not those the policies were written for, so a missing detector is no mistake. */
  readonly foreignRules: boolean
  /** Null when the defaults are used. */
  readonly file: string | null
  readonly warnings: readonly Diagnostic[]
}

/** Throws DiagnosticsError, or GatewayError `config-missing` for a named file that isn't there. */
export async function loadConfiguration(choice: ConfigChoice): Promise<LoadedConfiguration> {
  const named = choice.config
  const file = named ?? ((await exists(DEFAULT_CONFIG_FILE)) ? DEFAULT_CONFIG_FILE : null)
  const text = file === null ? defaultsText() : await readNamed(file)
  const { config, diagnostics } = parseConfig(file ?? resolve('(defaults)'), text, process.env)
  if (!config) throw new DiagnosticsError(diagnostics.filter((d) => d.severity === 'error'))
  return {
    config: {
      ...config,
      rules: choice.rules ? [resolve(choice.rules)] : config.rules,
      policies: choice.policies ? [resolve(choice.policies)] : config.policies,
    },
    foreignRules: choice.rules !== undefined,
    file,
    warnings: diagnostics,
  }
}

function defaultsText(): string {
  return JSON.stringify({
    listeners: [{ name: 'relay', port: DEFAULT_SMTP_PORT }],
    rules: [packagedRules],
    policies: [packagedPolicies],
  })
}

async function readNamed(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? 'unknown'
    const remedy =
      code === 'ENOENT'
        ? 'name an existing file with --config, or run `sluice serve` without it once to write one'
        : `it must be a file that this user (uid ${process.getuid?.() ?? '?'}) may read`
    const message = `${file} cannot be read (${code}): ${remedy}`
    throw new GatewayError('config-missing', { temporary: false, publicMessage: message, message, cause: thrown })
  }
}

/** Detectors and policies as text, checked together: what scan workers compile and what the judge decides by. */
export interface Definitions {
  /** What the files say, so that scan threads need not read them again. */
  readonly detectionRules: readonly DetectionRule[]
  readonly choices: PlanChoices
  readonly detectors: readonly { readonly id: string; readonly family: Family }[]
  readonly policies: PolicySet
  readonly warnings: readonly Diagnostic[]
}

/** What beside rules a policy may name. */
export interface KnownCatalog {
  readonly collections: readonly string[]
  readonly labelLevels: readonly string[]
  readonly labelHeader?: KnownNames['labelHeader']
  /** Notification templates; those in the configured folder when left out. */
  readonly templates?: readonly string[]
}

/** Throws DiagnosticsError with all mistakes of all files. */
export async function loadDefinitions(
  config: Config,
  catalog: KnownCatalog,
  foreignRules = false,
): Promise<Definitions> {
  const [ruleFiles, policyFiles, { choicesOf, parseRules }, { compilePolicies }] = await Promise.all([
    readRuleFiles(config.rules),
    readYamlFiles(config.policies),
    // Many a command needs the configuration alone.
    import('../detect/rules/parse-rules.ts'),
    import('../policy/compile-policies.ts'),
  ])
  const { rules, disabled, diagnostics: ruleDiagnostics } = parseRules(ruleFiles)
  // A policy may name a rule that is switched off; of a building block nothing is ever found.
  const named = [...rules.filter((rule) => !rule.buildingBlock), ...disabled]
  const detectors = named.map(({ id, family }) => ({ id, family }))
  const { policies, diagnostics } = compilePolicies(policyFiles, {
    detectors,
    directory: directoryOf(config),
    collections: catalog.collections,
    labelLevels: catalog.labelLevels,
    labelHeader: catalog.labelHeader ?? null,
    templates: catalog.templates ?? (await loadTemplates(config.delivery.templates)).names,
    missingDetectors: foreignRules ? 'warning' : 'error',
  })
  const all = [...ruleDiagnostics, ...diagnostics]
  const errors = all.filter((diagnostic) => diagnostic.severity === 'error')
  if (errors.length > 0 || !policies) throw new DiagnosticsError(errors)
  return { detectionRules: rules, choices: choicesOf(ruleFiles), detectors, policies, warnings: all }
}

export function directoryOf({ organisation }: Config): Directory {
  return {
    internalDomains: organisation.domains,
    partners: organisation.partners,
    groups: organisation.groups,
    managers: organisation.managers,
    reviewers: organisation.reviewers,
  }
}
