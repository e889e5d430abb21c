/** The protected ref and the log: what governs is entered before anything is judged by it (design §1 rule 5). */
import { encodeDocument, type HexDigest, type Identity, type Instant, type Json, taggedDigest } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { EventData } from '@exeat/core/entry'
import type { Governance } from '@exeat/git'
import type { Governed } from '../ports/governance.ts'
import type { Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import type { UseDependencies } from './context.ts'
import { readGoverning, type Versioned } from './load.ts'
import { demand, useProblem } from './problem.ts'
import { bodyKinds, recordKinds, type StoredGovernance, toBytes } from './stored.ts'
import { type Said, writeEvents } from './write.ts'

type Change = EventData['dev.exeat.policy.changed.v1']['changes'][number]
type Documents = StoredGovernance['documents']

/** How many changes fit an entry's body, and how many entries one operation makes of them. */
const changesAnEntry = 100
const entriesAnOperation = 12
/** More than all that a repository can hold takes. */
const attempts = 50
/** Stands for a commit while the first one is being entered, which can take several operations. */
const unbegun = ''

/** Who speaks where no person acted. */
export const serverIdentity = (origin: string): Identity => ({ iss: 'exeat:server', sub: origin })

export interface Synchronised {
  readonly governed: Governed
  /** Something was entered. */
  readonly changed: boolean
}

/**
 * Reads the protected ref and enters what changed. What it gives is what the log has recorded as governing, at the moment that it was given.
 * @throws {ExeatError} where the ref cannot be read, the log cannot be written, or the two could not be brought together (`GOVERNANCE_MOVED`)
 */
export async function synchronise(deps: UseDependencies, options: { readonly fresh?: boolean; readonly within?: number } = {}): Promise<Synchronised> {
  let changed = false
  let fresh = options.fresh === true
  for (let i = 0; i < attempts; i++) {
    // INVARIANT: the log is read before the ref, so that what the ref does not contain was left behind and is not still to come (governance.test.ts).
    const stored = await readGoverning(deps.log)
    const governed = await deps.governance.current({ fresh, ...(options.within === undefined || i > 0 ? {} : { within: options.within }) })
    if (stored?.value.commit === governed.commit && stored.value.ref === governed.ref) return { governed, changed }
    const earlier = stored?.value.commit ?? unbegun
    const follows = earlier === unbegun || await deps.governance.descends(governed.commit, earlier)
    // Another replica may have seen what is newer: ask again before calling it rewritten.
    if (follows || fresh) changed = await enter(deps, governed, stored, follows) || changed
    else fresh = true
  }
  throw new ExeatError([useProblem('GOVERNANCE_MOVED', 'the protected ref moved each time that it was about to be recorded', 'repeat it')])
}

/** False where somebody else entered something first. */
async function enter(deps: UseDependencies, governed: Governed, before: Versioned<StoredGovernance> | undefined, follows: boolean): Promise<boolean> {
  const version = before?.version ?? 0
  const key = `governance/${version}/${governed.commit}`
  const answer = await deps.log.append({
    key,
    digest: Buffer.from(taggedDigest('exeat/operation/v1', { act: 'synchronise', version, ref: governed.ref, commit: governed.commit }, sha256), 'hex'),
    apply: async (tx) => {
      const now = await readGoverning(tx)
      if ((now?.version ?? 0) !== version) return { ok: false, problem: useProblem('GOVERNANCE_MOVED', 'the protected ref was recorded by somebody else meanwhile', 'repeat it') }
      return { ok: true, entries: await record(tx, deps, governed, before, follows) }
    },
  })
  if (answer.ok) return true
  if (answer.problem.code === 'GOVERNANCE_MOVED') return false
  throw new ExeatError([answer.problem])
}

async function record(
  tx: Transaction, deps: UseDependencies, { governance, ref, commit }: Governed, before: Versioned<StoredGovernance> | undefined, follows: boolean,
): Promise<readonly Uint8Array[]> {
  const stored = before?.value
  const all = changesBetween(stored?.documents ?? {}, documentsOf(governance))
  const changes = all.slice(0, changesAnEntry * entriesAnOperation)
  const whole = changes.length === all.length
  const { workspace } = governance
  const events: Said[] = []
  const rewritten = follows || stored === undefined || !whole ? undefined : { from: stored.commit, to: commit, at: tx.at as Instant }
  if (rewritten !== undefined) {
    events.push({ type: 'dev.exeat.audit.degraded.v1', subject: null, data: { code: 'GOVERNANCE_REWRITTEN', message: `the protected ref moved from ${rewritten.from} to ${commit}, which does not contain it` } })
  }
  for (let i = 0; i < changes.length; i += changesAnEntry) {
    events.push({ type: 'dev.exeat.policy.changed.v1', subject: null, data: { commit, changes: changes.slice(i, i + changesAnEntry) } })
  }
  if (whole) events.push({ type: 'dev.exeat.workspace.changed.v1', subject: null, data: { ref, commit, workspace: workspace.digest, previous: stored?.workspace ?? null } })
  await keepDocuments(tx, governance)
  const next: StoredGovernance = {
    ...(whole || stored === undefined ? { ref, commit: whole ? commit : unbegun, workspace: workspace.digest } : stored),
    documents: withChanges(stored?.documents ?? {}, changes),
    ...(rewritten === undefined ? stored?.rewritten === undefined ? {} : { rewritten: stored.rewritten } : { rewritten }),
  }
  demand(await tx.put(recordKinds.governance, 'current', toBytes(next), before?.version ?? 0))
  return (await writeEvents(tx, deps, serverIdentity(deps.origin), events)).entries
}

/** Digest by `kind/name`, of what policies are merged from. */
const documentsOf = ({ policies, aliases }: Governance): Documents =>
  Object.fromEntries([...policies, ...aliases].map(({ document, digest }) => [`${document.kind}/${document.metadata.name}`, digest]))

function changesBetween(before: Documents, after: Documents): readonly Change[] {
  const digest = (documents: Documents, key: string): HexDigest | null => (Object.hasOwn(documents, key) ? documents[key] ?? null : null)
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    .filter((key) => digest(before, key) !== digest(after, key))
    .map((key) => {
      const kind = key.startsWith('Aliases/') ? 'Aliases' : 'OptOutPolicy'
      return { kind, name: key.slice(kind.length + 1), digest: digest(after, key), previous: digest(before, key) }
    })
}

function withChanges(documents: Documents, changes: readonly Change[]): Documents {
  const next = new Map(Object.entries(documents))
  for (const { kind, name, digest } of changes) {
    if (digest === null) next.delete(`${kind}/${name}`)
    else next.set(`${kind}/${name}`, digest)
  }
  return Object.fromEntries(next)
}

/** Kept for ever and by digest: keeping what is kept already changes nothing. */
async function keepDocuments(tx: Transaction, { workspace, policies, aliases }: Governance): Promise<void> {
  const placed = [...[workspace].map((each) => ({ ...each, kind: bodyKinds.workspace })), ...policies.map((each) => ({ ...each, kind: bodyKinds.policy })), ...aliases.map((each) => ({ ...each, kind: bodyKinds.aliases }))]
  for (const { kind, digest, document } of placed) demand(await tx.keep(kind, digest, toBytes(encodeDocument(document) satisfies Json)))
}
