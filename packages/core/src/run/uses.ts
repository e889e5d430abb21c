/** A run in log trust: what the log does not know excuses nothing, and what must be counted is counted before it excuses. */
import type { Decision, TermRefusal } from '../model/decision.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Facts } from '../model/facts.ts'
import type { ActiveOptOut, OptOutSet, RefusedOptOut, StandingOptOut } from '../model/optout.ts'
import type { Workspace } from '../document/schema.ts'

/** A use as it is claimed: counted once for each opt-out, point and subject. */
export interface RunUse {
  readonly uid: HexDigest
  readonly point: string
  readonly subject: string
}

/** The use of an opt-out by a gate's run, whoever decides it: a job that asks the server and runs the gate too counts once. */
export const useOf = (uid: HexDigest, { repository, environment, commit }: Facts): RunUse =>
  ({ uid, point: `gate/${repository?.value.id ?? '-'}/${environment?.value ?? '-'}`, subject: `commit:${commit?.value ?? 'unknown'}` })

/** Whether a run is in a protected environment. One that nobody names might be. */
export function isProtected({ spec: { environments } }: Workspace, { environment }: Facts): boolean {
  return environments.some(({ name, protected: closed }) => closed === true && (environment === undefined || environment.value === name))
}

/** What stands at the protected ref, and of which the set knows nothing. */
export function strangers({ active, ended, refused }: OptOutSet, standing: readonly StandingOptOut[]): readonly StandingOptOut[] {
  const known = new Set([...active, ...ended, ...refused].map(({ uid }) => uid))
  return standing.filter(({ uid }) => !known.has(uid))
}

/** Why a stranger excuses nothing. */
export const notActive = (name: string, origin: string): TermRefusal => ({
  code: 'NOT_IN_LOG', term: 'log', policies: [], message: `it is not active in the log \`${origin}\``,
  hint: `ask for it: \`exeat request ${name}\`; then it is approved and activated (\`exeat status ${name}\`)`,
})

/** What became of a claim. */
export interface UseClaim {
  readonly uid: HexDigest
  readonly state: string
  readonly message?: string
  /** The server answered that it does not count it: asking again changes nothing. */
  readonly spent?: boolean
}

export interface Counting<C extends UseClaim> {
  /** The decisions of the run by a set of opt-outs. */
  readonly decide: (optOuts: OptOutSet) => readonly Decision[]
  /** Whether a use of the opt-out must be counted before it excuses. */
  readonly mustCount: (optOut: ActiveOptOut) => boolean
  /** Only the state `counted` lets an opt-out excuse. */
  readonly claim: (optOuts: readonly ActiveOptOut[]) => Promise<readonly C[]>
}

export interface Counted<C extends UseClaim> {
  /** Without those that were not counted and had to be. */
  readonly optOuts: OptOutSet
  readonly claims: readonly C[]
  /** What excuses besides, and needed no claim. */
  readonly others: readonly ActiveOptOut[]
}

/**
 * Claims the uses that a run needs. Where a claim is refused the run is decided again without that opt-out, which may bring in another one that must be
 * claimed in its place; each round takes at least one from those that are asked about.
 */
export async function countUses<C extends UseClaim>(whole: OptOutSet, { decide, mustCount, claim }: Counting<C>): Promise<Counted<C>> {
  const asked = new Set<HexDigest>()
  const claims = new Map<HexDigest, C>()
  let optOuts = whole
  for (;;) {
    const used = usedBy(decide(optOuts), optOuts).filter(({ uid }) => !asked.has(uid))
    const asking = used.filter(mustCount)
    if (asking.length === 0) return { optOuts, claims: [...claims.values()], others: used }
    for (const { uid } of asking) asked.add(uid)
    // oxlint-disable-next-line no-await-in-loop -- each round depends on the one before
    for (const each of await claim(asking)) claims.set(each.uid, each)
    // INVARIANT: what nobody answered for was not counted (test/run/uses.test.ts).
    optOuts = without(optOuts, asking.flatMap(({ uid }) => (claims.get(uid)?.state === 'counted' ? [] : [uid])), claims)
  }
}

function usedBy(decisions: readonly Decision[], { active }: OptOutSet): readonly ActiveOptOut[] {
  const uids = new Set(decisions.flatMap(({ optOut }) => optOut?.uid ?? []))
  return active.filter(({ uid }) => uids.has(uid))
}

function without({ active, ended, refused }: OptOutSet, uncounted: readonly HexDigest[], claims: ReadonlyMap<HexDigest, UseClaim>): OptOutSet {
  const gone = new Set(uncounted)
  const because = ({ uid, document: { metadata: { name } } }: ActiveOptOut): TermRefusal => ({
    code: 'NOT_IN_LOG', term: 'limits.uses', policies: [], message: claims.get(uid)?.message ?? 'its use was not counted',
    hint: claims.get(uid)?.spent === true ? `\`exeat status ${name}\` says what became of it; what ended or was used up is asked for anew` : 'its use must be counted before it excuses: run the gate again once the server counts it',
  })
  return {
    active: active.filter(({ uid }) => !gone.has(uid)), ended,
    refused: [...refused, ...active.filter(({ uid }) => gone.has(uid)).map((optOut): RefusedOptOut => ({ ...optOut, because: [because(optOut)] }))],
  }
}
