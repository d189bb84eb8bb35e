import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { isFont } from '../readers/font.ts'
import { attribute, type XmlAttributes } from '../readers/xml-attributes.ts'
import { walkXml, xmlToText } from '../readers/xml-walker.ts'
import { openZip } from '../readers/zip-archive.ts'
import { extractEntry, extractGaps } from './zip.ts'

/** EPUB (ISO/IEC 23736): chapters, tables of contents and pictures as children, the package's metadata as text. */
export const epub: Format = {
  id: 'epub',
  types: ['application/epub+zip'],
  extract: (input, context) => extractEpub(input, context),
}

async function extractEpub(input: FormatInput, context: ExtractContext): Promise<void> {
  const archive = openZip(input.bytes, context)
  for (const entry of archive.directory.entries) {
    const { name } = entry
    if (/^(?:mimetype|META-INF\/container\.xml)$/.test(name) || name.endsWith('/')) continue
    if (/^META-INF\/rights\.xml$/.test(name)) context.trait('irm-protected')
    if (/\.(?:opf|ncx)$/i.test(name) || name === 'META-INF/encryption.xml') {
      const bytes = await archive.read(entry)
      if (!bytes) continue
      if (name === 'META-INF/encryption.xml' && isSealed(bytes, context)) {
        context.uninspected('encrypted', 'EPUB encryption')
      }
      context.text(xmlToText(bytes, context))
      continue
    }
    if (/\.(?:ttf|otf|woff2?)$/i.test(name)) {
      const bytes = await archive.read(entry)
      if (bytes && !isFont(bytes, name)) await context.child({ bytes, filename: name })
      continue
    }
    await extractEntry(archive, entry, context)
  }
  await extractGaps(input.bytes, archive, context)
}

/** Two ways to make fonts useless outside of their book (EPUB 3.3, section 4.5; Adobe's own): they seal no words. */
const FONT_MANGLING: ReadonlySet<string> = new Set([
  'http://www.idpf.org/2008/embedding',
  'http://ns.adobe.com/pdf/enc#RC',
])

/** Whether any entry is encrypted by another algorithm than those for fonts, or by none that is named. */
function isSealed(bytes: Buffer, context: ExtractContext): boolean {
  let entries = 0
  const algorithms: string[] = []
  const open = (name: string, attributes: XmlAttributes) => {
    if (name === 'EncryptedData') entries += 1
    if (name === 'EncryptionMethod') algorithms.push(attribute(attributes, 'Algorithm') ?? '')
  }
  walkXml(bytes, { open }, context)
  return entries === 0 || algorithms.length < entries || algorithms.some((name) => !FONT_MANGLING.has(name))
}
