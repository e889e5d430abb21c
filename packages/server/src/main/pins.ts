/** Whose keys the server believes: the root keys that the workspace pins, or those of entry 0 until the workspace pins any. */
import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { parseVerifierKey, type VerifierKey } from '@exeat/log'
import { type DelegationPins, type Delegations, delegationSchema, dsseSchema } from '@exeat/verify'
import { serverError, serverProblem } from '../config/codes.ts'
import type { ServerConfig } from '../config/schema.ts'
import { readDelegations, readEpoch } from '../genesis/entry.ts'
import type { Governed, GovernanceSource } from '../ports/governance.ts'
import type { LogReader } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'

export interface Founding {
  readonly delegations: Delegations
  /** What the workspace must pin. */
  readonly pins: DelegationPins
  /** What the operator should know; the server runs all the same. */
  readonly warnings: readonly Problem[]
}

/**
 * Verifies the delegations in the log. Where the protected ref cannot be read now, the log is held against its own entry 0 alone, and the server
 * judges nothing until the ref can be read.
 * @throws {ExeatError} WORKSPACE_OTHER, WORKSPACE_PINS, GENESIS_INVALID
 */
export async function verifyFounding(log: LogReader, config: ServerConfig, governance: GovernanceSource): Promise<Founding> {
  const { workspace, origin } = config
  const own: DelegationPins = { workspace, origin, roots: await statedRoots(log) }
  const delegations = await readDelegations(log, own)
  let governed: Governed
  try {
    governed = await governance.current({ fresh: true })
  } catch (error) {
    if (!(error instanceof ExeatError)) throw error
    return { delegations, pins: own, warnings: error.problems }
  }
  const wrong = wrongPins(governed, own)
  if (wrong !== undefined) throw new ExeatError([wrong])
  const warnings = governed.governance.workspace.document.spec.log === undefined
    ? [serverProblem('WORKSPACE_PINS', 'the workspace pins no log yet: no enforcement point can honour an opt-out of this one', 'put what `exeat init --server` printed under `spec` of the workspace document, and merge it')]
    : []
  return { delegations, pins: own, warnings }
}

/** What the workspace says otherwise than this log: with it no enforcement point honours anything. Undefined also where it pins nothing yet. */
export function wrongPins({ governance }: Governed, { workspace, origin, roots }: DelegationPins): Problem | undefined {
  const { id, log } = governance.workspace.document.spec
  if (id !== workspace) return serverProblem('WORKSPACE_OTHER', `the repository governs the workspace \`${id}\`, and the server was founded for \`${workspace}\``)
  if (log === undefined) return undefined
  if (log.origin !== origin) return serverProblem('WORKSPACE_PINS', `the workspace pins the log \`${log.origin}\`, and this one is \`${origin}\``, 'correct `spec.log.origin` of the workspace document, and merge it')
  if (sameKeys(log.keys, roots)) return undefined
  return serverProblem('WORKSPACE_PINS', 'the workspace pins other root keys than those that founded this log', 'correct `spec.log.keys` of the workspace document, and merge it')
}

const sameKeys = (texts: readonly string[], keys: readonly VerifierKey[]): boolean =>
  texts.length === keys.length && texts.every((text) => {
    const parsed = parseVerifierKey(sha256, text)
    return parsed.ok && keys.some((key) => Buffer.compare(key.publicKey, parsed.value.publicKey) === 0 && key.name === parsed.value.name)
  })

/** The root keys that entry 0 states. They prove nothing before they are held against what the workspace pins. */
export async function statedRoots(log: LogReader): Promise<readonly VerifierKey[]> {
  return rootsStated((await readEpoch(log, 0)).envelope)
}

/** The same of the envelope itself. @throws {ExeatError} GENESIS_INVALID */
export function rootsStated(said: unknown): readonly VerifierKey[] {
  const envelope = dsseSchema.safeParse(said)
  const stated = envelope.success ? delegationSchema.safeParse(parsed(envelope.data.payload)) : undefined
  const keys = stated?.success === true ? stated.data.roots.map(({ key }) => parseVerifierKey(sha256, key)) : []
  const roots = keys.flatMap((key) => (key.ok ? [key.value] : []))
  if (roots.length === 0 || roots.length !== keys.length) throw serverError('GENESIS_INVALID', 'entry 0 of the log names no root keys')
  return roots
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, 'base64').toString('utf8'))
  } catch {
    return undefined
  }
}
