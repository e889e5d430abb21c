/** Which events somebody wants: `optout.*`, `emergency.activated`, as the types are without what all of them share. */
import { eventTypes, noticeTypes, shortType } from '@exeat/core/entry'

const shorts = [...eventTypes, ...noticeTypes].map(shortType)
const nouns = new Set(shorts.map((type) => type.replace(/\..*$/, '')))

export type Wants = (type: string) => boolean

/** Whether it names a type, or all of a noun. */
export const isSelector = (text: string): boolean => shorts.includes(text) || (text.endsWith('.*') && nouns.has(text.slice(0, -2)))

/** Those that any of the selectors names; all of them where there is none. */
export function wants(selectors: readonly string[]): Wants {
  if (selectors.length === 0) return () => true
  const chosen = new Set(shorts.filter((short) => selectors.some((each) => each === short || (each.endsWith('.*') && short.startsWith(each.slice(0, -1))))))
  return (type) => chosen.has(shortType(type))
}
