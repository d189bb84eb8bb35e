/** Finds its way through zod schemas, as far as they can be followed. For words about them only, never for checking. */
import type { z } from 'zod'

/** Every schema that may apply at `path`: one for each branch of the unions on the way. */
export function schemasAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType[] {
  return path.reduce<unknown[]>((all, step) => all.flatMap((s) => childSchemas(s, step)), [schema]) as z.ZodType[]
}

/** Keys of the object schema at `path`, as far as it can be followed; for suggestions only. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  return [
    ...new Set(
      schemasAt(schema, path)
        .flatMap((s) => objectShapes(s))
        .flatMap((shape) => Object.keys(shape)),
    ),
  ].sort()
}

interface SchemaDef {
  type?: string
  innerType?: unknown
  in?: unknown
  options?: unknown[]
  shape?: Record<string, unknown>
  element?: unknown
  valueType?: unknown
  getter?: () => unknown
}

function definition(schema: unknown): SchemaDef {
  return ((schema as { _zod?: { def?: SchemaDef } } | undefined)?._zod?.def ?? {}) as SchemaDef
}

function unwrap(schema: unknown): unknown[] {
  const def = definition(schema)
  if (def.type === 'lazy' && def.getter) return unwrap(def.getter())
  if (def.type === 'union' && def.options) return def.options.flatMap(unwrap)
  if (def.type === 'pipe' && def.in) return unwrap(def.in)
  if (def.innerType) return unwrap(def.innerType)
  return [schema]
}

function objectShapes(schema: unknown): Record<string, unknown>[] {
  return unwrap(schema).flatMap((s) => {
    const shape = definition(s).shape
    return shape ? [shape] : []
  })
}

function childSchemas(schema: unknown, step: PropertyKey): unknown[] {
  return unwrap(schema).flatMap((s) => {
    const def = definition(s)
    if (def.shape) return def.shape[String(step)] ? [def.shape[String(step)]] : []
    if (def.type === 'array' && def.element) return [def.element]
    if (def.type === 'record' && def.valueType) return [def.valueType]
    return []
  })
}
