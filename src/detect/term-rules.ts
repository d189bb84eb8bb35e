/**
 * Ad-hoc terms (`--term NAME=TEXT`) as detection rules: found whatever their case, spacing and punctuation, and turned
 * by thirteen or backwards. Pure.
 */
import type { DetectionRule } from '../core/detection-rule.ts'
import { rot13 } from './views/rot13-view.ts'
import type { ViewName } from './views/view-names.ts'

export interface Term {
  readonly text: string
  readonly rule: DetectionRule
  readonly viaOfPattern: Readonly<Record<string, readonly ViewName[]>>
}

/** What may stand between two characters of a term: up to three marks, spaces or invisible characters. */
const BETWEEN =
  '[\\x00-/:-@\\[-`{-~\\x{A0}-\\x{BF}\\x{300}-\\x{36F}\\x{2000}-\\x{206F}\\x{3000}-\\x{303F}\\x{FE00}-\\x{FE0F}\\x{FEFF}]{0,3}'
/** Shorter, a term stands in every text. */
const LETTERS_MIN = 3

/** Terms with fewer than three letters or digits are found only as they are written. */
export function termRule(name: string, text: string): Term {
  const letters = [...text.normalize('NFC')].filter((character) => /[\p{L}\p{N}]/u.test(character))
  const forms: [string, string, readonly ViewName[]][] = [['plain', regexOf(letters, text), []]]
  if (letters.length > LETTERS_MIN) {
    const turned = [...rot13(letters.join(''))]
    if (turned.join('') !== letters.join('')) forms.push(['rot13', regexOf(turned, text), ['rot13']])
    forms.push(['reversed', regexOf([...letters].reverse(), text), ['reversed']])
  }
  return {
    text,
    viaOfPattern: Object.fromEntries(forms.map(([id, , via]) => [id, via])),
    rule: {
      id: name,
      name,
      family: 'intellectual_property',
      description: 'a term given on the command line',
      references: [],
      regulations: [],
      patterns: forms.map(([id, regex]) => ({
        id,
        regex,
        boundary: 'none',
        validators: [],
        confidence: 'high',
        requires: [],
        raise: {},
      })),
      evidence: {},
      antiEvidence: {},
      examples: [],
      negativeExamples: [],
      knownMisses: [],
    },
  }
}

function regexOf(letters: readonly string[], text: string): string {
  if (letters.length < LETTERS_MIN) return `(?i)${escaped(text)}`
  return `(?i)${letters.map(escaped).join(BETWEEN)}`
}

function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}
