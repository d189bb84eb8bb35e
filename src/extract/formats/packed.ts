import { decodeText } from '../charset.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { BinaryValues } from '../readers/binary-values.ts'
import { type PackedKind, readPacked } from '../readers/packed-data.ts'
import { isBinary } from '../signatures.ts'

/** CBOR and MessagePack: names and values, files among them as children. */
export const cbor: Format = packed('cbor', ['application/cbor'])
export const messagePack: Format = packed('msgpack', ['application/msgpack', 'application/vnd.msgpack'])

function packed(kind: PackedKind, types: readonly string[]): Format {
  return { id: kind, types, extract: (input, context) => extractPacked(input, kind, context) }
}

async function extractPacked(input: FormatInput, kind: PackedKind, context: ExtractContext): Promise<void> {
  const lines: string[] = []
  const binaries = new BinaryValues()
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
      bytes: (data) => say(binaries.textOf(data)),
    })
  } finally {
    say('')
    context.text(lines.join('\n'))
    // A list of small numbers may as well be a text in some 8-bit charset: whoever opens it as one sees that.
    if (!isBinary(bytes) || input.declaredType?.startsWith('text/'))
      context.text(decodeText(bytes, input.parameters.charset ?? null).text)
  }
  await binaries.extract(context, 'bytes')
}
