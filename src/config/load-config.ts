/**
 * Text of `sluice.yaml` -> a frozen Config, or every mistake in it with its place. Relative paths are resolved against
 * the file's folder, `SLUICE_DATA_DIR` wins over `data_dir`. Reads no file: the caller does.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Diagnostic } from '../core/diagnostic.ts'
import { parseYaml } from '../yaml/parse-yaml.ts'
import { validate } from '../yaml/validate.ts'
import { crossChecks } from './cross-checks.ts'
import { type Config, configSchema, type DestinationConfig } from './schema.ts'

export interface LoadedConfig {
  readonly config: Config | null
  readonly diagnostics: readonly Diagnostic[]
}

export function parseConfig(
  file: string,
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): LoadedConfig {
  const { source, diagnostics } = parseYaml(file, text)
  if (!source) return { config: null, diagnostics }
  const checked = validate(source, configSchema)
  const all = [...diagnostics, ...checked.diagnostics]
  if (!checked.value) return { config: null, diagnostics: all }
  const problems = [...all, ...crossChecks(source, checked.value)]
  if (problems.some((d) => d.severity === 'error')) return { config: null, diagnostics: problems }
  return { config: freeze(resolvePaths(checked.value, dirname(resolve(file)), environment)), diagnostics: problems }
}

function resolvePaths(config: Config, base: string, environment: Readonly<Record<string, string | undefined>>): Config {
  const full = (path: string) => (isAbsolute(path) ? path : resolve(base, path))
  const maybe = (path: string | undefined) => (path === undefined ? undefined : full(path))
  const destination = (d: DestinationConfig): DestinationConfig =>
    'maildir' in d
      ? { maildir: full(d.maildir) }
      : {
          hosts: d.hosts.map((h) => ({
            ...h,
            ...(h.auth ? { auth: { ...h.auth, password_file: full(h.auth.password_file) } } : {}),
            tls:
              typeof h.tls === 'object' && h.tls.verified.ca
                ? { verified: { ...h.tls.verified, ca: full(h.tls.verified.ca) } }
                : h.tls,
          })),
        }
  const fromEnvironment = environment.SLUICE_DATA_DIR
  const dataDir = fromEnvironment ? resolve(fromEnvironment) : full(config.data_dir)
  return {
    ...config,
    data_dir: dataDir,
    keys_dir: config.keys_dir ? full(config.keys_dir) : join(dataDir, 'keys'),
    listeners: config.listeners.map((l) => ({
      ...l,
      users_file: maybe(l.users_file),
      tls: { ...l.tls, certificate: maybe(l.tls.certificate), key: maybe(l.tls.key) },
    })),
    policies: config.policies.map(full),
    rules: config.rules.map(full),
    labels: maybe(config.labels),
    delivery: {
      ...config.delivery,
      default: config.delivery.default ? destination(config.delivery.default) : undefined,
      routes: config.delivery.routes.map((r) => ({ ...r, to: destination(r.to) })),
      templates: maybe(config.delivery.templates),
    },
    scan: { ...config.scan, ocr: { ...config.scan.ocr, data: maybe(config.scan.ocr.data) } },
    encryption: { keys: maybe(config.encryption.keys) },
    dispatch:
      config.dispatch.kind === 'bullmq'
        ? { ...config.dispatch, redis_file: maybe(config.dispatch.redis_file) }
        : config.dispatch,
  }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) freeze(inner)
    Object.freeze(value)
  }
  return value
}
