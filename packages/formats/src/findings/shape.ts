/** Asks a report for what a reader needs. An answer of the wrong type is a `ShapeFault` that names its place (RFC 6901). */
import { shown } from '../json/fault.ts'
import type { Json } from './types.ts'

/** A value and the way to it. Pointers are spelled out only when something is wrong. */
export interface Node {
  readonly value: Json
  readonly parent?: Node
  readonly key?: string | number
}

/** Thrown inside readers alone; `reader` turns it into a `Problem`. */
export class ShapeFault extends Error {
  override readonly name = 'ShapeFault'
}

type JsonObject = { readonly [key: string]: Json }

export const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)

/** The member that the object itself has: `__proto__` and the like are keys as any other. */
export const ownValue = (value: Json | undefined, key: string): Json | undefined =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined

/** True for an object that has all of the keys itself. */
export const hasKeys = (value: Json | undefined, ...keys: string[]): boolean => isObject(value) && keys.every((key) => Object.hasOwn(value, key))

export function fault(node: Node, expected: string): never {
  throw new ShapeFault(`\`${pointerOf(node)}\` is ${nameOf(node.value)}, expected ${expected}`)
}

export function missing(node: Node, key: string, expected: string): never {
  throw new ShapeFault(`\`${pointerOf({ value: null, parent: node, key })}\` is missing, expected ${expected}`)
}

/** Says in a sentence what is wrong with the node. */
export function refuse(node: Node, sentence: string): never {
  throw new ShapeFault(`\`${pointerOf(node)}\` ${sentence}`)
}

export function pointerOf(node: Node): string {
  const keys: string[] = []
  for (let at: Node | undefined = node; at?.key !== undefined; at = at.parent) keys.unshift(shown(String(at.key).replaceAll('~', '~0').replaceAll('/', '~1')))
  return keys.length === 0 ? '/' : `/${keys.join('/')}`
}

function nameOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `the text \`${shown(value)}\``
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`
}

/** A member as it is, undefined where there is none. The node must be an object. */
function memberOf(node: Node, key: string): Node | undefined {
  if (!isObject(node.value)) fault(node, 'an object')
  const value = ownValue(node.value, key)
  return value === undefined ? undefined : { value, parent: node, key }
}

/** A member; undefined where it is absent or null. */
export function member(node: Node, key: string): Node | undefined {
  const found = memberOf(node, key)
  return found?.value === null ? undefined : found
}

/** An object that must be there. */
export function object(node: Node, key: string): Node {
  const found = memberOf(node, key) ?? missing(node, key, 'an object')
  return isObject(found.value) ? found : fault(found, 'an object')
}

export function objectIf(node: Node, key: string): Node | undefined {
  const found = member(node, key)
  return found === undefined || isObject(found.value) ? found : fault(found, 'an object')
}

/** The elements of a list that must be there. */
export const list = (node: Node, key: string): readonly Node[] => elements(memberOf(node, key) ?? missing(node, key, 'a list'))

/** The elements of a list that may be absent, but not null: its tool leaves out what it has none of. */
export function listIf(node: Node, key: string): readonly Node[] {
  const found = memberOf(node, key)
  return found === undefined ? [] : elements(found)
}

/** The elements of a list for which its tool writes null where it has none. */
export function listOrNull(node: Node, key: string): readonly Node[] {
  const found = member(node, key)
  return found === undefined ? [] : elements(found)
}

export function elements(node: Node): readonly Node[] {
  if (!isList(node.value)) fault(node, 'a list')
  return node.value.map((value, key) => ({ value, parent: node, key }))
}

/** The members of an object, in its order. */
export function entries(node: Node): readonly (readonly [string, Node])[] {
  if (!isObject(node.value)) fault(node, 'an object')
  return Object.entries(node.value).map(([key, value]) => [key, { value, parent: node, key }] as const)
}

/** Text that must be there and say something. */
export function text(node: Node, key: string): string {
  const found = memberOf(node, key) ?? missing(node, key, 'text')
  return typeof found.value === 'string' && found.value.trim() !== '' ? found.value : fault(found, 'text')
}

/** Text; undefined where it is absent, null or empty. */
export function textIf(node: Node, key: string): string | undefined {
  const found = member(node, key)
  if (found === undefined) return undefined
  if (typeof found.value !== 'string') fault(found, 'text')
  return found.value === '' ? undefined : found.value
}

export function numberIf(node: Node, key: string): number | undefined {
  const found = member(node, key)
  return found === undefined || typeof found.value === 'number' ? found?.value as number | undefined : fault(found, 'a number')
}

export function flagIf(node: Node, key: string): boolean | undefined {
  const found = member(node, key)
  return found === undefined || typeof found.value === 'boolean' ? found?.value as boolean | undefined : fault(found, 'true or false')
}

/** Texts of a list that may be absent or null. */
export const textsIf = (node: Node, key: string): readonly string[] =>
  listOrNull(node, key).map((each) => (typeof each.value === 'string' ? each.value : fault(each, 'text')))
