import { leafHash } from '@exeat/log'
import type { Problem } from '@exeat/core'
import type { Applied, Operation, Transaction } from '../ports/log.ts'
import { sha256 } from './ed25519.ts'

export interface EntryOptions {
  readonly restricts?: boolean
  readonly records?: Operation['records']
  /** Changes the state beside the entry; a problem given back refuses the operation without entries. */
  readonly change?: (transaction: Transaction) => Promise<Problem | undefined> | Problem | undefined
}

/** An operation that appends these bytes as they are; its digest is their leaf hash. They are copied. */
export function entryOperation(key: string, entry: Uint8Array, { restricts = false, records = [], change }: EntryOptions = {}): Operation {
  const copy = Buffer.from(entry)
  const accepted: Applied = { ok: true, entries: [copy] }
  return {
    key,
    digest: leafHash(sha256, copy),
    restricts,
    records,
    apply: change === undefined ? () => accepted : async (transaction) => {
      const problem = await change(transaction)
      return problem === undefined ? accepted : { ok: false, problem }
    },
  }
}
