/** The use cases, put together. */
import type { Instant } from '@exeat/core'
import type { ActAnswer } from '@exeat/core/wire'
import type { LogReader } from '../ports/log.ts'
import { acknowledge } from './acknowledge.ts'
import type { Done } from './act.ts'
import type { UseDependencies } from './context.ts'
import { acknowledgeDrill, drill, endDrill, startDrill } from './drill.ts'
import { end, type Ending } from './end.ts'
import { enrol, enrolIssuerKey } from './enrolment/enrol.ts'
import { keysNow } from './enrolment/keys.ts'
import { viewOfKey } from './enrolment/view.ts'
import { governs, removeKey, vouch } from './enrolment/vouch.ts'
import { erase } from './erase.ts'
import { optOuts } from './list.ts'
import { optOutOf } from './load.ts'
import { inventory } from './inventory.ts'
import { matrixOf } from './matrix.ts'
import { importOffline } from './offline.ts'
import { type PendingRevocations, pendingRevocations } from './pending.ts'
import { document, entries, entry, receipt } from './read.ts'
import { prepare } from './prepare.ts'
import { emergency, request } from './request.ts'
import { review } from './review.ts'
import { observe, uncovered } from './shadow.ts'
import { shadows } from './shadow-list.ts'
import { sign } from './sign.ts'
import { statusReader } from './status.ts'
import { synchronise } from './synchronise.ts'
import type { UseCases } from './types.ts'
import { claimUses } from './uses.ts'
import { usesOverTime } from './uses-over-time.ts'
import { type Seen, viewOf } from './view.ts'

export function createUseCases(deps: UseDependencies): UseCases {
  const { log, governance } = deps
  const pending = pendingRevocations(deps)
  const answered = answering(deps, pending)
  const ending = (kind: Ending): UseCases['revoke'] => async (actor, id, reason, key) => answered(() => end(deps, pending, kind, actor, id, reason, key))
  return {
    prepare: (actor, wanted) => prepare(deps, actor, wanted),
    request: (actor, asked, key) => answered(() => request(deps, actor, asked, key)),
    importOffline: (actor, sent, key) => answered(() => importOffline(deps, actor, sent, key)),
    emergency: (actor, asked, key) => answered(() => emergency(deps, actor, asked, key)),
    approve: (actor, id, signed, key) => answered(() => sign(deps, 'approve', actor, id, signed, key)),
    activate: (actor, id, signed, key) => answered(() => sign(deps, 'activate', actor, id, signed, key)),
    reject: ending('reject'),
    withdraw: ending('withdraw'),
    revoke: ending('revoke'),
    review: (actor, id, said, key) => answered(() => review(deps, actor, id, said, key)),
    acknowledge: (actor, id, key) => answered(() => acknowledge(deps, actor, id, key)),
    startDrill: (actor, wanted, key) => startDrill(deps, actor, wanted, key),
    acknowledgeDrill: (actor, index, key) => acknowledgeDrill(deps, actor, index, key),
    drill: (index) => drill(deps, index),
    endDrill: () => endDrill(deps),
    observe: (receiver, observations) => observe(deps, receiver, observations),
    uncovered: () => uncovered(deps),
    shadows: (query) => shadows(log, query),
    claimUses: async (uses) => {
      await pending.retry()
      return claimUses(deps, pending, uses)
    },
    optOut: async (id) => log.snapshot(async (reader) => viewOf((await optOutOf(reader, id)).value, await seen(deps, pending, reader))),
    optOuts: async (query) => log.snapshot(async (reader) => optOuts(await seen(deps, pending, reader), query)),
    inventory: async (query) => log.snapshot(async (reader) => inventory(await seen(deps, pending, reader), query)),
    usesOverTime: async (id) => log.snapshot(async (reader) => usesOverTime(reader, id, (await seen(deps, pending, reader)).now)),
    policies: async () => matrixOf(await governance.current()),
    bundle: async (query) => {
      await pending.retry()
      const { governed } = await synchronise(deps)
      return deps.bundles.make(query, { governed, revoked: pending.revoked() })
    },
    bundleSays: async (within) => {
      await pending.retry()
      const { governed } = await synchronise(deps, { within })
      return { governed, says: await deps.bundles.says({ governed, revoked: pending.revoked() }) }
    },
    entry: (index) => entry(log, index),
    entries: (query) => entries(log, query),
    receipt: (index) => receipt(log, index),
    document: (kind, digest) => document(log, kind, digest),
    keys: async () => keysNow(deps),
    enrolments: async () => ({ items: (await keysNow(deps)).keys.map((key) => viewOfKey(key)) }),
    enrol: (actor, added, key) => enrol(deps, actor, added, key),
    vouch: (actor, credential, root, key) => vouch(deps, actor, credential, root, key),
    removeKey: (actor, credential, reason, key) => removeKey(deps, actor, credential, reason, key),
    enrolIssuerKey: (credential, label) => enrolIssuerKey(deps, credential, label),
    governs: (actor) => governs(deps, actor),
    erase: (actor, erasure, key) => erase(deps, actor, erasure, key),
    synchronise: async () => {
      const { governed: { commit }, changed } = await synchronise(deps, { fresh: true })
      return { commit, changed }
    },
    status: statusReader({ ...deps, governance }, pending),
  }
}

/** The answer to an act: the opt-out as it is now, where the act stands in the log, and the receipt for it. */
function answering(deps: UseDependencies, pending: PendingRevocations) {
  return async (act: () => Promise<Done>): Promise<ActAnswer> => {
    await pending.retry()
    const { uid, index, strength } = await act()
    const { log } = deps
    const optOut = await log.snapshot(async (reader) => viewOf((await optOutOf(reader, uid)).value, await seen(deps, pending, reader)))
    return { optOut, ...await receipt(log, index), evidence: strength }
  }
}

/** Reads ask the protected ref for nothing: it may be far away. */
async function seen(deps: UseDependencies, pending: PendingRevocations, reader: LogReader): Promise<Seen> {
  // A clock behind the log must not bring back what the log has ended.
  const { at } = await reader.head()
  return { reader, governed: deps.governance.latest(), revoked: pending.revoked(), now: Math.max(deps.now(), at) as Instant, deliveries: deps.deliveries }
}
