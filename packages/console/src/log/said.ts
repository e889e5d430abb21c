/** What an entry says, in words: who did what, on whose word, and why. */
import type { Identity } from '@exeat/core'
import type { EventData, EventType, Evidence, LogEvent } from '@exeat/core/entry'

export interface Said {
  /** Who, where somebody did it; else the server. */
  readonly by?: Identity
  readonly did: string
  /** What somebody wrote or named, to be shown as such. */
  readonly what?: string
  readonly evidence?: Evidence['strength']
  readonly reason?: string
}

const short = (digest: string): string => digest.slice(0, 12)

const table: { readonly [T in EventType]: (data: EventData[T]) => Said } = {
  'dev.exeat.workspace.changed.v1': (data) => ('delegation' in data ? { did: 'founders delegated to the keys of this server' } : { did: 'another commit governs', what: `${data.ref} ${short(data.commit)}` }),
  'dev.exeat.policy.changed.v1': ({ changes }) => ({ did: 'policies changed', what: changes.map(({ name, digest }) => `${name}${digest === null ? ' removed' : ''}`).join(', ') }),
  'dev.exeat.enrolment.added.v1': ({ person, label }) => ({ ...(person === undefined ? {} : { by: person }), did: 'enrolled a key', what: label }),
  'dev.exeat.enrolment.vouched.v1': ({ by, person }) => ({ by, did: 'vouched for a key of', what: person.sub }),
  'dev.exeat.enrolment.removed.v1': ({ by, person, reason }) => ({ by, did: 'removed a key', ...(person === undefined ? {} : { what: `of ${person.sub}` }), reason }),
  'dev.exeat.optout.proposed.v1': ({ requester, asked: { name }, evidence: { strength } }) => ({ by: requester, did: 'asked for', what: name, evidence: strength }),
  'dev.exeat.optout.renewed.v1': ({ requester, asked: { name }, evidence: { strength } }) => ({ by: requester, did: 'asked to renew as', what: name, evidence: strength }),
  'dev.exeat.optout.approved.v1': ({ by, groups, evidence: { strength } }) => ({ by, did: 'approved it for', what: groups.join(', '), evidence: strength }),
  'dev.exeat.optout.rejected.v1': (data) => ended('rejected it', data),
  'dev.exeat.optout.withdrawn.v1': (data) => ended('withdrew it', data),
  'dev.exeat.optout.activated.v1': ({ by, evidence: { strength } }) => ({ by, did: 'activated it', evidence: strength }),
  'dev.exeat.optout.revoked.v1': (data) => ended('revoked it', data),
  'dev.exeat.optout.exhausted.v1': () => ({ did: 'it was used up' }),
  'dev.exeat.optout.stale.v1': ({ changed }) => ({ did: 'what was approved changed, and it went stale', what: changed.join(', ') }),
  'dev.exeat.emergency.activated.v1': ({ by, asked: { name }, team, evidence: { strength } }) => ({ by, did: `declared the emergency for ${team}`, what: name, evidence: strength }),
  'dev.exeat.emergency.acknowledged.v1': ({ by, evidence: { strength } }) => ({ by, did: 'heard its alarm', evidence: strength }),
  'dev.exeat.emergency.reviewed.v1': ({ by, verdict, reason, evidence: { strength } }) => ({ by, did: `judged it ${verdict}`, evidence: strength, reason }),
  'dev.exeat.use.claimed.v1': ({ point, subject }) => ({ did: 'it was used', what: `at ${point} for ${subject}` }),
  'dev.exeat.bundle.published.v1': ({ commit }) => ({ did: 'a bundle was published', what: `of commit ${short(commit)}` }),
  'dev.exeat.body.erased.v1': ({ by, erased, reason }) => ({ by, did: `erased what ${erased.length === 1 ? 'one entry or document' : `${erased.length} entries and documents`} said`, reason }),
  'dev.exeat.audit.degraded.v1': ({ code, message }) => ({ did: 'the log was in trouble', what: code, reason: message }),
  'dev.exeat.audit.restored.v1': ({ code, message }) => ({ did: 'the trouble was over', what: code, reason: message }),
  'dev.exeat.drill.started.v1': ({ by, sinks, evidence: { strength } }) => ({ by, did: 'tried the alarm out, with', what: sinks.join(', '), evidence: strength }),
  'dev.exeat.drill.acknowledged.v1': ({ by, evidence: { strength } }) => ({ by, did: 'heard the drill', evidence: strength }),
  'dev.exeat.drill.ended.v1': ({ outcome }) => ({ did: 'the drill ended', what: outcome }),
  'dev.exeat.shadow.detected.v1': ({ source, what }) => ({ did: 'another system reports what nobody declared', what: `${what} at ${source}` }),
  'dev.exeat.shadow.covered.v1': ({ what, optOut: { name } }) => ({ did: 'another system reports what is declared', what: `${what}, by ${name}` }),
  'dev.exeat.shadow.resolved.v1': ({ source, what }) => ({ did: 'what another system reported is gone', what: `${what} at ${source}` }),
}

const ended = (did: string, { by, reason, evidence: { strength } }: EventData['dev.exeat.optout.revoked.v1']): Said => ({ by, did, reason, evidence: strength })

export const saidOf = ({ type, data }: LogEvent): Said => (table[type] as (data: unknown) => Said)(data)

/** What each strength of evidence means, where somebody asks. */
export const strengths: Readonly<Record<Evidence['strength'], string>> = {
  'user-signed': 'signed by a key of theirs over exactly this act; anybody can verify it',
  'idp-signed': 'their identity provider signed that they confirmed exactly this act',
  'server-asserted': 'the server says that they typed a one-time code',
  'operator-asserted': 'a name typed at the server\'s administrative socket',
  none: 'they had signed in, and signed nothing',
}
