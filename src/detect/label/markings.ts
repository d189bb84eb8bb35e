/**
 * Visual markings: what stands on the first and last lines of a document, in its page headers and footers and in a
 * subject to say how it is classified. A marking is a whole line, or what a subject begins or ends with; a word inside a
 * sentence is none. Government markings and TLP are told by their own grammar, company markings by a list of phrases in
 * many languages. Pure; reads a few short lines of each text.
 */
import type { LabelMark } from '../../core/extraction.ts'
import { COMPANY_MARKINGS } from './company-markings.ts'

/** A marking without its place. */
export type Marking = Pick<LabelMark, 'scheme' | 'id' | 'name'>

/** Longer lines are sentences. */
const LINE_MAX_CHARS = 120

const DECORATION = '\\s>*#|=\\[\\](){}<–—•·_~:.,!"\'«»„“”-'
/** A line without what decorates its ends. */
const BARE = new RegExp(`^[${DECORATION}]*(.*[^${DECORATION}])`, 'su')
/** `Page 3 of 10`, `Seite 3/10`, `3 | 10`, before or after a marking. */
const PAGE =
  '(?:(?:page|seite|p|pág|página|pagina|strona|sida|side|стр|第)[ .]*)?\\d{1,5}(?: ?(?:of|von|de|di|van|z|av|af|из|/|\\|) ?\\d{1,5})? ?(?:頁|页)?'
const PAGE_AFTER = new RegExp(`[ |–—-]+${PAGE}$`, 'iu')
const PAGE_BEFORE = new RegExp(`^${PAGE}[ |–—-]+`, 'iu')
const FIELD =
  /^(?:(?:document|data|information|security|doc\.?) )?(?:classification|sensitivity|confidentiality|klassifizierung|vertraulichkeit(?:sstufe)?|classificatie|classificação|clasificación|classificazione|klasyfikacja|classification du document|機密区分|密级|密級)(?: level| label)? ?[:：=] ?/iu

/** FIRST TLP 2.0 (August 2022), and WHITE of version 1. */
const TLP = /^TLP ?[:：] ?(RED|AMBER ?\+ ?STRICT|AMBER|GREEN|CLEAR|WHITE)(?![A-Z+])/iu
const TLP_AT_END = /(?:^|[^A-Z])(TLP ?: ?(?:RED|AMBER ?\+ ?STRICT|AMBER|GREEN|CLEAR|WHITE))$/u

/** Upper case as their rules demand; the caveats after them may be anything of that form. */
const CAVEATS = '(?:(?:\\/\\/|[ ]?[-–—:,/][ ]?|[ ])[A-Z0-9][A-Z0-9 /,&:-]*)?'
const GOVERNMENT: readonly RegExp[] = [
  // United States: E.O. 13526 banners and 32 CFR part 2002.
  /^(?:UNCLASSIFIED|CONFIDENTIAL|SECRET|TOP SECRET)\/\/[A-Z][A-Z0-9 ,/-]*$/u,
  /^(?:UNCLASSIFIED|TOP SECRET|FOR OFFICIAL USE ONLY|FOUO)$/u,
  // A portion mark that stands alone: `(S//NF)`, without its parentheses here.
  /^(?:U|C|S|TS)\/\/[A-Z][A-Z0-9 ,/-]*$/u,
  /^(?:CUI|CONTROLLED)(?:\/\/[A-Z][A-Z0-9 ,/-]*)?$/u,
  // NATO C-M(2002)49 and the European Union's Council Decision 2013/488/EU.
  new RegExp(`^(?:NATO (?:UNCLASSIFIED|RESTRICTED|CONFIDENTIAL|SECRET)|COSMIC TOP SECRET)${CAVEATS}$`, 'u'),
  new RegExp(
    `^(?:RESTREINT UE(?: ?/ ?EU RESTRICTED)?|EU RESTRICTED|CONFIDENTIEL UE(?: ?/ ?EU CONFIDENTIAL)?|SECRET UE(?: ?/ ?EU SECRET)?|TRÈS SECRET UE(?: ?/ ?EU TOP SECRET)?)${CAVEATS}$`,
    'u',
  ),
  // United Kingdom and Australia.
  new RegExp(`^OFFICIAL ?[-–:] ?SENSITIVE${CAVEATS}$`, 'u'),
  /^OFFICIAL: ?Sensitive(?: ?\/\/ ?[A-Za-z][A-Za-z :/-]*)?$/u,
  /^(?:UNOFFICIAL|OFFICIAL|PROTECTED|SECRET)$/u,
  /^(?:SECRET|TOP SECRET)[ -]{1,3}(?:UK EYES ONLY|AUSTEO|AGAO|REL(?:EASABLE)? TO [A-Z, ]+)$/u,
  // Canada, Germany, France.
  /^(?:PROTECTED|PROTÉGÉ) [ABC]$/u,
  /^VS ?[-–—] ?(?:NUR FÜR DEN DIENSTGEBRAUCH|NFD|NfD|Nur für den Dienstgebrauch|VERTRAULICH|Vertraulich)$/u,
  /^(?:STRENG GEHEIM|GEHEIM)(?: ?[-–—] ?AMTLICH GEHEIMGEHALTEN)?$/u,
  /^(?:DIFFUSION RESTREINTE|CONFIDENTIEL DÉFENSE|SECRET DÉFENSE|TRÈS SECRET(?: DÉFENSE)?)(?: ?[-–—] ?SPÉCIAL FRANCE)?$/u,
]
/** The Australian Email Protective Marking Standard, in a line or a subject. */
const AUSTRALIAN = /\[SEC=([A-Za-z][A-Za-z :-]{1,40})(?:,[^\]]{0,100})?\]$/u

// Nearly every line is none, so what is costly waits for a sign that is cheap to see.
const FIELD_SIGN = /[:：=]/u
const DIGIT = /[0-9]/u
const TLP_SIGN = /TLP/iu
/** So begins none of the government's: with a capital of a sentence or a name, or without one. */
const GOVERNMENT_SIGN = /^\p{Lu}(?!\p{Ll})/u

/** The marking that a whole line is, or null. */
export function markingOfLine(line: string): Marking | null {
  if (line.length > LINE_MAX_CHARS) return null
  const written = line.normalize('NFKC').replace(/\s+/gu, ' ').trim()
  const australian = AUSTRALIAN.exec(written)
  if (australian) return australianMarking(written.slice(australian.index), australian[1] ?? '')
  const bare = undecorated(written)
  if (bare === '') return null
  const field = FIELD_SIGN.test(bare) ? FIELD.exec(bare) : null
  const value = field ? bare.slice(field[0].length) : bare
  const unnumbered = DIGIT.test(value) ? value.replace(PAGE_AFTER, '').replace(PAGE_BEFORE, '') : value
  const text = unnumbered === bare ? bare : undecorated(unnumbered)
  return tlpMarking(text) ?? governmentMarking(text) ?? companyMarking(text, field !== null)
}

function undecorated(text: string): string {
  return BARE.exec(text)?.[1] ?? ''
}

/** The marking that a subject begins or ends with, apart from the rest by brackets, a colon or a dash; or is. */
export function markingOfSubject(subject: string): Marking | null {
  const written = subject
    .normalize('NFKC')
    .replace(/^(?:(?:re|fwd?|aw|wg|tr|rv|sv|vs)(?:\[\d+\])?: ?)+/iu, '')
    .trim()
  const whole = markingOfLine(written)
  if (whole) return whole
  for (const cut of [
    /^\[([^\]]{2,60})\]/u,
    /^\(([^)]{2,60})\)/u,
    /\[([^\]]{2,60})\]$/u,
    /\(([^)]{2,60})\)$/u,
    /^([^:–—|]{2,60}?) ?[:|–—]/u,
    /^(.{2,60}?) - /u,
    /[|–—] ?([^:–—|]{2,60})$/u,
  ]) {
    const piece = cut.exec(written)?.[1]
    const marking = piece === undefined ? null : markingOfLine(piece)
    if (marking) return marking
  }
  return tlpMarking(written)
}

function tlpMarking(text: string): Marking | null {
  if (!TLP_SIGN.test(text)) return null
  const found = TLP.exec(text)?.[0] ?? TLP_AT_END.exec(text)?.[1]
  if (found === undefined) return null
  const level = found.toUpperCase().replace(/[ ：]/gu, (sign) => (sign === ' ' ? '' : ':'))
  return { scheme: 'tlp', id: level, name: level }
}

function governmentMarking(text: string): Marking | null {
  if (!GOVERNMENT_SIGN.test(text) || !GOVERNMENT.some((pattern) => pattern.test(text))) return null
  return { scheme: 'protective-marking', id: text, name: text }
}

function australianMarking(whole: string, security: string): Marking {
  return { scheme: 'protective-marking', id: whole, name: security.trim().replace(/\s*:\s*/gu, ':') }
}

/** `Acme Confidential`, `Acme Corp. Confidential and Proprietary`: up to three names in front of the phrase. */
const OWN_NAME = /^(?:\p{Lu}[\p{L}\p{N}&.,'’-]*[ ]){1,3}(?=\p{Lu})/u

function companyMarking(text: string, inField: boolean): Marking | null {
  const id =
    companyId(text, inField) ?? (inField || !OWN_NAME.test(text) ? null : companyId(text.replace(OWN_NAME, ''), false))
  return id === null ? null : { scheme: 'marking', id, name: text }
}

const PHRASES = byPhrase('phrases')
/** Words that are used for other things too count in capitals alone, or in a field that says what they are. */
const CAPITALS = byPhrase('capitals')

function byPhrase(kind: 'phrases' | 'capitals'): ReadonlyMap<string, string> {
  return new Map(COMPANY_MARKINGS.flatMap((marking) => [...marking[kind]].map((phrase) => [phrase, marking.id])))
}

const PHRASE_MAX_CHARS = Math.max(...[...PHRASES.keys(), ...CAPITALS.keys()].map((phrase) => phrase.length))

function companyId(text: string, inField: boolean): string | null {
  if (text.length > PHRASE_MAX_CHARS) return null
  // The Turkish capital keeps its dot in lower case, as a combining one.
  const key = text.replace(/İ/gu, 'i').toLowerCase()
  const id = PHRASES.get(key)
  if (id !== undefined) return id
  return (inField || text === text.toUpperCase() ? CAPITALS.get(key) : undefined) ?? null
}
