/** How the log and what governs it are. */
import { canonicalInstant, type Instant, type Problem } from '@exeat/core'
import type { Status } from '@exeat/core/wire'
import { delegationSchema, type Delegation } from '@exeat/verify'
import type { LogHead, LogReader } from '../ports/log.ts'
import type { UseDependencies } from './context.ts'
import { readGoverning, readRecord, recordedWorkspace } from './load.ts'
import type { PendingRevocations } from './pending.ts'
import { useProblem } from './problem.ts'
import { recordKinds, type StoredDelegation, type StoredGovernance } from './stored.ts'

/** How long a rewritten protected ref is told of, in milliseconds. */
const toldFor = 30 * 86_400_000

interface Known {
  readonly head: LogHead
  readonly workspace: string
  readonly founders: readonly string[]
  readonly governing: StoredGovernance | undefined
}

/** Remembers what was read last: a log that is dead may not even be read. */
export function statusReader(deps: UseDependencies, pending: PendingRevocations): () => Promise<Status> {
  let last: Known | undefined
  return async () => {
    const known = await deps.log.snapshot(readKnown).catch(() => last)
    last = known
    const state = deps.log.status()
    const problem = state.state === 'open' ? troubleOf(deps, pending, known?.governing) : state.problem
    const { head, governing, founders = [] } = known ?? {}
    return {
      workspace: known?.workspace ?? '', origin: deps.origin,
      size: head?.size ?? 0, root: head === undefined ? '' : Buffer.from(head.root).toString('hex'), at: canonicalInstant((head?.at ?? 0) as Instant),
      state: state.state, ...(problem === undefined ? {} : { code: problem.code, message: problem.message }),
      ...(governing === undefined ? {} : { ref: governing.ref, commit: governing.commit }),
      founders: [...founders], singleFounder: founders.length === 1,
    }
  }
}

async function readKnown(reader: LogReader): Promise<Known> {
  const delegation = (await readRecord<StoredDelegation>(reader, recordKinds.delegation, 'current'))?.value
  const said = delegation === undefined ? undefined : delegationOf(delegation)
  return {
    head: await reader.head(),
    workspace: said?.workspace ?? (await recordedWorkspace(reader))?.spec.id ?? '',
    founders: said?.roots.map(({ name }) => name) ?? [],
    governing: (await readGoverning(reader))?.value,
  }
}

/** Verified when it was recorded. */
function delegationOf({ envelope }: StoredDelegation): Delegation | undefined {
  const parsed = delegationSchema.safeParse(JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')))
  return parsed.success ? parsed.data : undefined
}

/** The first thing that somebody must see to, though acts go on. */
function troubleOf({ governance, now }: UseDependencies, pending: PendingRevocations, governing: StoredGovernance | undefined): Problem | undefined {
  const waiting = pending.revoked().size
  if (waiting > 0) return useProblem('REVOCATION_QUEUED', `${waiting} revocations are in effect on this server and not yet in the log`)
  const trouble = governance.trouble()
  if (trouble !== undefined) return trouble
  const rewritten = governing?.rewritten
  if (rewritten === undefined || now() - rewritten.at > toldFor) return undefined
  return useProblem('GOVERNANCE_REWRITTEN', `at ${canonicalInstant(rewritten.at)} the protected ref moved from ${rewritten.from} to ${rewritten.to}, which does not contain it`)
}
