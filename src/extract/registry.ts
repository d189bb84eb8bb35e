import type { Format } from './format.ts'
import { mime } from './formats/mime.ts'
import { text } from './formats/text.ts'

/** Every format the extractor reads, one a line. A media type belongs to the first that takes it. */
const formats = [
  //
  mime,
  text,
] as const satisfies readonly Format[]

const byType = new Map<string, Format>()
for (const format of formats as readonly Format[]) {
  for (const type of format.types) if (!byType.has(type)) byType.set(type, format)
}

/** The format that reads `type`; any `text/*` without one of its own is plain text. Undefined: unsupported. */
export function formatFor(type: string): Format | undefined {
  return byType.get(type) ?? (type.startsWith('text/') ? text : undefined)
}

export function allFormats(): readonly Format[] {
  return formats
}
