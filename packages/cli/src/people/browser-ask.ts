/** Renewals, emergencies and reviews by whoever signed in: shown here, tapped for in a browser, and held against the entry that comes of it. */
import { type StandingOptOut } from '@exeat/core'
import { comparisonCode } from '@exeat/core/envelope'
import { impactDigest } from '@exeat/core/impact'
import type { ActAnswer, Wire } from '@exeat/core/wire'
import { requestOf } from '../acts/document.ts'
import { signedText } from '../acts/signed-text.ts'
import type { Acting, ActFlags } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { sha256 } from '../log/crypto.ts'
import { actInBrowser, type Recorded } from './browser-act.ts'

type Server = Pick<Acting, 'client' | 'address'>

const evidence = 'your second factor, in a browser'

/** @throws {ApiError}; {ExeatError} HAND_OVER_*, RECEIPT_OTHER */
export async function renewInBrowser(found: StandingOptOut, { client, address }: Server, flags: Pick<ActFlags, 'format'>, io: Io): Promise<ActAnswer> {
  tell('renew', found, flags, io)
  const recorded: Recorded = { type: 'dev.exeat.optout.renewed.v1', envelope: { purpose: 'renew', ...askedBinding(found) } }
  return actInBrowser({ command: `exeat request ${nameOf(found)}`, act: { purpose: 'renew', asked: requestOf(found) }, recorded, client, address }, io)
}

/** @throws {ApiError}; {ExeatError} HAND_OVER_*, RECEIPT_OTHER */
export async function declareInBrowser(found: StandingOptOut, team: string, { client, address }: Server, flags: Pick<ActFlags, 'format'>, io: Io): Promise<ActAnswer> {
  tell('declare', found, flags, io)
  const recorded: Recorded = { type: 'dev.exeat.emergency.activated.v1', envelope: { purpose: 'emergency', ...askedBinding(found) }, data: { team } }
  return actInBrowser({ command: `exeat emergency ${nameOf(found)} --team ${team}`, act: { purpose: 'emergency', asked: { ...requestOf(found), team } }, recorded, client, address }, io)
}

/** @throws {ApiError}; {ExeatError} HAND_OVER_*, RECEIPT_OTHER */
export async function reviewInBrowser(id: string, review: Wire['reviewSchema'], { client, address }: Server, io: Io): Promise<ActAnswer> {
  const { uid, name } = await client.optOut(id)
  const recorded: Recorded = { type: 'dev.exeat.emergency.reviewed.v1', envelope: { purpose: 'review', uid }, data: { ...review } }
  return actInBrowser({ command: `exeat review ${name} --verdict ${review.verdict}`, act: { purpose: 'review', id: uid, review }, recorded, client, address }, io)
}

const nameOf = ({ document }: StandingOptOut): string => document.metadata.name

const askedBinding = ({ digest, impact }: StandingOptOut) =>
  ({ optOut: digest, impact: impact === undefined ? null : impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [...impact].sort() }, sha256) })

function tell(act: 'renew' | 'declare', found: StandingOptOut, { format }: Pick<ActFlags, 'format'>, io: Io): void {
  const { document, digest, impact } = found
  // Where JSON is asked for, standard output holds that alone.
  const sink = format === 'json' ? io.stderr : io.stdout
  sink.write(`${signedText(act, { document, findings: impact?.size, approvals: [], binding: askedBinding(found), code: comparisonCode(digest), evidence }, io)}\n\n`)
}
