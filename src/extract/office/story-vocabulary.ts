import { attribute, type XmlAttributes } from '../readers/xml-attributes.ts'

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
export const WORDS: Readonly<Record<string, readonly string[]>> = {
  docPr: ['descr', 'title'],
  cNvPr: ['descr', 'title'],
  shape: ['alt', 'title', 'href'],
  imagedata: ['title', 'href'],
  textpath: ['string'],
  hyperlink: ['tooltip', 'display', 'location'],
  hlinkClick: ['tooltip'],
  hlinkHover: ['tooltip'],
  docVar: ['name', 'val'],
  alias: ['val'],
  tag: ['val'],
  listItem: ['displayText', 'value'],
  listEntry: ['val'],
  default: ['val'],
  statusText: ['val'],
  helpText: ['val'],
  fldSimple: ['instr'],
  attr: ['val'],
  comment: ['author'],
  cmAuthor: ['name'],
  author: ['name'],
  tblCaption: ['val'],
  tblDescription: ['val'],
  lvlText: ['val'],
  OLEObject: ['ProgID'],
  oleObj: ['name', 'progId'],
  person: ['displayName', 'userId'],
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
  docPartBody: [],
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
