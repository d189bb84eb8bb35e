import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CompiledRuleSet, compileRules } from '../../../src/detect/compile-rules.ts'
import { detectText } from '../../../src/detect/detect-text.ts'

const root = join(import.meta.dirname, '../../../rules')

/** The shipped rules of one folder, compiled; throws with what is wrong with them. */
export function rulesOf(folder: string): CompiledRuleSet {
  const files = readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(join(root, folder, file), 'utf8') }))
  const { rules, diagnostics } = compileRules(files)
  if (!rules) throw new Error(JSON.stringify(diagnostics, null, 1))
  return rules
}

/** `detector confidence`, one a finding, sorted; those at `low` are left out unless asked for. */
export function found(rules: CompiledRuleSet, text: string, minConfidence: 'low' | 'medium' = 'medium'): string[] {
  const { matches } = detectText(
    rules,
    { part: 0, utf8: Buffer.from(text) },
    { findingKey: new Uint8Array(32), minConfidence },
  )
  return [...new Set(matches.map((match) => `${match.detector} ${match.confidence}`))].sort()
}

/** Characters that look drawn at random but are the same in every run. */
export function random(alphabet: string, length: number, seed: number): string {
  let state = seed
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return alphabet[(state >>> 16) % alphabet.length]
  }).join('')
}

export const HEX = '0123456789abcdef'
export const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
export const BASE64 = `${ALPHANUMERIC}+/`
