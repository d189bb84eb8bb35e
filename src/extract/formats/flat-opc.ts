import { decodeText } from '../charset.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { flatParts } from '../office/flat-parts.ts'
import { xmlToText } from '../readers/xml-walker.ts'
import { writeZip } from '../readers/zip-writer.ts'
import { opc } from './ooxml.ts'

/**
 * An Office document in one XML file ("flat OPC", `pkg:package`, as Word saves it by the name of XML document): its parts
 * are put back into a package, which is read like any other. What stands outside of its parts is read as XML.
 */
export const flatOpc: Format = {
  id: 'flat-opc',
  types: ['application/vnd.openxmlformats-package-flat-xml'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const { parts, rest } = flatParts(decodeText(input.bytes, null).text)
    const types = parts.map(({ name, type }) => `<Override PartName="${name}" ContentType="${type}"/>`).join('')
    const zip = writeZip([
      { name: '[Content_Types].xml', data: Buffer.from(`<Types>${types}</Types>`) },
      ...parts.map(({ name, data }) => ({ name: name.replace(/^\//, ''), data })),
    ])
    await opc.extract({ ...input, bytes: zip }, context)
    context.text(xmlToText(Buffer.from(rest), context))
  },
}
