import { decodeText } from '../charset.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'

/** Plain text of any kind that has no format of its own: source code, logs, Markdown, LaTeX. */
export const text: Format = {
  id: 'text',
  types: ['text/plain'],
  extract(input: FormatInput, context: ExtractContext): void {
    const decoded = decodeText(input.bytes, input.parameters.charset ?? null)
    context.text(decoded.text)
    for (const other of decoded.others) context.text(other)
  },
}
