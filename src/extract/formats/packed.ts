import { isUtf8 } from 'node:buffer'
import { limits } from '../../core/limits.ts'
import { decodeText } from '../charset.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { carveLatin } from '../readers/carve-strings.ts'
import { type PackedKind, readPacked } from '../readers/packed-data.ts'
import { isBinary, signatureOf } from '../signatures.ts'

/** CBOR and MessagePack: names and values, files among them as children. */
export const cbor: Format = packed('cbor', ['application/cbor'])
export const messagePack: Format = packed('msgpack', ['application/msgpack', 'application/vnd.msgpack'])

function packed(kind: PackedKind, types: readonly string[]): Format {
  return { id: kind, types, extract: (input, context) => extractPacked(input, kind, context) }
}

async function extractPacked(input: FormatInput, kind: PackedKind, context: ExtractContext): Promise<void> {
  const lines: string[] = []
  const files: Buffer[] = []
  let name = ''
  const say = (text: string) => {
    if (text !== '' || name !== '') lines.push(name === '' ? text : `${name}\t${text}`)
    name = ''
  }
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength)
  try {
    readPacked(bytes, kind, {
      value(text, isName) {
        if (isName) {
          say('')
          name = text
        } else say(text)
      },
      bytes(data) {
        if (signatureOf(data) !== null && files.length < limits.extractPartsMax) files.push(data)
        else say(isUtf8(data) ? data.toString('utf8') : carveLatin(data).join(' '))
      },
    })
  } finally {
    say('')
    context.text(lines.join('\n'))
    // A list of small numbers may as well be a text in some 8-bit charset: whoever opens it as one sees that.
    if (!isBinary(bytes) || input.declaredType?.startsWith('text/'))
      context.text(decodeText(bytes, input.parameters.charset ?? null).text)
  }
  for (const [i, data] of files.entries())
    await context.child({ bytes: data, filename: null, label: `[bytes ${i + 1}]` })
}
