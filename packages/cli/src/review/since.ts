/** What changed since the comment that a forge shows: each comment keeps, out of sight, which head and which documents it spoke of. */
import * as z from 'zod'
import { markdownCode, markdownText } from '../text/safe.ts'
import type { ReviewedChange } from './change.ts'

const digests = z.record(z.string().max(300), z.string().max(128))
/** Whoever may edit the comment can change it: it is shown, and decides nothing. */
const kept = z.object({ head: z.string().regex(/^[0-9a-f]{12,64}$/), optOuts: digests, policies: digests })
type Kept = z.output<typeof kept>

const opening = '<!-- exeat kept '
/** Characters that a comment has to spare, and changes that are named. */
const mostKept = 20_000
const mostNamed = 20

function keptOf({ change: { head }, review: { optOuts, policies } }: ReviewedChange): Kept {
  return {
    head,
    optOuts: Object.fromEntries(optOuts.map(({ name, change, optOut: { digest } }) => [name, change === 'removed' ? 'removed' : digest])),
    policies: Object.fromEntries(policies.map(({ name, change, effect }) => [name, `${change} ${effect}`])),
  }
}

/** A comment cannot be closed from within: what is kept is in base64. */
export function keptLine(reviewed: ReviewedChange): string {
  const line = `${opening}${Buffer.from(JSON.stringify(keptOf(reviewed)), 'utf8').toString('base64')} -->`
  return line.length <= mostKept ? line : '<!-- exeat keeps nothing: too much changes -->'
}

/** Nothing where nothing is known of an earlier head, or it is this one. */
export function sinceLines(reviewed: ReviewedChange, earlier: string | undefined): readonly string[] {
  const before = earlier === undefined ? undefined : keptIn(earlier)
  const now = keptOf(reviewed)
  if (before === undefined || before.head === now.head) return []
  const changes = [...differences('opt-out', before.optOuts, now.optOuts), ...differences('policy', before.policies, now.policies)]
  const more = changes.length - mostNamed
  const told = changes.length === 0 ? ['nothing that is governed changed, and approvals of that head count no more'] : [...changes.slice(0, mostNamed), ...(more > 0 ? [`and ${more} more`] : [])]
  return [`**Since ${markdownCode(before.head.slice(0, 12))}**: ${told.join('; ')}`]
}

function differences(kind: string, before: Kept['optOuts'], now: Kept['optOuts']): readonly string[] {
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(now))]
  const words = (name: string): string => (!was.has(name) ? 'came to it' : !is.has(name) ? 'is no part of it any more' : 'is another')
  return [...new Set([...was.keys(), ...is.keys()])].sort().filter((name) => was.get(name) !== is.get(name)).map((name) => `${kind} ${markdownCode(name)} ${markdownText(words(name))}`)
}

function keptIn(comment: string): Kept | undefined {
  const [, text] = /<!-- exeat kept ([A-Za-z0-9+/=]{1,20000}) -->/.exec(comment) ?? []
  if (text === undefined) return undefined
  try {
    const parsed = kept.safeParse(JSON.parse(Buffer.from(text, 'base64').toString('utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
