import type { ChildPart } from './format.ts'

/** What kind of text a text is. Marks in the text come first, then what the sender says, then the file name. */
const HEAD_CHARS = 4096

const byExtension: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  htm: 'text/html',
  html: 'text/html',
  xhtml: 'application/xhtml+xml',
  xml: 'application/xml',
  xsd: 'application/xml',
  xsl: 'application/xml',
  json: 'application/json',
  jsonl: 'application/jsonl',
  ndjson: 'application/jsonl',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  md: 'text/markdown',
  markdown: 'text/markdown',
  eml: 'message/rfc822',
  ics: 'text/calendar',
  vcf: 'text/vcard',
  mht: 'message/rfc822',
  mhtml: 'message/rfc822',
  mbox: 'application/mbox',
  svg: 'image/svg+xml',
  tex: 'application/x-tex',
  fodt: 'application/vnd.oasis.opendocument.text-flat-xml',
  fods: 'application/vnd.oasis.opendocument.spreadsheet-flat-xml',
  fodp: 'application/vnd.oasis.opendocument.presentation-flat-xml',
  fodg: 'application/vnd.oasis.opendocument.graphics-flat-xml',
}
/** Kinds of text that are told by what they are called only. */
const called = new Set([
  ...Object.values(byExtension),
  'text/markdown',
  'text/x-vcard',
  'application/x-www-form-urlencoded',
  'text/enriched',
  'text/richtext',
  'text/directory',
  'text/x-vcalendar',
  'text/xml',
])

export function sniffText(text: string, part: ChildPart): string {
  const head = text.slice(0, HEAD_CHARS).replace(/^\ufeff/, '')
  const start = head.trimStart()
  const marked = byMark(start, head)
  if (marked) return marked
  const declared = part.declaredType ?? null
  if (declared !== null && called.has(declared) && isPossible(declared, start)) return declared
  const extension = /\.([a-z0-9]{1,8})$/i.exec(part.filename ?? '')?.[1]?.toLowerCase() ?? ''
  const named = byExtension[extension]
  if (named && isPossible(named, start)) return named
  return byLook(start, text) ?? 'text/plain'
}

/** Marks that mean one thing. */
function byMark(start: string, head: string): string | null {
  if (start.startsWith('{\\rt')) return 'text/rtf'
  if (start.startsWith('<')) return byRootElement(start.slice(0, 1024).toLowerCase())
  if (/^begin:vcard\b/i.test(start)) return 'text/vcard'
  if (/^begin:vcalendar\b/i.test(start)) return 'text/calendar'
  if (/^From \S+.*\d{4}.*\r?\n[!-9;-~]+:/.test(head)) return 'application/mbox'
  if (/^-----BEGIN (?:PKCS7|CMS)-----/.test(start)) return 'application/x-pem-pkcs7'
  if (/^--[^\r\n]{1,200}\r?\ncontent-(?:disposition|type)[ \t]*:/i.test(start)) return 'multipart/form-data'
  // Blank lines in front hide a header from some readers and not from others.
  if (isMessage(head) || isMessage(start)) return 'message/rfc822'
  return null
}

function byRootElement(lower: string): string | null {
  const body = lower.replace(/^(?:\s*(?:<\?[^>]*\?>|<!--[\s\S]*?-->))+/, '').trimStart()
  if (/^<!doctype\s+html|^<html[\s>]/.test(body)) return 'text/html'
  if (/^<(?:svg:)?svg[\s>]|^<!doctype\s+svg/.test(body)) return 'image/svg+xml'
  if (/^<(?:[\w.-]+:)?package\b[^>]*schemas\.microsoft\.com\/office\/2006\/xmlpackage/.test(body))
    return 'application/vnd.openxmlformats-package-flat-xml'
  if (/^<(?:[\w.-]+:)?worddocument\b/.test(body)) return 'application/vnd.ms-word-flat-xml'
  if (/^<(?:[\w.-]+:)?workbook\b/.test(body) && lower.includes('urn:schemas-microsoft-com:office:spreadsheet'))
    return 'application/vnd.ms-excel-flat-xml'
  if (!/^<office:document/.test(body)) return null
  const kind = /opendocument\.(text|spreadsheet|presentation|graphics)/.exec(lower)?.[1] ?? 'text'
  return `application/vnd.oasis.opendocument.${kind}-flat-xml`
}

/** What it looks like, when nobody says what it is. */
function byLook(start: string, text: string): string | null {
  const lower = start.slice(0, 1024).toLowerCase()
  if (lower.startsWith('<?xml') || /^<!doctype\s/.test(lower)) return 'application/xml'
  if (/^<(?:!--|[a-z][a-z0-9]{0,10}[\s/>])/.test(lower) && HTML_ELEMENT.test(lower)) return 'text/html'
  if (/^<[a-z_][\w.-]*(?::[\w.-]+)?(?:\s+[\w:.-]+\s*=\s*["']|\s*\/?>)/.test(lower)) return 'application/xml'
  if (/^[[{]/.test(start) && looksJson(text)) return 'application/json'
  return null
}

const HTML_ELEMENT =
  /<(?:head|body|title|meta|table|div|p|span|br|center|font|a|img|script|style|h[1-6]|ul|ol|li|b|i|em|strong|input|form|iframe|bdo|textarea|template|noscript|blockquote|pre|td|tr|link|object|embed|label|select)\b/

/** A message, or a part of one, starts with header fields, of which two at least are of the kind that mail has. */
function isMessage(head: string): boolean {
  const block = /^(?:[!-9;-~]+[ \t]*:.*(?:\r?\n[ \t].*)*(?:\r?\n|$)){2,}/.exec(head)?.[0]
  if (!block) return false
  const telling = block.match(
    /^(?:received|from|to|subject|date|message-id|mime-version|content-type|content-transfer-encoding|return-path|delivered-to)[ \t]*:/gim,
  )
  return new Set(telling?.map((name) => name.toLowerCase())).size >= 2
}

function isPossible(type: string, start: string): boolean {
  if (type === 'application/json') return /^[[{"\d-]|^(?:true|false|null)/.test(start)
  if (type === 'application/xml' || type.endsWith('+xml') || type.endsWith('-xml')) return start.startsWith('<')
  if (type === 'message/rfc822') return /^[!-9;-~]+[ \t]*:/.test(start)
  if (type === 'application/mbox') return start.startsWith('From ')
  return true
}

/** Whether a text that opens like JSON closes like it; the format itself reads the rest. */
function looksJson(text: string): boolean {
  const end = text.trimEnd().at(-1)
  return (
    (text.trimStart()[0] === '{' ? end === '}' : end === ']') &&
    /^[[{]\s*(?:["[{\]}\d-]|true|false|null)/.test(text.trimStart().slice(0, 256))
  )
}
