import { limits } from '../../core/limits.ts'
import type { ExtractContext, Format, FormatInput } from '../format.ts'
import { readDataSpaces } from '../office/data-spaces.ts'
import { equationText } from '../office/equation-text.ts'
import { readBiff, readExcelBinary } from '../office/excel-binary.ts'
import { isFormControlClass, readFormControls } from '../office/form-controls.ts'
import { extractPackage } from '../office/ole-package.ts'
import { readOleProperties } from '../office/ole-properties.ts'
import { readOutlookMessage } from '../office/outlook-message.ts'
import { readPowerPointBinary } from '../office/powerpoint-binary.ts'
import { isBookkeeping, labelProperties } from '../office/property-labels.ts'
import { readQuillText } from '../office/quill-text.ts'
import { readVbaModules } from '../office/vba-project.ts'
import { readVisioBinary } from '../office/visio-binary.ts'
import { isBareWord, readBareWord, readWordBinary } from '../office/word-binary.ts'
import { carveLatin, carveUtf16 } from '../readers/carve-strings.ts'
import { type CompoundFile, childNamed, type OleNode, openCompoundFile } from '../readers/compound-file.ts'
import { writeCompoundFile } from '../readers/compound-file-writer.ts'
import { xmlToText } from '../readers/xml-walker.ts'
import { extractTrailing } from '../trailing-data.ts'

/**
 * Everything that is a compound file: Word, Excel and PowerPoint to 2003, Outlook, Visio, Publisher, Works, encrypted
 * packages, macro projects, packaged objects. What is in it is told by its streams, not by its type, and each kind found
 * is read. Embedded objects are children; what no reader knows is carved for text and told.
 */
export const doc = ole('doc', ['application/msword'])
export const xls = ole('xls', ['application/vnd.ms-excel'])
export const ppt = ole('ppt', ['application/vnd.ms-powerpoint'])
export const msg = ole('msg', ['application/vnd.ms-outlook'])
export const vsd = ole('vsd', ['application/vnd.visio'])
export const pub = ole('pub', ['application/x-mspublisher', 'application/vnd.ms-publisher'])
export const wps = ole('wps', ['application/vnd.ms-works'])
export const vba = ole('vba', ['application/vnd.ms-office.vbaproject'])
export const olePackage = ole('ole', [
  'application/x-ole-storage',
  'application/x-ole-package',
  'application/encrypted',
  'application/vnd.ms-project',
  'application/cdfv2',
])

function ole(id: string, types: readonly string[]): Format {
  return { id, types, extract: (input, context) => extractOle(input, context) }
}

async function extractOle(input: FormatInput, context: ExtractContext): Promise<void> {
  const file = openCompoundFile(input.bytes)
  if (!file && isBareBiff(input.bytes)) return readBiff(Buffer.from(input.bytes), context)
  if (!file && isBareWord(input.bytes)) return readBareWord(Buffer.from(input.bytes), context)
  if (!file) {
    context.uninspected('corrupt', 'compound file')
    return
  }
  const known = await readContents(file.root, context)
  readMetadata(file.root, context)
  readMacros(file, context)
  if (!childNamed(file.root, '__properties_version1.0')) await extractObjects(file.root, context, 0)
  if (!known) carveUnknown(file.root, context)
  if (file.broken) context.uninspected('corrupt', 'compound file structure')
  else await extractTrailing(input.bytes.subarray(file.end), context)
}

/** Excel up to 4 wrote its records into a file of their own: a beginning of version 2 to 4, a length that fits. */
function isBareBiff(bytes: Uint8Array): boolean {
  return bytes[0] === 0x09 && [0, 2, 4].includes(bytes[1] ?? -1) && (bytes[2] ?? 0) <= 8 && bytes[3] === 0
}

/** Reads every kind of content that the streams tell of; false where there is none. */
async function readContents(root: OleNode, context: ExtractContext): Promise<boolean> {
  const has = (name: string) => childNamed(root, name) !== undefined
  let known = false
  if (await readDataSpaces(root, context)) return true
  if (has('WordDocument')) {
    readWordBinary(root, context)
    known = true
  }
  if (has('Workbook') || has('Book')) {
    await readExcelBinary(root, context)
    known = true
  }
  if (has('PowerPoint Document') || has('PP40') || has('PP97_DUALSTORAGE')) {
    await readPowerPointBinary(root, context)
    known = true
  }
  if (has('__properties_version1.0')) {
    await readOutlookMessage(root, context)
    known = true
  }
  if (has('VisioDocument')) {
    await readVisioBinary(childNamed(root, 'VisioDocument')?.read() ?? Buffer.alloc(0), context)
    known = true
  }
  return (await readSmallContents(root, context)) || known
}

/** Objects that are no documents: equations, forms of macros. */
async function readSmallObjects(root: OleNode, context: ExtractContext): Promise<boolean> {
  const equation = childNamed(root, 'Equation Native')
  const text = equation ? equationText(equation.read()) : null
  if (text) context.text(text)
  const [form, objects] = [childNamed(root, 'f'), childNamed(root, 'o')]
  if (!form || !objects) return text !== null
  await readFormControls(form.read(), context)
  await readFormControls(objects.read(), context)
  return true
}

async function readSmallContents(root: OleNode, context: ExtractContext): Promise<boolean> {
  let known = await readSmallObjects(root, context)
  const native = childNamed(root, '\x01Ole10Native')
  if (native) {
    await extractPackage(native.read(), context)
    known = true
  }
  for (const name of ['Package', 'CONTENTS', 'ENCRYPTEDPACKAGE.BIN', 'EmbeddedOdf']) {
    const stream = childNamed(root, name)
    if (!stream || stream.isStorage) continue
    known = true
    const bytes = stream.read()
    if (name === 'CONTENTS' && isFormControlClass(root.clsid)) {
      await readFormControls(bytes, context)
      continue
    }
    const text = readQuillText(bytes)
    if (text !== null && text.trim() !== '') context.text(text)
    else if (!childNamed(root, 'Quill'))
      await context.child({ bytes, filename: null, label: `[${name.toLowerCase()}]` })
  }
  const quill = childNamed(childNamed(childNamed(root, 'Quill') ?? root, 'QuillSub') ?? root, 'CONTENTS')
  if (quill && childNamed(root, 'Quill')) {
    const text = readQuillText(quill.read())
    if (text) context.text(text)
    else context.uninspected('corrupt', 'publisher text')
    known = true
  }
  const works = childNamed(root, 'MatOST') ?? childNamed(root, 'MN0')
  if (works) {
    context.text(carveLatin(childNamed(root, 'MN0')?.read() ?? Buffer.alloc(0)).join('\n'))
    context.uninspected('partial', 'Works')
    known = true
  }
  return known || childNamed(root, 'VBA') !== undefined || childNamed(root, '_VBA_PROJECT') !== undefined
}

/** Property sets, with the labels in them; custom XML; signatures. */
function readMetadata(root: OleNode, context: ExtractContext): void {
  const lines: string[] = []
  const custom: (readonly [string, string])[] = []
  for (const name of ['\x05SummaryInformation', '\x05DocumentSummaryInformation']) {
    const stream = childNamed(root, name)
    if (!stream) continue
    const found = readOleProperties(stream)
    if (found.isBroken) context.uninspected('corrupt', 'document properties')
    lines.push(...found.values)
    custom.push(...found.custom)
    for (const [key, value] of found.custom) if (!isBookkeeping(key) && value !== '') lines.push(`${key}: ${value}`)
  }
  if (lines.length > 0) context.text(lines.join('\n'))
  labelProperties(custom, context)
  for (const item of childNamed(root, 'MsoDataStore')?.children ?? []) {
    const stream = childNamed(item, 'Item')
    if (stream) context.text(xmlToText(stream.read(), context))
  }
  if (childNamed(root, '_signatures') || childNamed(root, '_xmlsignatures')) context.trait('digitally-signed')
}

function readMacros(file: CompoundFile, context: ExtractContext): void {
  const modules = readVbaModules(file)
  if (modules.length === 0) return
  context.trait('macro')
  for (const module of modules) context.text(module.source)
}

/** Storages that belong to the document itself. */
const OWN =
  /^(?:_SX_DB_CUR|_VBA_PROJECT_CUR|VBA|Macros|MsoDataStore|Quill|Escher|PP97_DUALSTORAGE|\x06DataSpaces|_signatures|_xmlsignatures|__nameid_version1\.0)$/i
const OBJECT =
  /^(?:\x01Ole10Native|\x01Ole|\x01CompObj|Package|CONTENTS|WordDocument|Workbook|Book|PowerPoint Document|VisioDocument|EncryptedPackage|__properties_version1\.0)$/i

async function extractObjects(node: OleNode, context: ExtractContext, depth: number): Promise<void> {
  if (depth > limits.extractOleDepthMax) {
    context.uninspected('too-deep', 'storages')
    return
  }
  for (const child of node.children) {
    if (!child.isStorage || OWN.test(child.name)) continue
    if (!child.children.some((inner) => OBJECT.test(inner.name))) {
      await extractObjects(child, context, depth + 1)
      continue
    }
    const bytes = writeCompoundFile(child)
    if (bytes === null || !context.budget.inflate(bytes.length))
      context.uninspected('too-large', 'embedded object', child.name)
    else await context.child({ bytes, filename: null, label: `[${child.name}]` })
  }
}

/** A compound file of a kind nobody here knows: its strings, and that this is not all. */
function carveUnknown(root: OleNode, context: ExtractContext): void {
  const strings: string[] = []
  const visit = (node: OleNode) => {
    for (const child of node.children) {
      if (child.isStorage) visit(child)
      else if (!child.name.startsWith('\x05') && strings.length < limits.extractPartsMax) {
        const bytes = child.read()
        for (const string of [...carveUtf16(bytes), ...carveLatin(bytes, 8)]) strings.push(string)
      }
    }
  }
  visit(root)
  if (strings.length > 0) context.text(strings.join('\n'))
  context.uninspected('unsupported', 'compound file of unknown kind')
}
