import type { LabelMark } from '../../core/extraction.ts'
import type { ExtractContext } from '../format.ts'
import { decodeHeaderValue } from './encoded-word.ts'
import type { HeaderField } from './header.ts'

/**
 * Classification labels in mail header fields, each in the scheme of its maker: Microsoft Information Protection, Titus,
 * RFC 4021 Sensitivity, the Australian protective marking, RFC 7444 SIO-Label, and single-value fields of others.
 */
type Mark = Omit<LabelMark, 'part'>

/** Fields whose whole value is the label. */
const singleValueFields = new Set([
  'x-ctpclassification',
  'x-hclclassification',
  'x-classification',
  'classification',
  'x-sensitivity',
  'sensitivity',
  'x-janusnet-classification',
  'x-boldonjames-classification',
  'x-dlp-classification',
  'x-ms-exchange-organization-classification',
])
const LABEL_FIELD = /^(?:x-titus-?metadata|x-protective-marking$|sio-label$|dlp-)/
const MSIP_PAIR = /^msip_label_\{?([0-9a-f-]{36})\}?_([a-z0-9_]+)$/i
const TITUS_MAX_CHARS = 64 * 1024

export function readLabelFields(fields: readonly HeaderField[], context: ExtractContext): void {
  const msip = new Map<string, Record<string, string>>()
  for (const field of fields) {
    if (field.name === 'msip_labels') readMsipList(field.value, msip)
    else if (field.name.startsWith('msip_label_')) addMsip(field.name, field.value, msip)
    else for (const mark of marksOf(field, context.labelHeaders)) context.label(mark)
  }
  for (const [id, values] of msip) context.label(msipMark(id, values))
}

function marksOf(field: HeaderField, further: readonly string[]): Mark[] {
  const { name } = field
  if (!mayCarryLabel(name) && !further.includes(name)) return []
  const value = decodeHeaderValue(field.value)
  if (value === '') return []
  if (/^x-titus-?metadata/.test(name)) return titusMarks(value, name)
  if (name === 'x-protective-marking')
    return [{ scheme: 'protective-marking', id: value, name: securityOf(value), header: name }]
  if (name === 'sio-label') return [sioMark(value)]
  if (singleValueFields.has(name) || name.startsWith('dlp-') || further.includes(name)) {
    return [{ scheme: 'header', id: value, name: value, header: name }]
  }
  if (name === 'subject') {
    const marking = /\[SEC=([^\]]{1,200})\]/i.exec(value)
    if (marking)
      return [{ scheme: 'protective-marking', id: marking[0], name: securityOf(marking[0].slice(1, -1)), header: name }]
  }
  return []
}

/** Whether `marksOf` knows the field: most of a header is none of its business. */
function mayCarryLabel(name: string): boolean {
  return name === 'subject' || singleValueFields.has(name) || LABEL_FIELD.test(name)
}

/** `MSIP_Label_<guid>_Name=General;MSIP_Label_<guid>_Enabled=true;…` */
function readMsipList(value: string, msip: Map<string, Record<string, string>>): void {
  for (const pair of value.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0) addMsip(pair.slice(0, equals).replace(/\s+/g, ''), pair.slice(equals + 1), msip)
  }
}

function addMsip(name: string, value: string, msip: Map<string, Record<string, string>>): void {
  const m = MSIP_PAIR.exec(name)
  const guid = m?.[1]?.toLowerCase()
  if (!guid || !m?.[2]) return
  const values = msip.get(guid) ?? {}
  values[m[2].toLowerCase()] = decodeHeaderValue(value.trim())
  msip.set(guid, values)
}

function msipMark(id: string, values: Record<string, string>): Mark {
  const bits = Number.parseInt(values.contentbits ?? '', 10)
  return {
    scheme: 'msip',
    id,
    name: values.name ?? '',
    header: 'msip_labels',
    ...(values.siteid ? { siteId: values.siteid.toLowerCase() } : {}),
    ...(values.method ? { method: values.method } : {}),
    ...(Number.isNaN(bits) ? {} : { contentBits: bits }),
    ...(values.setdate ? { setAt: values.setdate } : {}),
    ...(values.enabled?.toLowerCase() === 'false' || values.removed === '1' ? { removed: true } : {}),
  }
}

/** Base64 of JSON: `{"Metadata":{"ns":…,"id":…,"props":[{"n":"Classification","vals":[{"value":"…"}]}]},…}`. */
function titusMarks(value: string, header: string): Mark[] {
  const whole: Mark = { scheme: 'titus', id: '', name: '', header }
  const json = parseJson(Buffer.from(value.slice(0, TITUS_MAX_CHARS), 'base64').toString('utf8')) ?? parseJson(value)
  const properties = titusProperties(json)
  if (properties.length === 0) return [{ ...whole, id: 'unreadable' }]
  return properties.map(([name, values]) => ({ ...whole, id: name, name: values.join(', ') }))
}

function titusProperties(json: unknown): [string, string[]][] {
  const props = field(field(json, 'Metadata'), 'props')
  if (!Array.isArray(props)) return []
  const found: [string, string[]][] = []
  for (const prop of props) {
    const name = field(prop, 'n')
    const values = field(prop, 'vals')
    if (typeof name !== 'string' || !Array.isArray(values)) continue
    found.push([name, values.map((value) => String(field(value, 'value') ?? ''))])
  }
  return found
}

function field(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** `VER=2018.4, NS=gov.au, SEC=OFFICIAL:Sensitive, …` -> `OFFICIAL:Sensitive`. */
function securityOf(value: string): string {
  const m = /\bSEC\s*=\s*([^,\]]+)/i.exec(value)
  return m?.[1]?.trim().replace(/\s*:\s*/g, ':') ?? value
}

/** RFC 7444: parameters `marking`, `type`, `label` (base64 of an XML or binary label). */
function sioMark(value: string): Mark {
  const parameter = (name: string) =>
    new RegExp(`(?:^|;)\\s*${name}\\*?(?:0\\*?)?\\s*=\\s*(?:"([^"]*)"|([^;\\s]*))`, 'i').exec(value)
  const marking = parameter('marking')
  const type = parameter('type')
  return {
    scheme: 'sio',
    id: type?.[1] ?? type?.[2] ?? '',
    name: marking?.[1] ?? marking?.[2] ?? '',
    header: 'sio-label',
  }
}
