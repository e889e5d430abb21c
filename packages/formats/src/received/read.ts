/** Reading what somebody else wrote: by path, total, and never more of a text than a line. */
import { type Instant, parseInstant } from '@exeat/core'
import type { Json } from '../findings/types.ts'

/** The value behind names; undefined where there is none. */
export function at(value: Json | undefined, ...names: readonly string[]): Json | undefined {
  let found = value
  for (const name of names) {
    if (typeof found !== 'object' || found === null || Array.isArray(found) || !Object.hasOwn(found, name)) return undefined
    found = (found as { readonly [key: string]: Json })[name]
  }
  return found
}

export const listAt = (value: Json | undefined, ...names: readonly string[]): readonly Json[] => {
  const found = at(value, ...names)
  return Array.isArray(found) ? found : []
}

/** A word of the source's own list. */
export const wordAt = (value: Json | undefined, ...names: readonly string[]): string | undefined => {
  const found = at(value, ...names)
  return typeof found === 'string' ? found : undefined
}

const longest = 512
const unfit = /[\p{C}\p{Zl}\p{Zp}]/gu

/** For people: cut, on one line. */
export function shownAt(value: Json | undefined, ...names: readonly string[]): string | undefined {
  const text = wordAt(value, ...names)
  if (text === undefined) return undefined
  const line = (text.length > longest ? `${text.slice(0, longest - 2)}…` : text).replace(unfit, '?').trim()
  return line === '' ? undefined : line
}

/** For machines: as it stands, or not at all. */
export function exactAt(value: Json | undefined, ...names: readonly string[]): string | undefined {
  const text = wordAt(value, ...names)
  return text !== undefined && shownAt(text) === text ? text : undefined
}

/** `tool/rule`; undefined where either is, and where it is longer than any name that is compared. */
export function controlNamed(tool: string | undefined, rule: string | undefined): string | undefined {
  const control = tool === undefined || rule === undefined ? undefined : `${tool}/${rule}`
  return control === undefined || control.length > longest ? undefined : control
}

/** A whole number as text, as ids are compared. */
export function idAt(value: Json | undefined, ...names: readonly string[]): string | undefined {
  const found = at(value, ...names)
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? String(found) : undefined
}

/** More digits of a second than milliseconds are left off, as Kubernetes writes microseconds. */
export function instantAt(value: Json | undefined, ...names: readonly string[]): Instant | undefined {
  const text = wordAt(value, ...names)
  return text === undefined ? undefined : parseInstant(text.replace(/(\.\d{3})\d+/, '$1'))
}

/** Nothing that one part holds reads as another. */
export const thingOf = (...parts: readonly string[]): string => JSON.stringify(parts)

/** Without members that are undefined. */
export function known<T extends object>(members: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
}
