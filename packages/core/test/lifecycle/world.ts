/** Builders for lifecycle tests: people, terms, requests, and a log that appends what the judge grants. */
import { advance, emptyLedger, transition } from '../../src/lifecycle/index.ts'
import type { Act, ActFacts, AgreedTerms, Asked, Binding, Identity, Ledger, LifecycleEvent, Verdict } from '../../src/lifecycle/index.ts'
import type { Duration, Instant } from '../../src/model/index.ts'

export const hour = 3_600_000
export const day = 24 * hour
export const start = Date.UTC(2026, 10, 22, 10) as Instant
export const at = (milliseconds: number): Instant => (start + milliseconds) as Instant

export const person = (name: string): Identity => ({ iss: 'https://id.example', sub: name })
export const groups: Readonly<Record<string, readonly string[]>> = {
  alice: ['engineering'], bob: ['security'], carol: ['owners', 'security'], dave: ['sre'], erin: ['sre', 'security'], mallory: [],
}

export const binding: Binding = { optOut: 'a'.repeat(64), terms: 'b'.repeat(64), impact: 'c'.repeat(64) }

export const terms = (over: Partial<AgreedTerms> = {}): AgreedTerms => ({
  approve: [{ groups: ['security'], count: 1 }],
  activate: ['engineering', 'sre'],
  revoke: ['security'],
  approverMayActivate: false,
  duration: (14 * day) as Duration,
  renewals: 1,
  timers: { approval: (72 * hour) as Duration, activation: (24 * hour) as Duration },
  emergency: { groups: ['sre'], duration: (4 * hour) as Duration, reviewers: ['security'], reviewWithin: (72 * hour) as Duration },
  ...over,
})

export const asked = (name: string, over: Partial<Asked> = {}): Asked => ({
  name,
  scope: { controls: ['trivy/CVE-2021-44228'], targets: { paths: ['services/ledger/**'] } },
  repositories: ['acme/payments'],
  window: { from: start, until: at(2 * day) },
  reason: `the fix breaks ${name}`,
  emergency: false,
  limits: {},
  ...over,
})

export const facts = (actor: string, over: Partial<ActFacts> = {}): ActFacts => ({
  actor: person(actor),
  groups: groups[actor] ?? [],
  evidence: 'user-signed',
  binding,
  terms: terms(),
  groupsOf: ({ sub }) => groups[sub] ?? [],
  ...over,
})

/** A log in memory: what the judge returns is appended and folded, refusals included, as a server does in one transaction. */
export class World {
  readonly events: LifecycleEvent[] = []
  readonly ledger: Ledger = emptyLedger()

  act(act: Act, by: ActFacts, now: Instant): Verdict {
    const verdict = transition(this.ledger, act, by, now)
    for (const event of verdict.events) {
      this.events.push(event)
      advance(this.ledger, event)
    }
    return verdict
  }

  /** Requested by alice, approved by bob, activated by dave; each must be granted. */
  activated(name: string, over: Partial<Asked> = {}, agreed: AgreedTerms = terms(), from: Instant = start): string {
    const uid = name.padEnd(64, '0')
    const steps: readonly [Act, string][] = [
      [{ kind: 'request', uid, asked: asked(name, over), involved: [] }, 'alice'],
      [{ kind: 'approve', uid, signed: binding }, 'bob'],
      [{ kind: 'activate', uid, signed: binding }, 'dave'],
    ]
    for (const [act, who] of steps) {
      const verdict = this.act(act, facts(who, { terms: agreed }), from)
      if (!verdict.ok) throw new Error(`${act.kind} of ${name}: ${verdict.refusal.code}`)
    }
    return uid
  }
}

export const codeOf = (verdict: Verdict): string => (verdict.ok ? 'granted' : verdict.refusal.code)
