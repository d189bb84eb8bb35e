/** Sizes, durations and addresses as people write them, parsed once. */
import { isIP } from 'node:net'
import { z } from 'zod'

const sizeUnits: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1024,
  KIB: 1024,
  MB: 1024 ** 2,
  MIB: 1024 ** 2,
  GB: 1024 ** 3,
  GIB: 1024 ** 3,
}
const durationUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `50MB`, `64 KiB` or plain bytes -> bytes (binary multiples). */
export function parseSize(text: string | number): number | null {
  if (typeof text === 'number') return Number.isSafeInteger(text) && text >= 0 ? text : null
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?i?b?)\s*$/i.exec(text)
  const unit = sizeUnits[(match?.[2] ?? '').toUpperCase().replace(/^([KMG])$/, '$1B')]
  return match && unit ? Math.round(Number(match[1]) * unit) : null
}

/** `30s`, `5m`, `12h`, `30d`, `250ms` -> milliseconds. A bare number is refused: its unit would be a guess. */
export function parseDuration(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text)
  const unit = durationUnits[match?.[2] ?? '']
  return match && unit ? Math.round(Number(match[1]) * unit) : null
}

export function formatSize(bytes: number): string {
  for (const [name, unit] of [
    ['GB', 1024 ** 3],
    ['MB', 1024 ** 2],
    ['KB', 1024],
  ] as const) {
    if (bytes >= unit && bytes % unit === 0) return `${bytes / unit}${name}`
  }
  return String(bytes)
}

export function formatDuration(ms: number): string {
  for (const [name, unit] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms >= unit && ms % unit === 0) return `${ms / unit}${name}`
  }
  return `${ms}ms`
}

/** Bytes, written as a number or with a unit. */
export function size(fallbackBytes: number) {
  return z
    .union([z.number(), z.string()])
    .meta({ title: 'size' })
    .default(formatSize(fallbackBytes))
    .transform((text, context) => {
      const bytes = parseSize(text)
      if (bytes === null) context.addIssue({ code: 'custom', message: 'write a size such as `64KB` or `50MB`' })
      return bytes ?? z.NEVER
    })
}

/** Milliseconds, written with a unit. */
export function duration(fallbackMs: number) {
  return z
    .string()
    .meta({ title: 'time' })
    .default(formatDuration(fallbackMs))
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms === null) context.addIssue({ code: 'custom', message: 'write a time such as `30s`, `5m`, `12h` or `30d`' })
      return ms ?? z.NEVER
    })
}

/** As `duration`, or `forever` (null). */
export function durationOrForever(fallbackMs: number) {
  return z
    .string()
    .meta({ title: 'time or `forever`' })
    .default(formatDuration(fallbackMs))
    .transform((text, context) => {
      if (text === 'forever') return null
      const ms = parseDuration(text)
      if (ms === null) context.addIssue({ code: 'custom', message: 'write a time such as `365d`, or `forever`' })
      return ms ?? z.NEVER
    })
}

export const cidr = z.string().refine(isNetwork, 'write a network such as `10.0.0.0/8`, `2001:db8::/32` or one address')

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

const DOMAIN = /^(\*\.)?[\p{L}\p{N}]([\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])?$/u
const ADDRESS = /^[^\s<>@,;:]+@(\[[0-9a-f.:]+\]|[\p{L}\p{N}]([\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])?)$/iu

export const domain = z.string().regex(DOMAIN, 'write a domain such as `example.com` or `*.example.com`')

export const address = z.string().regex(ADDRESS, 'write an address such as `security@example.com`')

/** A member of a list of partners or a group. */
export const addressOrDomain = z
  .string()
  .refine(
    (text) => ADDRESS.test(text) || DOMAIN.test(text.replace(/^@/, '')),
    'write a domain such as `example.com` or an address such as `jo@example.com`',
  )
