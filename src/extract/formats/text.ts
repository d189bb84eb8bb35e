import { decodeText, isPlainUtf8 } from '../charset.ts'
import { mayEmbed, readEmbedded } from '../embedded/read-embedded.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { streamText } from '../stream/stream-text.ts'
import { joinYamlLines } from '../yaml-lines.ts'

/** Plain text of any kind that has no format of its own: source code, logs, Markdown, LaTeX. */
export const text: Format = {
  id: 'text',
  types: ['text/plain'],
  async extract(input: FormatInput, context: ExtractContext): Promise<void> {
    const { parameters, bytes } = input
    if (input.sniffedType === 'application/yaml') return await extractYaml(input, context)
    const isDelSp = parameters.format?.toLowerCase() === 'flowed' && parameters.delsp?.toLowerCase() === 'yes'
    if (!isDelSp && isPlainUtf8(bytes, parameters.charset ?? null)) {
      context.text(bytes)
      const utf8 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      if (mayEmbed(utf8)) await readEmbedded(utf8.toString('utf8'), context, bytes)
      return
    }
    const decoded = decodeText(bytes, parameters.charset ?? null)
    const shown = isDelSp ? joinFlowed(decoded.text) : decoded.text
    // Readers show nothing for a NUL, so it may not part what stands around it.
    context.text(shown.includes('\0') ? shown.replaceAll('\0', '') : shown)
    for (const other of decoded.others) context.text(other)
    await readEmbedded(decoded.text, context, bytes)
  },
  extractStream: (input, context) => streamText(input, context),
}

async function extractYaml({ bytes, parameters }: FormatInput, context: ExtractContext): Promise<void> {
  const { text: source, others } = decodeText(bytes, parameters.charset ?? null)
  for (const reading of [source, ...others]) context.text(joinYamlLines(reading))
  await readEmbedded(source, context, bytes)
}

/** `format=flowed; delsp=yes` (RFC 3676): the blank before a soft line break is no part of the text. */
function joinFlowed(flowed: string): string {
  return flowed.replace(/^(-- )(\r?\n)/gm, '--\u00a0$2').replace(/ \r?\n(?:>+ ?)?/g, '')
}
