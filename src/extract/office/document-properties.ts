import type { ExtractContext } from '../format.ts'
import { attribute } from '../readers/xml-attributes.ts'
import { walkXml } from '../readers/xml-walker.ts'
import { isBookkeeping, labelInfoMark, labelProperties } from './property-labels.ts'

/** Document properties of Open XML packages as text and labels: core, extended, custom, and the label list. */
const COUNTERS = new Set([
  'revision',
  'created',
  'modified',
  'lastPrinted',
  'Pages',
  'Words',
  'Characters',
  'Lines',
  'Paragraphs',
  'Slides',
  'Notes',
  'HiddenSlides',
  'MMClips',
  'TotalTime',
  'ScaleCrop',
  'LinksUpToDate',
  'CharactersWithSpaces',
  'SharedDoc',
  'HyperlinksChanged',
  'AppVersion',
  'DocSecurity',
  'i4',
  'Application',
  'bool',
])

export interface PropertyReading {
  readonly lines: string[]
  readonly custom: (readonly [string, string])[]
  digitallySigned: boolean
}

export function newPropertyReading(): PropertyReading {
  return { lines: [], custom: [], digitallySigned: false }
}

/** `docProps/core.xml` and `docProps/app.xml`: what a person wrote, not the counters. */
export function readProperties(bytes: Uint8Array, reading: PropertyReading, context: ExtractContext): void {
  let element = ''
  let value = ''
  walkXml(
    bytes,
    {
      open(name) {
        element = name
        value = ''
      },
      text(data) {
        if (!COUNTERS.has(element)) value += data
      },
      close(name) {
        if (name === element && value.trim() !== '') reading.lines.push(value.trim())
        value = ''
      },
      aside: (text) => reading.lines.push(text.trim()),
    },
    context,
  )
}

/** `docProps/custom.xml`: name and value, and the labels among them (told by `finishProperties`). */
export function readCustomProperties(bytes: Uint8Array, reading: PropertyReading, context: ExtractContext): void {
  let name = ''
  let value = ''
  walkXml(
    bytes,
    {
      open(element, attributes) {
        if (element !== 'property') return
        name = attribute(attributes, 'name') ?? ''
        value = ''
      },
      text(data) {
        value += data
      },
      close(element) {
        if (element !== 'property') return
        reading.custom.push([name, value.trim()])
        if (!isBookkeeping(name) && value.trim() !== '') reading.lines.push(`${name}: ${value.trim()}`)
        value = ''
      },
    },
    context,
  )
}

/** The label list; returns the tenants that it speaks for. */
export function readLabelInfo(bytes: Uint8Array, context: ExtractContext): Set<string> {
  const tenants = new Set<string>()
  walkXml(
    bytes,
    {
      open(name, attributes) {
        if (name !== 'label') return
        const local: Record<string, string> = {}
        for (const [key, value] of attributes.entries()) local[key.slice(key.indexOf(':') + 1)] = value
        const mark = labelInfoMark(local)
        if (!mark) return
        context.label(mark)
        if (mark.siteId) tenants.add(mark.siteId)
      },
    },
    context,
  )
  return tenants
}

/** Tells text and labels, once everything is read. */
export function finishProperties(
  reading: PropertyReading,
  tenants: ReadonlySet<string>,
  context: ExtractContext,
): void {
  if (reading.lines.length > 0) context.text(reading.lines.join('\n'))
  labelProperties(reading.custom, context, tenants)
}
