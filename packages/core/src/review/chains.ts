/** What an opt-out would continue: the branch's own, as if each had been asked for and activated when its window began. */
import { canonicalControl } from '../control/patterns.ts'
import type { OptOut } from '../document/schema.ts'
import { askedOf } from '../lifecycle/asked.ts'
import type { AgreedTerms, Asked } from '../lifecycle/events.ts'
import { advance, emptyLedger, type Ledger, type OptOutRecord } from '../lifecycle/ledger.ts'
import type { Refusal } from '../lifecycle/refusal.ts'
import { type Renewal, renewalOf } from '../lifecycle/renewal.ts'
import { scopesMeet } from '../lifecycle/scope.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Duration, Instant } from '../model/instant.ts'
import type { StandingOptOut } from '../model/optout.ts'
import { isLiteral } from '../pattern/index.ts'
import { agreedTerms } from '../policy/agreed.ts'
import type { PolicySet } from '../policy/types.ts'

export interface Chains {
  /** As the lifecycle's judge answers it. */
  readonly renewal: (document: OptOut, terms: AgreedTerms, now: Instant) => Renewal | Refusal
}

/** One that its own terms refuse was never active, and nothing continues it. */
export function chainsOf(standing: readonly StandingOptOut[], policySet: PolicySet): Chains {
  const ledger = emptyLedger()
  const index = controlIndex()
  const ordered = [...standing].sort((a, b) => a.document.spec.window.from - b.document.spec.window.from || (a.uid < b.uid ? -1 : 1))
  for (const { document, digest, uid } of ordered) {
    const answer = policySet.termsForOptOut(document)
    if (answer.kind === 'refused') continue
    // What stands was let in: how often it was renewed by then is counted, and not judged again.
    const { renewals: _renewals, totalDuration: _total, ...terms } = agreedTerms(answer.terms)
    const asked = askedOf(document)
    const at = asked.window.from
    const near = nearby(ledger, index, asked)
    const judged = renewalOf(near, asked, terms, at)
    const { count, total, predecessor } = 'code' in judged ? behind(near, asked) : judged
    const common = { uid, at, asked, binding: { optOut: digest, terms: digest, impact: null }, evidence: 'none' as const, groups: [] }
    advance(ledger, { ...common, type: predecessor === undefined ? 'optout.proposed' : 'optout.renewed', requester: nobody, involved: [], terms, renewal: count, total, ...(predecessor === undefined ? {} : { predecessor }) })
    advance(ledger, { ...common, type: 'optout.activated', by: nobody, counted: [] })
    index.add(asked, uid)
  }
  return { renewal: (document, terms, now) => renewalOf(nearby(ledger, index, askedOf(document)), askedOf(document), terms, now) }
}

const nobody = { iss: 'git', sub: 'nobody' }

/** One that stands though it repeats its reason still comes behind what it meets. */
function behind({ records }: Ledger, asked: Asked): Renewal {
  const met = [...records.values()].filter((record) => scopesMeet(record.asked.scope, asked.scope))
  const last = met.at(-1)
  return {
    count: Math.max(0, ...met.map(({ renewal }) => renewal + 1)), total: (Math.max(0, ...met.map(({ total }) => total)) + asked.window.until - asked.window.from) as Duration,
    ...(last === undefined ? {} : { predecessor: last.uid }),
  }
}

interface ControlIndex {
  readonly add: (asked: Asked, uid: HexDigest) => void
  /** Those whose scope could meet this one; undefined: any. */
  readonly near: (asked: Asked) => ReadonlySet<HexDigest> | undefined
}

/** Most name their controls, and there may be thousands: whoever shares none, and has no pattern, is not looked at. */
function controlIndex(): ControlIndex {
  const named = new Map<string, HexDigest[]>()
  const patterned: HexDigest[] = []
  const controlsOf = ({ scope: { controls } }: Asked): readonly string[] => controls.map(canonicalControl)
  return {
    add: (asked, uid) => {
      if (!controlsOf(asked).every(isLiteral)) patterned.push(uid)
      else for (const control of controlsOf(asked)) named.set(control, [...named.get(control) ?? [], uid])
    },
    near: (asked) => (controlsOf(asked).every(isLiteral) ? new Set([...patterned, ...controlsOf(asked).flatMap((control) => named.get(control) ?? [])]) : undefined),
  }
}

/** The ledger without those that cannot matter: whom it could meet, whom it says that it renews, and what those continue. */
function nearby(ledger: Ledger, index: ControlIndex, asked: Asked): Ledger {
  const near = index.near(asked)
  if (near === undefined) return ledger
  const declared = asked.renews === undefined ? undefined : ledger.names.get(asked.renews)
  const records = new Map<HexDigest, OptOutRecord>()
  const waiting = declared === undefined ? [...near] : [...near, declared]
  for (let uid = waiting.pop(); uid !== undefined; uid = waiting.pop()) {
    const record = ledger.records.get(uid)
    if (record === undefined || records.has(uid)) continue
    records.set(uid, record)
    if (record.predecessor !== undefined) waiting.push(record.predecessor)
  }
  return { ...ledger, records }
}
