/** A leaf as JSON where it is that: JCS of `{v, id, type, time, uid, actor, body}`. What it says is shown, never acted upon. */
import { MAX_ENTRY_SIZE } from '@exeat/log'

export type Leaf = { readonly kind: 'json'; readonly value: Readonly<Record<string, unknown>> } | { readonly kind: 'bytes'; readonly base64: string }

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Bytes that are no JSON object are shown as base64. */
export function readLeaf(bytes: Uint8Array): Leaf {
  try {
    const value: unknown = bytes.length <= MAX_ENTRY_SIZE ? JSON.parse(decoder.decode(bytes)) : undefined
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { kind: 'json', value: value as Readonly<Record<string, unknown>> }
  } catch {
    // Not JSON: shown as bytes.
  }
  return { kind: 'bytes', base64: Buffer.from(bytes).toString('base64') }
}

/** A member that is text; empty where it is something else or inherited. */
export function textOf(leaf: Leaf, name: string): string {
  const value = leaf.kind === 'json' && Object.hasOwn(leaf.value, name) ? leaf.value[name] : undefined
  return typeof value === 'string' ? value : ''
}
