/** One opt-out's entries, judged again by the judge who judged them first: what the log says must be what `transition` grants. */
import {
  type Act, type ActFacts, advance, type Continuation, emptyLedger, type Identity, identityKey, type Ledger, type LifecycleEvent, type OptOutRecord, sameIdentity, transition,
} from '@exeat/core'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { same } from './same.ts'

type Opening = Extract<LifecycleEvent, { readonly type: 'optout.proposed' | 'optout.renewed' }>
type Emergency = Extract<LifecycleEvent, { readonly type: 'emergency.activated' }>

/**
 * The state that the events of one opt-out add up to, in log order, uses left out. `OPTOUT_HISTORY` where an event is not what the judge grants at
 * that point: no quorum, one person twice, the requester among the approvers, a timer that had run out, terms that the window exceeds, time running backwards.
 * What only the rest of the log can show, `renewal`, `total` and the counts of `limits.active`, is held against the terms and else believed.
 */
export function replay(events: readonly LifecycleEvent[]): Answer<OptOutRecord> {
  const ledger = emptyLedger()
  for (const [position, event] of events.entries()) {
    const refused = position === 0 ? judgeFirst(event) : judgeNext(ledger, event, recordedGroups)
    if (refused !== undefined) return refused
    advance(ledger, event)
  }
  const [record] = ledger.records.values()
  if (record === undefined) return broken('it begins with no request')
  return record.emergency?.offline === undefined ? ok(record) : broken('an offline grant is over once the log has it')
}

/** Whether an entry that begins an opt-out is one that the judge grants. `OPTOUT_HISTORY` */
export function judgeFirst(event: LifecycleEvent): Refusal | undefined {
  if (event.type === 'emergency.activated') return judgeEmergency(event)
  return event.type === 'optout.proposed' || event.type === 'optout.renewed' ? judgeOpening(event) : broken(`it begins with \`${event.type}\``)
}

function judgeOpening(event: Opening): Refusal | undefined {
  const { uid, at, asked: { renews: _renews, ...asked }, requester, groups, involved, binding, terms, renewal, total } = event
  if (asked.emergency) return broken('an emergency stands in the log as a request')
  const verdict = transition(emptyLedger(), { kind: 'request', uid, asked, involved }, factsOf(event, requester, groups, { binding, terms }), at)
  if (!verdict.ok) return broken(verdict.refusal.message)
  const own = asked.window.until - asked.window.from
  const renewed = event.type === 'optout.renewed'
  const consistent = renewed === (event.predecessor !== undefined) && renewed === (renewal > 0) && (renewed ? total >= own : total === own)
  if (!consistent) return broken('what it continues, how often and for how long do not fit together')
  return within(terms, { renewal, total }) ? undefined : tooLong
}

function judgeEmergency(event: Emergency): Refusal | undefined {
  const { uid, at, asked, by, groups, team, binding, terms, second, offline } = event
  if (offline !== undefined && second === undefined) return broken('one person signed the offline grant')
  const act: Act = offline !== undefined && second !== undefined
    ? { kind: 'offline', uid, asked, team, second, grant: offline }
    : { kind: 'emergency', uid, asked, team, ...(second === undefined ? {} : { second: { identity: second, groups } }) }
  return granted(event, transition(emptyLedger(), act, factsOf(event, by, groups, { binding, terms }), at))
}

/** Of the groups in which somebody approved, those that count at an activation. */
export type GroupsLeft = (approver: Identity, groups: readonly string[]) => readonly string[]

const recordedGroups: GroupsLeft = (_, groups) => groups

/** Whether an entry that carries an opt-out on is one that the judge grants after those before. `OPTOUT_HISTORY`; what ends it is none of them. */
export function judgeNext(ledger: Ledger, event: LifecycleEvent, groupsLeft: GroupsLeft): Refusal | undefined {
  const record = ledger.records.get(event.uid)
  if (record === undefined) return broken('an entry is about another opt-out')
  switch (event.type) {
    case 'optout.approved':
      return granted(event, transition(ledger, { kind: 'approve', uid: event.uid, signed: event.binding }, factsOf(event, event.by, event.groups, record, { approvals: record.approvals, groupsLeft }), event.at))
    case 'optout.activated': {
      // What was void by then was not counted, and takes nothing from what was.
      const { continues, ...activated } = event
      const standing = record.approvals.filter(({ by }) => event.counted.some((each) => sameIdentity(each, by)))
      const verdict = transition(ledger, { kind: 'activate', uid: event.uid, signed: event.binding }, factsOf(event, event.by, event.groups, record, { approvals: standing, groupsLeft }), event.at)
      return granted(activated, verdict) ?? judgeContinuation(record, continues)
    }
    case 'emergency.reviewed': {
      const { verdict, reason, by, uid, at } = event
      // Its groups are not recorded: that a reviewer reviewed is the log's word, and only restricts.
      return granted(event, transition(ledger, { kind: 'review', uid, verdict, reason }, factsOf(event, by, record.terms.emergency?.reviewers ?? [], record), at))
    }
    default: return broken(`it was ended by \`${event.type}\``)
  }
}

function judgeContinuation({ asked: { window }, terms, renewal, total }: OptOutRecord, continues: Continuation | undefined): Refusal | undefined {
  if (continues === undefined) return undefined
  const grown = continues.renewal >= renewal && continues.total >= total && continues.total >= window.until - window.from && (continues.renewal > renewal || continues.total > total)
  if (!grown) return broken('it began behind others, and counts less than it did before')
  return within(terms, continues) ? undefined : tooLong
}

const within = ({ renewals, totalDuration }: OptOutRecord['terms'], { renewal, total }: Pick<OptOutRecord, 'renewal' | 'total'>): boolean =>
  (renewals === undefined || renewal <= renewals) && (totalDuration === undefined || total <= totalDuration)

interface Approvers {
  readonly approvals: OptOutRecord['approvals']
  readonly groupsLeft: GroupsLeft
}

/** What the server had verified, as the events state it. That nobody has left a group since only the server knows, and it judged before it wrote. */
function factsOf(event: LifecycleEvent, actor: ActFacts['actor'], groups: readonly string[], { binding, terms }: Pick<ActFacts, 'binding' | 'terms'>, approvers?: Approvers): ActFacts {
  const held = new Map((approvers?.approvals ?? []).map(({ by, groups: own }) => [identityKey(by), approvers?.groupsLeft(by, own) ?? own]))
  return { actor, groups, evidence: 'evidence' in event ? event.evidence : 'none', binding, terms, groupsOf: (identity) => held.get(identityKey(identity)) ?? [] }
}

function granted(event: LifecycleEvent, verdict: ReturnType<typeof transition>): Refusal | undefined {
  if (!verdict.ok) return broken(`${verdict.refusal.code}: ${verdict.refusal.message}`)
  return verdict.events.length === 1 && same(verdict.events[0], event) ? undefined : broken(`\`${event.type}\` is not what was granted`)
}

const broken = (because: string): Refusal => refuse('OPTOUT_HISTORY', `the entries do not add up to an active opt-out: ${because}`)
const tooLong = broken('its chain of renewals is longer than its terms allow')
