import canonicalize from 'canonicalize'
import * as z from 'zod'
import { type HexDigest, type Sha256, taggedDigest } from '@exeat/core'
import { type Ed25519Verify, formatVerifierKey, parseVerifierKey, type VerifierKey } from '@exeat/log'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { openDsse } from '../dsse/dsse.ts'
import { type Delegation, delegationSchema, delegationType } from './types.ts'
import { decodeText } from './text.ts'

/** Whose delegation is wanted, and by whom it must be signed. */
export interface DelegationPins {
  /** `spec.id` of the workspace. */
  readonly workspace: string
  /** `spec.log.origin`. */
  readonly origin: string
  /** `spec.log.keys`, each of type ed25519. */
  readonly roots: readonly VerifierKey[]
}

export interface DelegationTools {
  readonly sha256: Sha256
  readonly verify: Ed25519Verify
}

/** What the root keys said, and the keys that speak for the log by it. */
export interface VerifiedDelegation {
  readonly delegation: Delegation
  readonly digest: HexDigest
  readonly log: VerifierKey
  readonly bundle: VerifierKey
  readonly webhook: VerifierKey
  /** One person founded the log, and nobody vouched since. */
  readonly singleFounder: boolean
}

/** SHA-256(`exeat/delegation/v1` ‖ 0 ‖ RFC 8785 of the delegation): by it the next epoch names this one. */
export function delegationDigest(delegation: Delegation, sha256: Sha256): HexDigest {
  return taggedDigest('exeat/delegation/v1', z.encode(delegationSchema, delegation), sha256)
}

/** The payload's one spelling. */
export function encodeDelegation(delegation: Delegation): string {
  return canonicalize(z.encode(delegationSchema, delegation)) ?? ''
}

/** How many of the pinned root keys must have signed: two where the workspace pins two or more, else the one. */
export const rootQuorum = (pinned: number): number => (pinned >= 2 ? 2 : 1)

/**
 * Verifies one delegation against what the workspace pins. Whether it is the newest is for whoever reads the log to say (`verifyDelegations`).
 * `DELEGATION_UNSIGNED` where too few root keys signed, `DELEGATION_INVALID` where what they signed is not stated as it must be, `DSSE_*` where the
 * envelope itself is wrong.
 */
export function verifyDelegation(envelope: unknown, pins: DelegationPins, { sha256, verify }: DelegationTools): Answer<VerifiedDelegation> {
  const sound = checkPins(pins.roots)
  if (sound !== undefined) return sound
  const opened = openDsse(envelope, delegationType, pins.roots, verify)
  if (!opened.ok) return opened.problem.code === 'DSSE_UNSIGNED' ? unsigned(0, pins) : opened
  if (opened.value.signers.length < rootQuorum(pins.roots.length)) return unsigned(opened.value.signers.length, pins)
  const delegation = decodePayload(opened.value.payload)
  if (delegation === undefined) return invalid('the delegation is not the RFC 8785 text of what a delegation states')
  const differs = differing(delegation, pins, sha256)
  if (differs !== undefined) return invalid(differs)
  const keys = workingKeys(delegation, pins, sha256)
  if (!keys.ok) return keys
  return ok({ delegation, digest: delegationDigest(delegation, sha256), ...keys.value, singleFounder: pins.roots.length === 1 })
}

/** Pins under which one secret would count twice, or nobody at all. */
function checkPins(roots: readonly VerifierKey[]): Refusal | undefined {
  if (roots.length === 0) return invalid('the workspace pins no root key')
  const wrong = roots.find(({ type }) => type !== 'ed25519')
  if (wrong !== undefined) return invalid(`the root key \`${wrong.name}\` is not of type 1 (Ed25519)`)
  const twice = repeated(roots)
  return twice === undefined ? undefined : invalid(`the public key of \`${twice.name}\` is pinned twice`)
}

function decodePayload(payload: Uint8Array): Delegation | undefined {
  const text = decodeText(payload)
  if (text === undefined) return undefined
  try {
    const parsed = delegationSchema.safeParse(JSON.parse(text))
    return parsed.success && encodeDelegation(parsed.data) === text ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** What the delegation states otherwise than the workspace, as a message. */
function differing(delegation: Delegation, { workspace, origin, roots }: DelegationPins, sha256: Sha256): string | undefined {
  if (delegation.workspace !== workspace) return `the delegation is of the workspace \`${delegation.workspace}\`, not of \`${workspace}\``
  if (delegation.origin !== origin) return `the delegation is of the log \`${delegation.origin}\`, not of \`${origin}\``
  if ((delegation.epoch === 1) !== (delegation.previous === null)) return `the delegation of epoch ${delegation.epoch} ${delegation.previous === null ? 'names no predecessor' : 'names a predecessor'}`
  const stated = delegation.roots.map(({ key }) => key).sort()
  const pinned = roots.map(formatVerifierKey).sort()
  if (stated.length !== pinned.length || stated.some((key, i) => key !== pinned[i])) return 'the delegation names other root keys than the workspace pins'
  const misnamed = delegation.roots.find(({ name, key }) => parsedKey(key, sha256)?.name !== name)
  return misnamed === undefined ? undefined : `the root key that is named \`${misnamed.name}\` has another name of its own`
}

type WorkingKeys = Pick<VerifiedDelegation, 'log' | 'bundle' | 'webhook'>

function workingKeys({ keys }: Delegation, { origin, roots }: DelegationPins, sha256: Sha256): Answer<WorkingKeys> {
  const [log, bundle, webhook] = [keys.log, keys.bundle, keys.webhook].map((text) => parsedKey(text, sha256))
  if (log === undefined || bundle === undefined || webhook === undefined) return invalid('a key that is delegated to is no verifier key of type 1 (Ed25519)')
  if (log.name !== origin) return invalid(`the log's key is named \`${log.name}\`, not as its origin \`${origin}\``)
  const twice = repeated([...roots, log, bundle, webhook])
  if (twice !== undefined) return invalid(`the public key of \`${twice.name}\` stands for two purposes`)
  return ok({ log, bundle, webhook })
}

function parsedKey(text: string, sha256: Sha256): VerifierKey | undefined {
  const key = parseVerifierKey(sha256, text)
  return key.ok && key.value.type === 'ed25519' && formatVerifierKey(key.value) === text ? key.value : undefined
}

const repeated = (keys: readonly VerifierKey[]): VerifierKey | undefined =>
  keys.find((key, i) => keys.some((other, j) => j < i && other.publicKey.every((byte, at) => byte === key.publicKey[at])))

function unsigned(signed: number, { roots }: DelegationPins): Refusal {
  return refuse('DELEGATION_UNSIGNED', `${signed} of the ${roots.length} root keys that the workspace pins signed the delegation, and ${rootQuorum(roots.length)} must have`)
}

const invalid = (message: string): Refusal => refuse('DELEGATION_INVALID', message)
