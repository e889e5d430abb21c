/** All delegations of a log in the order of its entries: which keys spoke for it, and from which entry on. */
import { formatVerifierKey, type VerifierKey } from '@exeat/log'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { type DelegationPins, type DelegationTools, type VerifiedDelegation, verifyDelegation } from './verify.ts'

/** A delegation as the log holds it: the DSSE envelope of a `workspace.changed` entry, and where that stands. */
export interface RecordedDelegation {
  readonly index: number
  readonly envelope: unknown
}

export interface DelegationEpoch extends VerifiedDelegation {
  /** Of the entry from which on it is in force. */
  readonly index: number
}

export interface Delegations {
  /** The genesis first. */
  readonly epochs: readonly [DelegationEpoch, ...DelegationEpoch[]]
  /** The last of them. */
  readonly current: DelegationEpoch
}

/**
 * Verifies every delegation of a log. The genesis is entry 0 and epoch 1; each later one is the next epoch, names its predecessor by digest, is not dated
 * before it, keeps the log's key, and brings no key back that was replaced. `DELEGATION_INVALID` where they do not follow upon one another, and whatever
 * `verifyDelegation` says of each.
 */
export function verifyDelegations(recorded: readonly RecordedDelegation[], pins: DelegationPins, tools: DelegationTools): Answer<Delegations> {
  const [first, ...later] = recorded
  if (first === undefined || first.index !== 0) return broken('entry 0 of the log holds no delegation')
  const genesis = verifyDelegation(first.envelope, pins, tools)
  if (!genesis.ok) return genesis
  if (genesis.value.delegation.epoch !== 1) return broken(`entry 0 holds the delegation of epoch ${genesis.value.delegation.epoch}, not the first`)
  const epochs: [DelegationEpoch, ...DelegationEpoch[]] = [{ ...genesis.value, index: 0 }]
  let current = epochs[0]
  for (const { index, envelope } of later) {
    const verified = verifyDelegation(envelope, pins, tools)
    if (!verified.ok) return verified
    const next = { ...verified.value, index }
    const wrong = follows(current, next) ?? revived(epochs, next)
    if (wrong !== undefined) return wrong
    epochs.push(next)
    current = next
  }
  return ok({ epochs, current })
}

/** The delegation in force in a log of `size` entries; undefined for the empty log. */
export function delegationAt({ epochs }: Delegations, size: number): DelegationEpoch | undefined {
  return epochs.findLast(({ index }) => index < size)
}

function follows(before: DelegationEpoch, next: DelegationEpoch): Refusal | undefined {
  const { epoch, previous, at } = next.delegation
  if (next.index <= before.index) return broken(`the delegation at entry ${next.index} stands behind the one at entry ${before.index}`)
  if (epoch !== before.delegation.epoch + 1) return broken(`the delegation of epoch ${epoch} follows that of epoch ${before.delegation.epoch}`)
  if (previous !== before.digest) return broken(`the delegation of epoch ${epoch} names another predecessor than that of epoch ${before.delegation.epoch}`)
  if (!(at >= before.delegation.at)) return broken(`the delegation of epoch ${epoch} is dated before that of epoch ${before.delegation.epoch}`)
  if (formatVerifierKey(next.log) !== formatVerifierKey(before.log)) return broken(`the delegation of epoch ${epoch} names another log key, which stays for as long as the origin does`)
  return undefined
}

/** A key that was replaced may have been stolen: nothing brings it back, and none changes its purpose. */
function revived(epochs: readonly DelegationEpoch[], next: DelegationEpoch): Refusal | undefined {
  const before = epochs.at(-1)
  for (const purpose of ['bundle', 'webhook'] as const) {
    if (before !== undefined && sameSecret(before[purpose], next[purpose])) continue
    if (epochs.some(({ bundle, webhook }) => sameSecret(bundle, next[purpose]) || sameSecret(webhook, next[purpose]))) {
      return broken(`the delegation of epoch ${next.delegation.epoch} brings back a key that was replaced, or gives it another purpose`)
    }
  }
  return undefined
}

const sameSecret = (a: VerifierKey, b: VerifierKey): boolean => a.publicKey.every((byte, i) => byte === b.publicKey[i])

const broken = (message: string): Refusal => refuse('DELEGATION_INVALID', message)
