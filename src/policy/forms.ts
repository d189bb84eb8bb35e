/**
 * One definition of the policy language, two schemas of it. The `strict` form has lists and maps only: `expand` turns
 * what a person wrote short (`channel: mail`, `recipient: external`) into it first, so that complaints name one key and
 * never the branches of a union. The `editor` form allows both spellings and becomes the JSON Schema.
 */
import { z } from 'zod'

export interface Forms {
  /** A list, which may be written as its only item. */
  many<T extends z.ZodType>(item: T): z.ZodArray<T>
  /** A map that may be written short as `scalar`; `expand` gives the map for it. */
  short<T extends z.ZodType>(scalar: z.ZodType, expand: (written: unknown) => unknown, full: T): T
  /** A definition of its own in the JSON Schema. */
  named<T extends z.ZodType>(id: string, schema: T): T
}

const expanders = new WeakMap<object, (written: unknown) => unknown>()

export const strictForms: Forms = {
  many: (item) => {
    const schema = z.array(item).min(1, 'write at least one entry')
    expanders.set(schema, (written) => (Array.isArray(written) ? written : [written]))
    return schema
  },
  short: (_scalar, expand, full) => {
    expanders.set(full, (written) => (isPlainObject(written) || written === null ? written : expand(written)))
    return full
  },
  named: (_id, schema) => schema,
}

export const editorForms: Forms = {
  // The types of both forms are those of the strict one: only the JSON Schema is made from these.
  many: <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]) as unknown as z.ZodArray<T>,
  short: <T extends z.ZodType>(scalar: z.ZodType, _expand: unknown, full: T) => z.union([scalar, full]) as unknown as T,
  named: (id, schema) => schema.meta({ id }),
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Definition {
  readonly type: string
  readonly innerType?: z.ZodType
  readonly getter?: () => z.ZodType
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly element?: z.ZodType
  readonly valueType?: z.ZodType
}

/** Writes out every short form in `value` as the strict `schema` wants it. Leaves what it doesn't know as it is. */
export function expand(schema: z.ZodType, value: unknown): unknown {
  if (value === undefined) return undefined
  const definition = schema._zod.def as unknown as Definition
  if (definition.getter) return expand(definition.getter(), value)
  if (definition.innerType) return expand(definition.innerType, value)
  const full = expanders.get(schema)?.(value) ?? value
  const { shape, element, valueType } = definition
  if (shape && isPlainObject(full)) {
    return Object.fromEntries(
      Object.entries(full).map(([key, inner]) => {
        const child = Object.hasOwn(shape, key) ? shape[key] : undefined
        return [key, child ? expand(child, inner) : inner]
      }),
    )
  }
  if (element && Array.isArray(full)) return full.map((inner) => expand(element, inner))
  if (valueType && isPlainObject(full))
    return Object.fromEntries(Object.entries(full).map(([key, inner]) => [key, expand(valueType, inner)]))
  return full
}
