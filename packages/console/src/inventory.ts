/** Reads of many opt-outs at once. */
import { inventoryAnswerSchema, type Inventory, type InventoryItem } from '@exeat/core/wire'
import { get } from './api.ts'
import { lengthOf } from './words.ts'

export const readInventory = (query: Readonly<Record<string, string>>): Promise<Inventory> => get(`/v1/inventory?${new URLSearchParams(query).toString()}`, inventoryAnswerSchema)

/** Ends within it: said in words and by a mark, in milliseconds. */
const soon = 24 * 3_600_000

export interface Mark {
  readonly word: string
  readonly kind: 'grave' | 'caution' | 'calm'
}

/** What deserves a look, the worst first. */
export function marksOf({ emergency, review, unheard, phase, inForce, window }: InventoryItem, now: number): readonly Mark[] {
  const left = Date.parse(window.until) - now
  return [
    ...unheard ? [{ word: 'alarm not heard', kind: 'grave' as const }] : [],
    ...review === 'overdue' ? [{ word: 'review overdue', kind: 'grave' as const }] : review === 'due' ? [{ word: 'review due', kind: 'caution' as const }] : [],
    ...emergency ? [{ word: 'emergency', kind: 'grave' as const }] : [],
    ...phase === 'active' && !inForce ? [{ word: 'not begun', kind: 'calm' as const }] : [],
    ...phase === 'active' && left > 0 && left <= soon ? [{ word: 'ends soon', kind: 'caution' as const }] : [],
  ]
}

/** `ends in 2 hours`, `ended 3 minutes ago`. */
export function endOf({ window: { until }, endedAt, phase }: InventoryItem, now: number): string {
  if (endedAt !== undefined) return `ended ${lengthOf(now - Date.parse(endedAt))} ago`
  const left = Date.parse(until) - now
  return left > 0 ? `ends in ${lengthOf(left)}` : phase === 'active' ? 'ends now' : `its window ended ${lengthOf(left)} ago`
}
