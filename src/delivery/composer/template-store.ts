import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { type Diagnostic, DiagnosticsError } from '../../core/diagnostic.ts'
import { GatewayError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { NotificationRequest } from '../../ports/composer.ts'
import { BUILTIN_TEMPLATES } from './builtin-templates.ts'
import { PLACEHOLDERS, parseTemplate, type Template } from './template.ts'

/** Built-in texts under those of the operator's folder (`held.txt`, `held.inside.txt`, or names of their own). */
export interface TemplateStore {
  /** The variant for `audience` where there is one. Throws GatewayError `unknown-template`. */
  find(name: string, audience: NotificationRequest['audience']): Template
  /** Names that a policy may use, without variants and without the gateway's own `dsn-` texts. */
  readonly names: readonly string[]
}

const FILE_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.inside)?$/
/** Whether somebody may be told what a policy's author wrote for people inside. */
export function isInside(audience: NotificationRequest['audience']): boolean {
  return audience === 'reviewers' || audience === 'manager'
}

/** Throws DiagnosticsError with every mistake in the folder's files. */
export async function loadTemplates(folder?: string): Promise<TemplateStore> {
  const templates = new Map<string, Template>()
  const diagnostics: Diagnostic[] = []
  const add = (name: string, text: string, file: string) => {
    const result = parseTemplate(text, file, allowedIn(name))
    diagnostics.push(...result.diagnostics)
    if (result.template) templates.set(name, result.template)
  }
  for (const [name, text] of Object.entries(BUILTIN_TEMPLATES)) add(name, text, `built-in template ${name}`)
  if (folder !== undefined)
    for (const { name, text, file } of await readTemplates(folder, diagnostics)) add(name, text, file)
  if (diagnostics.length > 0) throw new DiagnosticsError(diagnostics)
  return {
    find(name, audience) {
      const found = (isInside(audience) ? templates.get(`${name}.inside`) : undefined) ?? templates.get(name)
      if (found) return found
      throw new GatewayError('unknown-template', {
        temporary: false,
        publicMessage: 'A notification could not be written.',
        message: `There is no notification template \`${name}\`; known are ${namesOf(templates).join(', ')}.`,
      })
    },
    names: namesOf(templates),
  }
}

function namesOf(templates: ReadonlyMap<string, Template>): readonly string[] {
  const names = new Set([...templates.keys()].map((name) => name.replace(/\.inside$/, '')))
  return [...names].filter((name) => !name.startsWith('dsn-')).sort()
}

/** `reasons` only where no outsider reads it, `details` and `until` only where they have a value. */
function allowedIn(name: string): ReadonlySet<string> {
  const dsn = name.startsWith('dsn-')
  const inside = name.endsWith('.inside') || name === 'reviewer-held'
  const known = Object.keys(PLACEHOLDERS)
  return new Set(known.filter((p) => (p === 'reasons' ? inside : p === 'details' || p === 'until' ? dsn : true)))
}

async function readTemplates(
  folder: string,
  diagnostics: Diagnostic[],
): Promise<readonly { readonly name: string; readonly text: string; readonly file: string }[]> {
  const problem = (file: string, code: string, message: string) =>
    diagnostics.push({ file, row: 1, column: 1, code, message, severity: 'error' })
  let entries: string[]
  try {
    entries = (await readdir(folder)).filter((entry) => extname(entry) === '.txt').sort()
  } catch {
    problem(folder, 'unreadable-folder', 'The folder of notification templates cannot be read.')
    return []
  }
  if (entries.length > limits.templateFilesMax) {
    problem(folder, 'too-many-files', `There are more than ${limits.templateFilesMax} templates.`)
    return []
  }
  const found: { name: string; text: string; file: string }[] = []
  for (const entry of entries) {
    const file = join(folder, entry)
    const name = basename(entry, '.txt')
    const { size } = await stat(file)
    if (!FILE_NAME.test(name))
      problem(file, 'bad-name', 'A template is called `lower-case-words.txt` or `lower-case-words.inside.txt`.')
    else if (size > limits.templateFileMaxBytes)
      problem(file, 'too-large', `A template has at most ${limits.templateFileMaxBytes} bytes.`)
    else {
      const text = decode(await readFile(file))
      if (text === null) problem(file, 'not-utf8', 'The file is not UTF-8 text.')
      else found.push({ name, text, file })
    }
  }
  return found
}

function decode(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return /[^\P{Cc}\t\r\n]/u.test(text) ? null : text
  } catch {
    return null
  }
}
