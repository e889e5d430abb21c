/** Witnesses asked for their cosignature whenever the log has grown. */
import { cosign, fetchTransport, type WitnessAddress } from '@exeat/client/log'
import type { Problem } from '@exeat/core'
import { formatSignatureLine, openTree, parseVerifierKey } from '@exeat/log'
import { serverError } from '../config/codes.ts'
import type { LogHead, LogStore } from '../ports/log.ts'
import { sha256, verifySignature } from '../store/ed25519.ts'

export interface WitnessState {
  readonly name: string
  /** Of the newest checkpoint that it has cosigned; null where none is known. */
  readonly size: number | null
  /** How many entries of the log it has not cosigned, as of the last round. */
  readonly behind: number
  /** Why the last attempt failed. */
  readonly problem?: Problem
}

export interface Witnesses {
  readonly states: () => readonly WitnessState[]
  /** One round: every witness that is behind, at once. */
  readonly round: () => Promise<void>
}

/**
 * `URL=VKEY` as the option has it.
 * @throws {ExeatError} CONFIG_INVALID
 */
export function parseWitness(text: string): WitnessAddress {
  const [, url = '', vkey = ''] = /^(https?:\/\/[^\s=]+)=(\S+)$/.exec(text) ?? []
  const key = parseVerifierKey(sha256, vkey)
  if (url === '' || !key.ok || key.value.type !== 'cosignature/v1') {
    throw serverError('CONFIG_INVALID', `\`${text}\` names no witness${key.ok || url === '' ? '' : `: ${key.problem.message}`}`, 'write --witness URL=VKEY, the key of type 4 as the witness prints it')
  }
  return { url, key: key.value }
}

interface Live {
  size: number | null
  problem: Problem | undefined
  /** Milliseconds since the epoch before which it is not asked again. */
  resting: number
  failures: number
}

const longestRest = 60_000

export function witnessing(log: LogStore, addresses: readonly WitnessAddress[], now: () => number): Witnesses {
  let newest = 0
  const live: readonly { readonly address: WitnessAddress; readonly state: Live }[] =
    addresses.map((address) => ({ address, state: { size: null, problem: undefined, resting: 0, failures: 0 } }))

  async function ask(address: WitnessAddress, state: Live, head: LogHead): Promise<void> {
    const prove = async (from: number) => {
      const tree = await openTree(sha256, log, head)
      return tree.ok ? tree.value.consistencyProof(from) : tree
    }
    const answer = await cosign(address, { checkpoint: head.checkpoint, from: state.size ?? 0, prove }, { transport: fetchTransport, verify: verifySignature })
    const line = answer.ok ? formatSignatureLine(answer.value.signature).trimEnd() : ''
    const kept = answer.ok ? await log.addCosignatures(head.size, [{ name: address.key.name, line }]) : answer
    if (kept.ok) {
      Object.assign(state, { size: head.size, problem: undefined, failures: 0, resting: 0 })
      return
    }
    state.problem = kept.problem
    state.failures += 1
    state.resting = now() + Math.min(longestRest, 1000 * 2 ** Math.min(state.failures, 6))
  }

  return {
    states: () => live.map(({ address, state: { size, problem } }) => ({ name: address.key.name, size, behind: newest - (size ?? 0), ...(problem === undefined ? {} : { problem }) })),
    round: async () => {
      if (live.length === 0) return
      const head = await log.head()
      newest = head.size
      await Promise.all(live.filter(({ state }) => state.size !== head.size && now() >= state.resting).map(({ address, state }) => ask(address, state, head)))
    },
  }
}
