/** Shorthand of the readers of whole files. */
import { expiryOf } from '../expiry.ts'
import { type Branch, commentOf, itemsOf, textOf } from '../tree.ts'
import type { Found, SuppressionKind } from '../types.ts'

export interface Extra {
  readonly reason?: string | undefined
  readonly expires?: string | undefined
  readonly paths?: readonly string[] | undefined
}

const longest = 500

/** One suppression; what is empty or absent of the rest is left out. */
export function found(place: { readonly tool: string; readonly kind: SuppressionKind; readonly mark: string }, rule: string, offset: number, { reason, expires, paths }: Extra = {}): Found {
  const said = reason?.trim()
  return {
    ...place, rule: rule.slice(0, longest), offset,
    ...(said === undefined || said === '' ? {} : { reason: said.slice(0, longest) }),
    ...(expires === undefined ? {} : { expires: expiryOf(expires) }),
    ...(paths === undefined || paths.length === 0 ? {} : { paths }),
  }
}

/** One for each element of a list of rules, or of one value; commas part several in one text. */
export function ofList(place: Parameters<typeof found>[0], list: Branch | undefined, extra: Extra = {}): readonly Found[] {
  const items = itemsOf(list)
  return (items.length === 0 && list !== undefined ? [list] : items).flatMap((item) =>
    (textOf(item) ?? '').split(',').map((rule) => rule.trim()).filter((rule) => rule !== '').map((rule) => found(place, rule, item.offset, { reason: commentOf(item), ...extra })))
}
