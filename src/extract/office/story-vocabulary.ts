import { attribute, type XmlAttributes } from '../readers/xml-attributes.ts'
import { isWords } from '../readers/xml-walker.ts'

/** The elements and attributes of Office stories that matter to a reader of text, by their local names. */
const FLAG_OFF = /^(?:0|false|off|none)$/i
/** Elements whose text is layout arithmetic. */
export const NOISE = new Set([
  'f',
  'posOffset',
  'pctPosHOffset',
  'pctPosVOffset',
  'align',
  'pctWidth',
  'pctHeight',
  'ptCount',
  'formatCode',
  'Anchor',
  'MoveWithCells',
  'SizeWithCells',
  'AutoFill',
  'Row',
  'Column',
  'AutoLine',
  'TextVAlign',
  'TextHAlign',
  'Visible',
  'PrintObject',
  'Locked',
  'LockText',
  'DefaultSize',
  'CF',
  'AutoPict',
  'Colored',
  'NoThreeD',
  'ppos',
  'smtClean',
])
/** Closing one of these does not end a line of text outside paragraphs. */
export const INLINE = new Set([
  't',
  'r',
  'rPr',
  'delText',
  'span',
  'b',
  'i',
  'u',
  'font',
  'rPh',
  'phoneticPr',
  'cp',
  'pp',
  'tp',
  'fld',
])
/** Attributes a person wrote, by element; `*` for any. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  docPr: ['descr', 'title', 'name'],
  cNvPr: ['descr', 'title', 'name'],
  shape: ['alt', 'title', 'href', 'target'],
  imagedata: ['title', 'href'],
  bookmarkStart: ['name'],
  docPart: ['val'],
  dataBinding: ['xpath'],
  smartTag: ['element'],
  permStart: ['ed'],
  cSld: ['name'],
  textpath: ['string'],
  hyperlink: ['tooltip', 'display', 'location'],
  hlinkClick: ['tooltip', 'tgtFrame'],
  hlinkHover: ['tooltip', 'tgtFrame'],
  docVar: ['name', 'val'],
  alias: ['val'],
  tag: ['name', 'val'],
  listItem: ['displayText', 'value'],
  listEntry: ['val'],
  default: ['val'],
  statusText: ['val'],
  helpText: ['val'],
  fldSimple: ['instr'],
  attr: ['val'],
  comment: ['author', 'initials'],
  cmAuthor: ['name', 'initials'],
  author: ['name'],
  tblCaption: ['val'],
  tblDescription: ['val'],
  lvlText: ['val'],
  OLEObject: ['ProgID'],
  oleObj: ['name', 'progId'],
  person: ['displayName', 'userId', 'author'],
  presenceInfo: ['userId'],
  table: ['name', 'displayName', 'comment'],
  pivotTableDefinition: ['name', 'grandTotalCaption', 'rowHeaderCaption', 'colHeaderCaption', 'dataCaption'],
  pivotField: ['name', 'subtotalCaption'],
  dataField: ['name'],
  externalBook: ['url'],
  ddeLink: ['ddeService', 'ddeTopic'],
  ddeItem: ['name'],
  custShow: ['name'],
  section: ['name'],
  control: ['name'],
  tableColumn: ['name', 'totalsRowLabel'],
  dataValidation: ['promptTitle', 'prompt', 'errorTitle', 'error'],
  sheet: ['name'],
  definedName: ['name', 'comment'],
  s: ['v'],
  scenario: ['name', 'comment', 'user'],
  dbPr: ['connection', 'command'],
  connection: ['name', 'description'],
  webPr: ['url', 'post'],
  textPr: ['sourceFile'],
  cacheField: ['name', 'caption'],
  Glyphs: ['UnicodeString'],
  Prop: ['V'],
}

/** Names that programs give by themselves: `Picture 3`, `_Toc123`, `Google Shape;54;p13`. */
const GIVEN_NAME =
  /^(?:_(?:Toc|Ref|Hlk|GoBack|MON_|DV_)\w*|OLE_LINK\d+|Google Shape;.*|[\p{L}\p{M}.-]+(?: [\p{L}\p{M}.-]+){0,4} \d{1,3}|\p{L}+\d{0,3}|(?:image|img)[\d_-]*\.\w+)?$/u

const NONE: readonly string[] = []

/** Attributes of an element that a person wrote. */
export function wordsOf(element: string, attributes: XmlAttributes): readonly string[] {
  const wanted = WORDS[element]
  if (wanted === undefined || !Object.hasOwn(WORDS, element)) return NONE
  return wanted.map((key) => typed(element, key, attribute(attributes, key) ?? '')).filter((value) => value !== '')
}

/** The values of all attributes that hold words, of an element that nobody knows. */
export function allWords(attributes: XmlAttributes): readonly string[] {
  return attributes
    .entries()
    .filter(([key, value]) => !key.startsWith('xmlns') && isWords(value))
    .map(([, value]) => value)
}

/** Empty where a program wrote it. */
function typed(element: string, key: string, value: string): string {
  if (!/[\p{L}\p{N}]/u.test(value)) return ''
  switch (element) {
    case 'lvlText':
      return /\p{L}{3}|\d{4}/u.test(value.replace(/%\d/g, '')) ? value : ''
    case 'bookmarkStart':
      // There are no spaces in the name of a bookmark.
      return GIVEN_NAME.test(value) ? '' : value.replaceAll('_', ' ')
    case 'docPr':
    case 'cNvPr':
    case 'cSld':
      return key === 'name' && GIVEN_NAME.test(value) ? '' : value
    default:
      return value
  }
}

export function isOn(attributes: XmlAttributes): boolean {
  const value = attribute(attributes, 'val')
  return value === undefined || !FLAG_OFF.test(value)
}

/** Symbol fonts keep their characters in a private area, at the same place plus F000 (ISO 29500-1, 17.3.3.30). */
export function symbolOf(attributes: XmlAttributes): string {
  const code = Number.parseInt(attribute(attributes, 'char') ?? '', 16)
  if (!(code > 0) || code > 0xffff) return ''
  return String.fromCharCode(code >= 0xf020 && code <= 0xf0ff ? code - 0xf000 : code)
}
