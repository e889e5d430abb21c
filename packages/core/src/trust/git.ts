/**
 * Git trust (design §6): opt-outs as they stand on the protected ref, and what people signed for each. Where nothing is signed nobody is
 * proven and evidence is `none`: what asks for more is refused, each opt-out for itself, and never waved through.
 */
import { formatInstant } from '../document/time.ts'
import type { TermRefusal } from '../model/decision.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Instant } from '../model/instant.ts'
import type { ActiveOptOut, EndedOptOut, Met, OptOutSet, RefusedOptOut, StandingOptOut } from '../model/optout.ts'
import type { PolicySet, Sourced, Terms } from '../policy/types.ts'

/** One reading of what signatures show: an activation with what it counted, or approvals alone. */
export interface Shown {
  readonly met: Met
  /** When each of `met.approvers` says that they signed, in the same order. */
  readonly approvedAt: readonly Instant[]
  readonly activatedAt?: Instant
}

/** By uid: readings, any of which may be enough on its own. An opt-out that is missing has none. */
export type ShownInGit = ReadonlyMap<HexDigest, readonly Shown[]>

const nobody: Met = { evidence: 'none', approvers: [], requester: [], activator: [] }
const nothing: Shown = { met: nobody, approvedAt: [] }
const unsigned: ShownInGit = new Map()

/**
 * Sorts what stands at the protected ref into active (begun or not), ended and refused. An ended one is never called refused, so that
 * explanations can say when it ended. Total: instants that are none grant nothing.
 */
export function judgeGitOptOuts(policySet: PolicySet, standing: readonly StandingOptOut[], now: Instant, shown: ShownInGit = unsigned): OptOutSet {
  const active: ActiveOptOut[] = []
  const ended: EndedOptOut[] = []
  const refused: RefusedOptOut[] = []
  const names = countNames(standing)
  for (const optOut of standing) {
    const { from, until } = optOut.document.spec.window
    if (now >= until) {
      ended.push({ ...optOut, ended: { state: 'lapsed', at: until } })
      continue
    }
    const whatever = [
      ...([from, until, now].every(Number.isSafeInteger) ? [] : [timeless(optOut)]),
      ...((names.get(optOut.document.metadata.name) ?? 0) > 1 ? [nameReused(optOut)] : []),
    ]
    const best = bestOf(policySet, optOut, shown.get(optOut.uid) ?? [])
    const because = [...whatever, ...best.because]
    if (because.length === 0) active.push({ ...optOut, met: best.met })
    else refused.push({ ...optOut, because })
  }
  return { active, ended, refused }
}

/** Names are never reused, and nothing here tells which of two came first: neither is honoured. */
function countNames(standing: readonly StandingOptOut[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { document: { metadata: { name } } } of standing) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

interface Judged {
  readonly met: Met
  readonly because: readonly TermRefusal[]
}

/** The first reading that is enough, else the one that lacks least. */
function bestOf(policySet: PolicySet, optOut: StandingOptOut, readings: readonly Shown[]): Judged {
  const [first = nothing, ...others] = readings
  let best: Judged = { met: first.met, because: judge(policySet, optOut, first) }
  for (const reading of others) {
    if (best.because.length === 0) return best
    const because = judge(policySet, optOut, reading)
    if (because.length < best.because.length) best = { met: reading.met, because }
  }
  return best
}

function judge(policySet: PolicySet, optOut: StandingOptOut, shown: Shown): readonly TermRefusal[] {
  const answer = policySet.termsForOptOut(optOut.document)
  if (answer.kind === 'refused') return [answer.because]
  const { terms } = answer
  return [
    ...policySet.unmet(terms, optOut, shown.met),
    ...needsLog(terms, optOut),
    ...conditions(policySet, terms, optOut, shown),
  ]
}

/** Of the stages before the decision. Where nobody is shown, what reads them is unknown, which refuses. */
function conditions(policySet: PolicySet, terms: Terms, { document }: StandingOptOut, { met, approvedAt, activatedAt }: Shown): readonly TermRefusal[] {
  const requester = met.requester.length === 0 ? {} : { requester: { groups: met.requester } }
  const activator = activatedAt === undefined ? {} : { activator: { groups: met.activator }, now: activatedAt }
  const approvals = met.approvers.map((groups, index) => ({ approver: { groups }, now: approvedAt[index] ?? (Number.NaN as Instant) }))
  return [
    ...policySet.conditions(terms, 'request', { optOut: document, ...requester }),
    ...(approvals.length === 0 ? [{}] : approvals).flatMap((approval) => policySet.conditions(terms, 'approve', { optOut: document, ...requester, ...approval })),
    ...policySet.conditions(terms, 'activate', { optOut: document, ...requester, ...activator }),
  ]
}

/** Terms that only a log can show. A default is no demand; `emergency` refuses only emergencies. */
function needsLog(terms: Terms, optOut: StandingOptOut): readonly TermRefusal[] {
  const { metadata: { name }, spec } = optOut.document
  const stated: readonly [string, Sourced<unknown> | undefined][] = [
    ['limits.uses', terms.limits.uses],
    ['limits.active', terms.limits.active],
    ['timers.approval', terms.timers.approval],
    ['timers.activation', terms.timers.activation],
    ['alerts', allOf(terms.alerts)],
  ]
  const subject = `opt-out \`${name}\``
  return [
    ...stated.flatMap(([term, source]): TermRefusal[] => (source === undefined ? [] : [{
      code: 'TERM_NEEDS_LOG', term, policies: source.policies, hint: logHint,
      message: `\`${term}\` of ${source.policies.map((policy) => `\`${policy}\``).join(', ')} needs the log, and git trust cannot show it for ${subject}`,
    }])),
    ...(spec.limits?.uses === undefined ? [] : [{
      code: 'TERM_NEEDS_LOG', term: 'limits.uses', policies: [], hint: 'leave `limits.uses` out, or use the log trust mode',
      message: `${subject} limits itself to ${spec.limits.uses} uses, which git trust cannot count`,
    } satisfies TermRefusal]),
    ...(spec.category !== 'emergency' || terms.emergency === undefined ? [] : [{
      code: 'EMERGENCY_NEEDS_LOG', term: 'emergency', policies: terms.emergency.policies, hint: 'choose another category, or use the log trust mode',
      message: `${subject} is an emergency, which is alarmed and reviewed, and git trust can show neither`,
    } satisfies TermRefusal]),
  ]
}

const logHint = 'use the log trust mode, or permit it by policies that do not state the term'

function allOf(values: readonly Sourced<unknown>[]): Sourced<unknown> | undefined {
  return values.length === 0 ? undefined : { value: values, policies: [...new Set(values.flatMap((value) => value.policies))].sort() }
}

function nameReused(optOut: StandingOptOut): TermRefusal {
  const { name } = optOut.document.metadata
  return {
    code: 'NAME_REUSED', term: 'metadata.name', policies: [],
    message: `more than one opt-out is named \`${name}\`, and names are never reused`, hint: 'give each opt-out a name of its own',
  }
}

function timeless(optOut: StandingOptOut): TermRefusal {
  const { from, until } = optOut.document.spec.window
  const told = (instant: Instant): string => (Number.isSafeInteger(instant) ? formatInstant(instant) : String(instant))
  return {
    code: 'FACT_UNKNOWN', term: 'window', policies: [],
    message: `the window of opt-out \`${optOut.document.metadata.name}\` (${told(from)} to ${told(until)}) cannot be judged at this instant`,
    hint: 'state instants with a date, a time and an offset',
  }
}
