/** Bounds of the policy language: `5` and `{ at_least: 5, at_most: 9 }` for counts, shares and sizes. */
import { z } from 'zod'
import type { Path } from '../yaml/parse-yaml.ts'
import type { CompileScope } from './compile-scope.ts'
import type { Forms } from './forms.ts'

export interface Range {
  readonly min: number
  readonly max: number
}

interface WrittenRange<T> {
  readonly at_least?: T | undefined
  readonly at_most?: T | undefined
}

const bare = (written: unknown) => ({ at_least: written })

export function countSchema(forms: Forms) {
  const count = z.int().min(1, 'counts start at 1; use `none` to ask for absence')
  return forms.short(count, bare, z.strictObject({ at_least: count.optional(), at_most: count.optional() }))
}

export function shareSchema(forms: Forms) {
  const share = z.number().min(0).max(1)
  return forms.short(share, bare, z.strictObject({ at_least: share.optional(), at_most: share.optional() }))
}

const SIZE = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB|KiB|MiB|GiB)?$/
const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

const sizeText = () => z.string().regex(SIZE, 'write a size such as `10 MB`, `512 KiB` or a number of bytes')

/** Bare numbers are bytes; `10 MB` is decimal, `10 MiB` binary. */
export function byteSizeSchema(forms: Forms) {
  return forms.short(z.int().min(0), String, sizeText())
}

export function sizeSchema(forms: Forms) {
  const size = byteSizeSchema(forms)
  return forms.short(
    z.union([z.int().min(0), sizeText()]),
    bare,
    z.strictObject({ at_least: size.optional(), at_most: size.optional() }),
  )
}

export function bytesOf(size: string): number {
  const match = SIZE.exec(size)
  return match ? Math.round(Number(match[1]) * (UNITS[match[2] ?? 'B'] ?? 1)) : Number.NaN
}

/** Checks that the range isn't empty; without a lower bound it starts at `floor`. */
export function rangeOf(
  written: WrittenRange<number> | undefined,
  floor: number,
  path: Path,
  scope: CompileScope,
): Range | undefined {
  if (!written) return undefined
  const range = { min: written.at_least ?? floor, max: written.at_most ?? Number.POSITIVE_INFINITY }
  if (range.min > range.max)
    scope.problem(
      path,
      'empty-range',
      `Nothing is at least ${range.min} and at most ${range.max}; swap the two or leave one out.`,
    )
  return range
}

export function sizeRangeOf(
  written: WrittenRange<string> | undefined,
  path: Path,
  scope: CompileScope,
): Range | undefined {
  if (!written) return undefined
  return rangeOf(
    {
      at_least: written.at_least === undefined ? undefined : bytesOf(written.at_least),
      at_most: written.at_most === undefined ? undefined : bytesOf(written.at_most),
    },
    0,
    path,
    scope,
  )
}

export function within(range: Range, value: number): boolean {
  return value >= range.min && value <= range.max
}

export function rangeText(range: Range, unit = ''): string {
  const suffix = unit && ` ${unit}`
  if (range.max === Number.POSITIVE_INFINITY) return `at least ${range.min}${suffix}`
  return range.min === range.max ? `exactly ${range.min}${suffix}` : `${range.min} to ${range.max}${suffix}`
}
