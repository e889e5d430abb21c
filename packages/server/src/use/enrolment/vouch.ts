/** Vouching for a key, and taking one away. */
import { type HexDigest, identityKey, type Instant, type Workspace } from '@exeat/core'
import { type EnrolledKey, type EnrolmentLedger, foundersIssuer } from '@exeat/core/enrolment'
import type { EnrolEnvelope } from '@exeat/core/envelope'
import { ExeatError } from '@exeat/core/error'
import { encodeVouch, type People, reasonSchema, vouchSchema } from '@exeat/core/wire'
import { identityError, identityProblem } from '../../identity/codes.ts'
import type { UseDependencies } from '../context.ts'
import { shaped } from '../input.ts'
import { known } from '../people.ts'
import { strongest } from '../judge.ts'
import { shown as told } from '../problem.ts'
import { checkActor, isOperator } from '../shown.ts'
import { synchronise } from '../synchronise.ts'
import type { Actor, IdempotencyKey, Prepared } from '../types.ts'
import { enterKeyAct, envelopeAbout, newEnvelope, type KeyAct } from './change.ts'
import { isOwn } from './enrol.ts'
import { keysAt } from './keys.ts'

/** By a founder's root key, over an envelope of the founder's making. */
export type RootVouch = Extract<People['vouchSchema'], { readonly root: unknown }>

const unknown = (digest: string) => identityError('KEY_UNKNOWN', `no key has the digest \`${told(digest)}\``, 'see what there is: `GET /v1/enrolments`')

/** @throws {ExeatError} KEY_UNKNOWN, KEY_REMOVED */
function standing({ keys }: EnrolmentLedger, digest: HexDigest): EnrolledKey {
  const found = keys.filter((key) => key.digest === digest)
  const stands = found.find(({ removedAt }) => removedAt === undefined)
  if (stands !== undefined) return stands
  throw found.length === 0 ? unknown(digest) : identityError('KEY_REMOVED', 'the key was removed', 'enrol another key')
}

/** The tap of somebody who is enrolled: `actor.tap`. Or a founder's root key, whoever brings it. */
export async function vouch(deps: UseDependencies, actor: Actor, digest: HexDigest, root: RootVouch | undefined, key: IdempotencyKey): Promise<number> {
  const statement = root === undefined ? undefined : rootVouch(root)
  return enterKeyAct(deps, actor, key, {
    name: 'vouch', content: { digest, root: statement?.root.name ?? null }, tap: statement === undefined ? 'needed' : 'none',
    judge: (judging) => {
      const added = standing(judging.keys, digest)
      const { person } = added
      if (person === undefined) throw identityError('VOUCH_REFUSED', 'nobody vouches for the key of an identity provider')
      if (statement !== undefined) {
        const { envelope, root: evidence } = statement
        refuseOther(envelope, digest, evidence.name, judging.governed.governance.workspace.document)
        return { type: 'dev.exeat.enrolment.vouched.v1', data: { person, credential: digest, by: { iss: foundersIssuer, sub: evidence.name }, envelope, evidence } }
      }
      if (isOperator(actor)) throw identityError('VOUCH_REFUSED', 'a typed name vouches for nobody', 'sign in, and tap; or sign with a founder\'s root key: `exeat enrol vouch --root-key`')
      refuseOwn(added, actor)
      refuseUngoverned(judging.groups, judging.governed.governance.workspace.document)
      const envelope = envelopeAbout(deps, digest, judging)
      return { type: 'dev.exeat.enrolment.vouched.v1', data: { person, credential: digest, by: actor.identity, groups: [...judging.groups], envelope, evidence: judging.shown.evidence } }
    },
    takesEffect: vouched(digest),
  })
}

function rootVouch(sent: RootVouch): RootVouch {
  const vouch = shaped(vouchSchema, encodeVouch(sent))
  if (!('root' in vouch)) throw identityError('VOUCH_REFUSED', 'no root key signed it')
  return vouch
}

function refuseOther({ about, workspace, actor, purpose }: EnrolEnvelope, digest: HexDigest, root: string, { spec: { id } }: Workspace): void {
  if (about !== digest) throw identityError('VOUCH_REFUSED', 'the root key signed for another key')
  if (workspace !== id || purpose !== 'enrol' || identityKey(actor) !== identityKey({ iss: foundersIssuer, sub: root })) {
    throw identityError('VOUCH_REFUSED', 'the root key signed something else than that it vouches in this workspace')
  }
}

function refuseOwn(key: EnrolledKey, { identity }: Actor): void {
  if (isOwn(key, identity)) throw identityError('VOUCH_REFUSED', 'nobody vouches for a key of their own', 'ask somebody whose key counts, or a founder')
}

/** Where the workspace says who governs, nobody else's word makes a key count. */
function refuseUngoverned(groups: readonly string[], workspace: Workspace): void {
  const keepers = keepersOf(workspace)
  if (keepers.length > 0 && !groups.some((group) => keepers.includes(group))) {
    throw identityError('VOUCH_REFUSED', `only who governs vouches for keys, somebody of \`${keepers.join('`, `')}\``, 'ask one of them')
  }
}

const keepersOf = ({ spec: { governance } }: Workspace): readonly string[] => governance?.approve.flatMap((each) => each.groups) ?? []

const vouched = (digest: HexDigest): KeyAct['takesEffect'] => (before, after) =>
  (standing(after, digest).vouches.length > standing(before, digest).vouches.length ? undefined
    : identityProblem('VOUCH_REFUSED', 'what was signed does not hold: by no key that the workspace pins, by one that does not count, or at another time'))

/** What a tap for a key is made over: somebody else's that stands, or one of one's own that is about to be added. */
export async function prepareVouch(deps: UseDependencies, actor: Actor, digest: HexDigest): Promise<Prepared> {
  checkActor(actor)
  const { governed } = await synchronise(deps)
  const { keys } = await keysAt(deps.log, governed.governance.workspace.document)
  const stands = keys.find((key) => key.digest === digest && key.removedAt === undefined)
  if (stands !== undefined) refuseOwn(stands, actor)
  const { at } = await deps.log.head()
  return { envelope: newEnvelope(deps, digest, governed, actor.identity, Math.max(deps.now(), at) as Instant), mfa: strongest }
}

/** One's own, or anybody's where governance lets; the operator's as well: it only takes away. */
export async function removeKey(deps: UseDependencies, actor: Actor, digest: HexDigest, reason: string, key: IdempotencyKey): Promise<number> {
  shaped(reasonSchema, { reason })
  return enterKeyAct(deps, actor, key, {
    name: 'remove-key', content: { digest, reason }, tap: 'none',
    judge: (judging) => {
      const { person } = refuseStranger(standing(judging.keys, digest), actor, judging.groups, judging.governed.governance.workspace.document)
      const data = { ...(person === undefined ? {} : { person }), credential: digest, by: actor.identity, reason, envelope: envelopeAbout(deps, digest, judging), evidence: actor.evidence }
      return { type: 'dev.exeat.enrolment.removed.v1', data }
    },
    takesEffect: (before, after) => {
      const { index } = standing(before, digest)
      return after.key(index)?.removedAt === undefined ? identityProblem('KEY_REMOVED', 'the key was removed') : undefined
    },
  })
}

function refuseStranger(key: EnrolledKey, actor: Actor, groups: readonly string[], workspace: Workspace): EnrolledKey {
  const keepers = keepersOf(workspace)
  if (isOperator(actor) || isOwn(key, actor.identity) || groups.some((group) => keepers.includes(group))) return key
  throw new ExeatError([{ code: 'NOT_ENTITLED', message: 'the key is somebody else\'s, and only its owner, or who governs, may remove it' }])
}

/** Whose groups let them invite people and remove keys: those of `governance.approve`. */
export async function governs(deps: UseDependencies, actor: Actor): Promise<boolean> {
  const { governed } = await synchronise(deps)
  const { document: workspace } = governed.governance.workspace
  const keepers = keepersOf(workspace)
  return (await known(deps.directory, workspace, [actor.identity])).groupsOf(actor.identity).some((group) => keepers.includes(group))
}
