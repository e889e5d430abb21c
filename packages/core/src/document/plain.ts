/** Decoded documents to and from plain JSON. */
import * as z from 'zod'
import type { Json } from './located.ts'
import { documentSchemas } from './schema.ts'
import type { ExeatDocument } from './schema.ts'

/** As a person would write it, in JSON: instants canonical (`2026-11-24T10:00:00.000Z`), durations in their largest whole unit. */
export function encodeDocument(document: ExeatDocument): Json {
  return z.encode(documentSchemas[document.kind], document as never) as Json
}

/**
 * The decoded form itself, for caches: instants and durations are integers and all else is plain, so `JSON.stringify` and
 * `JSON.parse` keep it whole.
 */
export const toPlain = (document: ExeatDocument): Json => document as unknown as Json

/**
 * Takes back what `toPlain` gave, without decoding it again. Only for data that the caller knows it wrote itself: beyond kind and
 * apiVersion nothing is checked. Undefined where those are not of this release.
 */
export function fromPlain(plain: Json): ExeatDocument | undefined {
  if (plain === null || typeof plain !== 'object' || Array.isArray(plain)) return undefined
  const { apiVersion, kind } = plain as { readonly [key: string]: Json }
  const known = apiVersion === 'exeat.dev/v1' && typeof kind === 'string' && Object.hasOwn(documentSchemas, kind)
  return known ? (plain as unknown as ExeatDocument) : undefined
}
