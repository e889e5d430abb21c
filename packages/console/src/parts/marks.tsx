/** What deserves a look, in words and never by colour alone. */
import type { InventoryItem } from '@exeat/core/wire'
import type { ReactNode } from 'react'
import { marksOf } from '../inventory.ts'

export function Marks({ item, now }: { readonly item: InventoryItem; readonly now: number }): ReactNode {
  return marksOf(item, now).map(({ word, kind }) => <span key={word} className={`mark ${kind}`}>{word}</span>)
}
