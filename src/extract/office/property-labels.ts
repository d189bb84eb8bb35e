import type { ExtractContext } from '../format.ts'

/**
 * Classification labels in the custom properties of a document, whatever format keeps them: Microsoft Information
 * Protection (`MSIP_Label_<guid>_*`), Titus, any property whose name says classification, and those that the context
 * names. Pure but for the context.
 */
type Mark = Parameters<ExtractContext['label']>[0]

const MSIP = /^msip_label_\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?_(\w+)$/i
const TITUS = /^(?:titus.*|titusguid)$/i
const CLASSIFICATION =
  /(?:^|[^a-z])(?:security[\s_-]*)?(?:classification|sensitivity|protective[\s_-]*marking|security[\s_-]*(?:label|marking)|confidentiality)$|classification$/i

/** Tells the labels of `properties` (name, value). Tenants in `superseded` are left out ([MS-OFFCRYPTO] 2.6.3). */
export function labelProperties(
  properties: readonly (readonly [string, string])[],
  context: ExtractContext,
  superseded: ReadonlySet<string> = new Set(),
): void {
  const msip = new Map<string, Map<string, string>>()
  const titus = properties.some(([name]) => TITUS.test(name))
  for (const [name, value] of properties) {
    const match = MSIP.exec(name)
    if (match) {
      const guid = (match[1] ?? '').toLowerCase()
      const fields = msip.get(guid) ?? new Map<string, string>()
      fields.set((match[2] ?? '').toLowerCase(), value)
      msip.set(guid, fields)
      continue
    }
    const mark = classificationOf(name, value, titus, context.labelHeaders)
    if (mark) context.label(mark)
  }
  for (const [guid, fields] of msip) {
    const mark = msipMark(guid, fields)
    if (!mark.siteId || !superseded.has(mark.siteId.toLowerCase())) context.label(mark)
  }
}

/** A property that is a label by its name; null for every other. */
function classificationOf(name: string, value: string, titus: boolean, further: readonly string[]): Mark | null {
  if (value.trim() === '' || value.length > 1024) return null
  if (!CLASSIFICATION.test(name) && !further.includes(name.toLowerCase())) return null
  const scheme = titus ? 'titus' : 'property'
  return { scheme, id: value, name: value, header: name.toLowerCase() }
}

function msipMark(guid: string, fields: ReadonlyMap<string, string>): Mark {
  const bits = Number.parseInt(fields.get('contentbits') ?? '', 10)
  const siteId = bare(fields.get('siteid'))
  const method = fields.get('method')
  const setAt = fields.get('setdate')
  const enabled = fields.get('enabled')
  return {
    scheme: 'msip',
    id: guid,
    name: fields.get('name') ?? '',
    ...(siteId ? { siteId } : {}),
    ...(method ? { method } : {}),
    ...(setAt ? { setAt } : {}),
    ...(Number.isFinite(bits) ? { contentBits: bits } : {}),
    ...(enabled !== undefined && !isTrue(enabled) ? { removed: true } : {}),
  }
}

/** One `clbl:label` element ([MS-OFFCRYPTO] 2.6.4): attributes as they stand. */
export function labelInfoMark(attributes: Readonly<Record<string, string>>): Mark | null {
  const id = bare(attributes.id)
  if (!id) return null
  const bits = Number.parseInt(attributes.contentBits ?? '', 10)
  const siteId = bare(attributes.siteId)
  const removed = isTrue(attributes.removed ?? '0') || !isTrue(attributes.enabled ?? '1')
  return {
    scheme: 'msip',
    id,
    name: attributes.name ?? '',
    ...(siteId ? { siteId } : {}),
    ...(attributes.method ? { method: attributes.method } : {}),
    ...(attributes.setDate ? { setAt: attributes.setDate } : {}),
    ...(Number.isFinite(bits) ? { contentBits: bits } : {}),
    ...(removed ? { removed } : {}),
  }
}

function isTrue(value: string): boolean {
  return /^(?:1|true|yes)$/i.test(value.trim())
}

function bare(guid: string | undefined): string {
  return (guid ?? '').replace(/[{}]/g, '').toLowerCase()
}

/** Properties that say nothing in words: bookkeeping of labels and of the writing program. */
export function isBookkeeping(name: string): boolean {
  return /^msip_label_|^ContentTypeId$|^_?TemplateID$|^GrammarlyDocumentId$|^KSOProductBuildVer$|^ICV$/i.test(name)
}
