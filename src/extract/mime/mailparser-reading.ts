import { limits } from '../../core/limits.ts'
import { decodeText } from '../charset.ts'
import type { ExtractContext } from '../format.ts'
import type { Leaf } from './entity.ts'

/**
 * A widely used parser's reading of a message that is ambiguous anyhow: what it shows and our own readings don't becomes
 * a child. It is a second opinion only: its failures are no news, since the message is reported already.
 */
export async function readByMailparser(bytes: Buffer, leaves: readonly Leaf[], context: ExtractContext): Promise<void> {
  if (bytes.length > limits.extractSecondOpinionMaxBytes || !context.budget.hasTime()) return
  const parsed = await parse(bytes)
  if (!parsed) return
  const texts = leaves.map((leaf) => squeeze(decodeText(leaf.bytes, leaf.parameters.charset ?? null).text))
  for (const [type, text] of [
    ['text/plain', parsed.text],
    ['text/html', parsed.html],
  ] as const) {
    if (typeof text !== 'string' || isKnown(text, texts)) continue
    await context.child({
      bytes: Buffer.from(text, 'utf8'),
      filename: null,
      label: '[other reading]',
      declaredType: type,
      parameters: { charset: 'utf-8' },
    })
  }
  for (const attachment of parsed.attachments) {
    const content = attachment.content
    if (leaves.some((leaf) => leaf.bytes.equals(content)) || isKnown(content.toString('latin1'), texts)) continue
    await context.child({
      bytes: content,
      filename: attachment.filename ?? null,
      label: '[other reading]',
      declaredType: attachment.contentType,
      traits: ['attachment'],
    })
  }
}

async function parse(bytes: Buffer) {
  try {
    // Loaded when needed: few messages are ambiguous, and it costs every process tens of milliseconds.
    const { simpleParser } = await import('mailparser')
    return await simpleParser(bytes, {
      skipHtmlToText: true,
      skipTextToHtml: true,
      skipTextLinks: true,
      skipImageLinks: true,
    })
  } catch {
    return null
  }
}

function isKnown(text: string, texts: readonly string[]): boolean {
  const squeezed = squeeze(text)
  return squeezed === '' || texts.some((known) => known.includes(squeezed))
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '')
}
