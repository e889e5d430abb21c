/** What a schema knows at a place: for "did you mean" and for telling a missing key from a wrong one. */
import type * as z from 'zod'
import type { DocumentPath, Json } from './located.ts'

/** True for a mapping; false for a list, a scalar and null. */
export function isMapping(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at a path; undefined where there is none. Never looks at prototypes. */
export function valueAt(root: Json, path: DocumentPath): Json | undefined {
  let value: Json | undefined = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as { readonly [key: string | number]: Json })[step]
  }
  return value
}

/** The keys that a mapping at the path may have, sorted. Of a choice between shapes, those of the shape that `value` picked. */
export function keysAt(schema: z.core.$ZodType, root: Json, path: DocumentPath): readonly string[] {
  let schemas = [schema]
  path.forEach((step, index) => {
    const here = valueAt(root, path.slice(0, index))
    schemas = schemas.flatMap((each) => chosen(each, here)).flatMap((each) => child(each, step))
  })
  const value = valueAt(root, path)
  const keys = schemas.flatMap((each) => chosen(each, value)).flatMap((each) => (each._zod.def.type === 'object' ? Object.keys(shapeOf(each)) : []))
  return [...new Set(keys)].sort()
}

const shapeOf = (schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> => (schema as z.core.$ZodObject)._zod.def.shape

/** Without optionality and unions; of a discriminated union, the option that the value names, or all. */
function chosen(schema: z.core.$ZodType, value: Json | undefined): z.core.$ZodType[] {
  const { def } = schema._zod
  if (def.type === 'optional') return chosen((schema as z.core.$ZodOptional)._zod.def.innerType, value)
  if (def.type !== 'union') return [schema]
  const options = (schema as z.core.$ZodUnion)._zod.def.options.flatMap((option) => chosen(option, value))
  const { discriminator } = def as { readonly discriminator?: string }
  if (discriminator === undefined || !isMapping(value)) return options
  const named = options.filter((option) => {
    const literal = shapeOf(option)[discriminator]
    return literal !== undefined && (literal as z.core.$ZodLiteral)._zod.def.values.includes(value[discriminator] as string)
  })
  return named.length > 0 ? named : options
}

function child(schema: z.core.$ZodType, step: string | number): z.core.$ZodType[] {
  const { type } = schema._zod.def
  if (type === 'array') return [(schema as z.core.$ZodArray)._zod.def.element]
  if (type === 'record') return [(schema as z.core.$ZodRecord)._zod.def.valueType]
  const shape = type === 'object' ? shapeOf(schema) : {}
  return Object.hasOwn(shape, step) ? [shape[step] as z.core.$ZodType] : []
}
