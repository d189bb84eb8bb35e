import type { ExtractContext } from '../format.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { guidOf } from '../readers/compound-file.ts'

/**
 * Controls of Microsoft Forms as documents and forms keep them ([MS-OFORMS]): buttons, boxes, lists. They are a few
 * properties in binary, of which the strings (captions, values, names of groups) are taken, and perhaps a picture, which
 * is a child. Controls of any other maker keep what they like and are none of these.
 */
const CONTROLS: ReadonlySet<string> = new Set([
  'd7053240-ce69-11cd-a777-00dd01143c57', // CommandButton
  '978c9e23-d4b0-11ce-bf2d-00aa003f40d0', // Label
  '4c599241-6926-101b-9992-00000b65c6f9', // Image
  '8bd21d10-ec42-11ce-9e0d-00aa006002f3', // TextBox
  '8bd21d20-ec42-11ce-9e0d-00aa006002f3', // ListBox
  '8bd21d30-ec42-11ce-9e0d-00aa006002f3', // ComboBox
  '8bd21d40-ec42-11ce-9e0d-00aa006002f3', // CheckBox
  '8bd21d50-ec42-11ce-9e0d-00aa006002f3', // OptionButton
  '8bd21d60-ec42-11ce-9e0d-00aa006002f3', // ToggleButton
  'dfd181e0-5e2f-11ce-a449-00aa004a803d', // ScrollBar
  '79176fb0-b7f2-11ce-97ef-00aa006d2776', // SpinButton
  'eae50eb0-4a62-11ce-bed6-00aa00611080', // TabStrip
])
const CLASS_ID_BYTES = 16
const STRING_MIN_CHARS = 2
/** Class of a picture, followed by a mark, its length and the picture ([MS-OFORMS] 2.4.8). */
const PICTURE = Buffer.from('0452e30b918fce119de300aa004bb8516c740000', 'hex')

/** Whether a part is a control of Microsoft Forms behind its class. */
export function isFormControl(bytes: Buffer): boolean {
  return CONTROLS.has(guidOf(bytes.subarray(0, CLASS_ID_BYTES)))
}

/** The same of the class of a compound file, as text in lower case. */
export function isFormControlClass(classId: string): boolean {
  return CONTROLS.has(classId)
}

/** The strings of controls as text, their pictures as children. */
export async function readFormControls(bytes: Buffer, context: ExtractContext): Promise<void> {
  const pictures: Buffer[] = []
  const rest: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(PICTURE); at >= 0; at = bytes.indexOf(PICTURE, from)) {
    const start = at + PICTURE.length + 4
    const length = start <= bytes.length ? bytes.readUInt32LE(start - 4) : 0
    rest.push(bytes.subarray(from, at))
    pictures.push(bytes.subarray(start, start + length))
    from = Math.min(bytes.length, start + length)
  }
  rest.push(bytes.subarray(from))
  const words = rest.flatMap((piece) => [
    ...carveLatin(piece, STRING_MIN_CHARS),
    ...carveUtf16(piece, STRING_MIN_CHARS),
  ])
  if (words.length > 0) context.text(words.join('\n'))
  for (const [index, picture] of pictures.entries())
    if (picture.length > 0) await context.child({ bytes: picture, filename: null, label: `[picture ${index + 1}]` })
}
