/** Standard output that waits for a slow reader. One that went away (`sluice … | head`) ends the command quietly. */
import { nameAsText } from '../../scan/file-names.ts'

/** Resolves when more may be written; false once nobody reads any more. */
export async function print(text: string): Promise<boolean> {
  if (process.stdout.destroyed) return false
  if (!process.stdout.write(text)) await writable(process.stdout)
  return !process.stdout.destroyed
}

/**
 * Text for a person's eyes, of messages and files that strangers made: what a terminal would obey (escape sequences,
 * changes of direction) is shown by a sign in its place. Line ends and TABs stay.
 */
export function visible(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    if (character === '\n' || character === '\t') return character
    const code = character.charCodeAt(0)
    return code < 0x20 ? String.fromCharCode(CONTROL_PICTURES + code) : '\ufffd'
  })
}

/** The same of a name, which stays on its line. */
export function visibleName(name: string): string {
  return visible(nameAsText(name)).replace(/[\n\t]/g, (character) =>
    String.fromCharCode(CONTROL_PICTURES + character.charCodeAt(0)),
  )
}

const CONTROL_PICTURES = 0x2400

const EVENTS = ['drain', 'close', 'error'] as const

/** Resolves when there is room again or never will be; leaves no listener behind, however often it waits. */
function writable(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      for (const event of EVENTS) stream.off(event, end)
      resolve()
    }
    for (const event of EVENTS) stream.on(event, end)
  })
}

/** A progress line on stderr, only where a person looks at it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
