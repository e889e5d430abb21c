/** A bundle that holds: fetched, from a file, or the last good one while the server is away. */
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { type ApiClient, ApiError, httpLog, isAway } from '@exeat/client'
import type { Facts, Instant, Problem, Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { openTree } from '@exeat/log'
import { type BundleContext, type BundlePins, bundlePins, largestBundle, type SeenHead, type VerifiedBundle, verifyBundle } from '@exeat/verify'
import type { Io } from '../edge/io.ts'
import { cliError, cliProblem, systemReason } from '../edge/problem.ts'
import { evidenceDeps } from '@exeat/git/crypto'
import { sha256, verifySignature } from '../log/crypto.ts'
import { type Address, addressOf, clientAt, isAddress } from './address.ts'
import { bundleCache } from './cache.ts'
import { readWithin } from './files.ts'
import { rememberedHead } from './seen.ts'

export type BundleSource = 'fetched' | 'file' | 'cache'

export interface Obtained {
  readonly bundle: VerifiedBundle
  readonly origin: string
  readonly source: BundleSource
  /** Absent for a file: there is nobody to tell of uses. */
  readonly client?: ApiClient
  readonly warnings: readonly Problem[]
}

export interface Wanted {
  /** URL or file, as given. */
  readonly from: string
  readonly workspace: Workspace
  readonly facts: Facts
  readonly protectedEnvironment: boolean
  readonly now: Instant
  /** False: `--no-cache`. */
  readonly cache: boolean
}

export const bundleDeps = { sha256, verify: verifySignature, evidence: evidenceDeps }

/** Milliseconds for each exchange: a job waits for no server for long. */
const timeout = 10_000

/** @throws {ExeatError} PINS_INVALID, BUNDLE_*, and whatever the server refuses: nothing is excused */
export async function obtainBundle(wanted: Wanted, io: Io): Promise<Obtained> {
  const pins = bundlePins(wanted.workspace, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  const audience = wanted.facts.repository?.value.id ?? '*'
  const { last, warnings, keep } = rememberedHead(pins.value.workspace, pins.value.origin, io)
  const context: BundleContext = { now: wanted.now, audience, protectedEnvironment: wanted.protectedEnvironment, ...(last === undefined ? {} : { last }) }
  const obtained = isAddress(wanted.from) ? await fromServer(wanted, pins.value, context, io) : fromFile(wanted.from, pins.value, context, io)
  // A head that nothing shows to extend the one seen last must not take its place: whoever forked the log would be asked for proof from the fork on.
  const { extends: proven, ...found } = obtained
  return { ...found, origin: pins.value.origin, warnings: [...warnings, ...found.warnings, ...(proven ? keep(found.bundle.seen) : [])] }
}

interface Found extends Omit<Obtained, 'origin'> {
  /** Whether its log is shown to extend the head seen last. */
  readonly extends: boolean
}

/** Without a proof: only where there is nothing to extend. */
const isSame = (last: SeenHead | undefined, seen: SeenHead): boolean => last === undefined || last.size === 0 || last.size === seen.size

/** @throws {ExeatError} BUNDLE_UNREACHABLE, BUNDLE_* */
function fromFile(from: string, pins: BundlePins, context: BundleContext, io: Io): Found {
  let bytes: Uint8Array | undefined
  try {
    bytes = readWithin(resolve(io.cwd, from), 2 * largestBundle)
  } catch (cause) {
    throw cliError('BUNDLE_UNREACHABLE', `the bundle \`${from}\` cannot be read: ${systemReason(cause)}`)
  }
  if (bytes === undefined) throw cliError('BUNDLE_UNREACHABLE', `there is no bundle at \`${from}\``, 'fetch one with `exeat bundle`, or name the server: --bundle https://HOST')
  const bundle = held(bytes, pins, context)
  return { bundle, source: 'file', warnings: [], extends: isSame(context.last, bundle.seen) }
}

async function fromServer(wanted: Wanted, pins: BundlePins, context: BundleContext, io: Io): Promise<Found> {
  const address = addressOf(wanted.from.replace(/\/v1\/bundle\/?$/, ''), io)
  const client = clientAt(address, io, { timeout, workloads: wanted.workspace.spec.identity?.workloads ?? [] })
  const { audience, protectedEnvironment } = context
  const cache = bundleCache(pins, audience, io, protectedEnvironment)
  const nonce = protectedEnvironment ? randomBytes(16).toString('hex') : undefined
  let bytes: Uint8Array
  try {
    bytes = await client.bundle({ audience, protected: protectedEnvironment ? 'true' : 'false', ...(nonce === undefined ? {} : { nonce }) })
  } catch (error) {
    if (!isAway(error) || !(error instanceof ExeatError) || await saysTampered(error)) throw error
    return { ...whileAway(error, wanted, cache.read, pins, context), client }
  }
  const asked = { ...context, ...(nonce === undefined ? {} : { nonce }) }
  const bundle = held(bytes, pins, asked)
  const unproven = await proveSuccession(bytes, bundle, pins, asked, address)
  if (unproven !== undefined && protectedEnvironment) throw new ExeatError([unproven])
  cache.write(bytes)
  return { bundle, source: 'fetched', client, warnings: unproven === undefined ? [] : [unproven], extends: unproven === undefined }
}

/** Whether nobody answered, or only that nothing can be answered now: then, and for no refusal, an offline grant may stand in. */
export const isDown = (error: unknown): error is ExeatError =>
  error instanceof ExeatError && error.problems[0].code === 'BUNDLE_UNREACHABLE' && error.cause instanceof ApiError && isAway(error.cause) && error.cause.status !== 429

/** A server that answers that its log was tampered with is not away, and nothing that it said before stands in. */
async function saysTampered({ problems }: ExeatError): Promise<boolean> {
  const { codeEntry } = await import('../edge/code-table.ts')
  return problems.some(({ code }) => codeEntry(code)?.exit === 2)
}

/** The last good bundle, for as long as it says itself. @throws {ExeatError} BUNDLE_UNREACHABLE */
function whileAway(error: ExeatError, { from, protectedEnvironment, cache }: Wanted, read: () => Uint8Array | undefined, pins: BundlePins, context: BundleContext): Found {
  const [{ message }] = error.problems
  const unreachable = (hint: string): ExeatError => new ExeatError([cliProblem('BUNDLE_UNREACHABLE', `no bundle could be had from \`${from}\`: ${message}`, hint)], { cause: error })
  if (protectedEnvironment) throw unreachable('nothing was excused; in a protected environment no earlier bundle stands in')
  const bytes = cache ? read() : undefined
  if (bytes === undefined) throw unreachable('nothing was excused, and no earlier bundle is kept here; start the server, or give a bundle that `exeat bundle` fetched: --bundle FILE')
  const verified = verifyBundle(bytes, pins, context, bundleDeps)
  if (!verified.ok) throw unreachable(`nothing was excused; the bundle kept from an earlier run does not hold any more: ${verified.problem.message}`)
  return { bundle: verified.value, source: 'cache', warnings: [cliProblem('BUNDLE_FROM_CACHE', `${message}; the bundle of an earlier run stands in until its own end`, 'what was revoked since then is not known here')], extends: isSame(context.last, verified.value.seen) }
}

/** @throws {ExeatError} with what is wrong with it */
function held(bytes: Uint8Array, pins: BundlePins, context: BundleContext): VerifiedBundle {
  const verified = verifyBundle(bytes, pins, context, bundleDeps)
  if (verified.ok) return verified.value
  throw new ExeatError([verified.problem])
}

/**
 * Where the log has grown since the head seen last, its tiles must prove that it extends that head; answers what is wrong where they show nothing.
 * @throws {ExeatError} BUNDLE_SPLIT_VIEW
 */
async function proveSuccession(bytes: Uint8Array, { seen }: VerifiedBundle, pins: BundlePins, context: BundleContext, address: Address): Promise<Problem | undefined> {
  const { last } = context
  if (last === undefined || isSame(last, seen)) return undefined
  const proof = await consistency(last, seen, address)
  if (typeof proof === 'string') {
    return cliProblem('LOG_UNPROVEN', `the log at \`${address.name}\` has ${seen.size} entries and does not show that it extends the ${last.size} seen before: ${proof}`, 'check it: `exeat log verify`; nothing of it is remembered until it does')
  }
  held(bytes, pins, { ...context, last: { ...last, proof } })
  return undefined
}

/** A proof, believed only by the verifier; or why there is none. */
async function consistency(last: SeenHead, seen: SeenHead, { base, transport }: Address): Promise<readonly Uint8Array[] | string> {
  try {
    const tree = await openTree(sha256, httpLog(`${base}/log`, transport, { timeout }), { size: seen.size, root: seen.root })
    if (!tree.ok) return tree.problem.message
    const proof = await tree.value.consistencyProof(last.size)
    return proof.ok ? proof.value : proof.problem.message
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
