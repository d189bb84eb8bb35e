import { parseMediaType } from '../media-type.ts'
import { signatureOf } from '../signatures.ts'
import type { EmbeddedFile } from './embedded-file.ts'

/**
 * Base64 (and hex) of whole files inside a text, found by how the marks of known formats look when encoded, and data
 * URIs. The encoded run is taken over its line breaks, also where those are quoted as `\n`.
 */
const MARKS =
  /data:[\w.+/-]{0,80}(?:;[\w.=+-]{1,80}){0,4};base64,|(?<![A-Za-z0-9+/_-])(?:UEsDB|H4sI|JVBERi|0M8R4|N3q8r|UmFyI|QlpoO|\/Td6WFo|KLUv\/|e1xydG|TVNDRg|eJ8\+I|iVBORw0|\/9j\/|R0lGOD|SUkqA|TU0AK|MIA|MI[IJK])|(?<![0-9A-Fa-f])(?:504[Bb]0304|25504446|1[Ff]8[Bb]08|[Dd]0[Cc][Ff]11[Ee]0)/g
/** Shorter runs hold no file. */
const RUN_MIN_CHARS = 40
const RUN = /[A-Za-z0-9+/_-]+(?:(?:\r?\n|\\r\\n|\\n)[ \t>]*[A-Za-z0-9+/_-]+)*={0,2}/y
const HEX_RUN = /[0-9A-Fa-f]+(?:\s{1,4}[0-9A-Fa-f]{2,})*/y

export function findBase64Files(text: string): EmbeddedFile[] {
  const files: EmbeddedFile[] = []
  MARKS.lastIndex = 0
  for (let m = MARKS.exec(text); m; m = MARKS.exec(text)) {
    const isUri = m[0].startsWith('data:')
    const isHex = !isUri && /^[0-9A-Fa-f]{8}$/.test(m[0])
    const run = isHex ? HEX_RUN : RUN
    run.lastIndex = isUri ? MARKS.lastIndex : m.index
    const coded = run.exec(text)?.[0]
    if (coded === undefined) continue
    MARKS.lastIndex = run.lastIndex
    const file = isUri ? fromDataUri(m[0], coded) : fromRun(coded, isHex)
    if (file) files.push(file)
  }
  return files
}

function fromRun(coded: string, isHex: boolean): EmbeddedFile | null {
  if (coded.length < RUN_MIN_CHARS) return null
  const squeezed = squeeze(coded)
  const encoding = isHex ? 'hex' : 'base64'
  const head = Buffer.from(squeezed.slice(0, 4096), encoding)
  if (signatureOf(head) === null) return null
  return { bytes: Buffer.from(squeezed, encoding), filename: null, via: encoding }
}

function fromDataUri(uri: string, coded: string): EmbeddedFile | null {
  const bytes = Buffer.from(squeeze(coded), 'base64')
  if (bytes.length === 0) return null
  const declared = parseMediaType(uri.slice('data:'.length).replace(/;base64,$/, ''))
  return { bytes, filename: null, via: 'data-uri', declaredType: declared.type, parameters: declared.parameters }
}

function squeeze(coded: string): string {
  return coded.replace(/\\r|\\n|[\s>]+/g, '')
}
