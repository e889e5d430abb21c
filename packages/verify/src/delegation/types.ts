/** Root keys, pinned in the workspace, say which working keys speak for the log (design §8, genesis). */
import * as z from 'zod'
import { fingerprint, identifier, instantText } from '@exeat/core/entry'

export const delegationType = 'application/vnd.exeat.delegation+json'

/** A C2SP verifier key: `name+id+base64`. */
const verifierKey = z.string().min(1).max(512)

/**
 * The payload of the DSSE envelope, as RFC 8785, signed by root keys: by two where the workspace pins two or more, else by the one (`single-founder`).
 * Epoch 1 is the genesis and stands in entry 0; each later one names its predecessor by digest and takes effect with its entry.
 */
export const delegationSchema = z.strictObject({
  schema: z.literal('exeat/delegation/v1'),
  /** `spec.id` of the workspace. */
  workspace: identifier,
  /** The log's. */
  origin: identifier,
  epoch: z.int().min(1),
  previous: fingerprint.nullable(),
  /** The root keys, who founded the log. */
  roots: z.array(z.strictObject({ name: identifier, key: verifierKey })).min(1).max(32),
  /** Each for one purpose alone. */
  keys: z.strictObject({ log: verifierKey, bundle: verifierKey, webhook: verifierKey }),
  at: instantText,
})

export type Delegation = z.output<typeof delegationSchema>
