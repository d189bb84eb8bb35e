import type { JsonValue } from '../core/audit.ts'

/**
 * One text for one value: object keys sorted by code unit, no white space, undefined members left out. What a MAC is
 * computed over must not depend on who wrote the object down (RFC 8785 in spirit; numbers are as JSON.stringify).
 */
export function canonicalJson(value: JsonValue | undefined): string {
  if (value === undefined || value === null || typeof value !== 'object') return JSON.stringify(value ?? null)
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`)
  return `{${members.join(',')}}`
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
