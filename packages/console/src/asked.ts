/** A document that came with an act, and need not stand anywhere yet: shown is exactly what is signed. */
import { decodeDocument, documentDigest, type Identity, type Json, type OptOut, unlocated } from '@exeat/core'
import { type AnyEnvelope, type Envelope, shownCode, statementDigest } from '@exeat/core/envelope'
import { decodeImpact, impactDigest } from '@exeat/core/impact'
import { Refused } from './api.ts'
import { sha256 } from './crypto.ts'
import { type Challenge, challengeFor, type Expected, refuseOther, type Wanted } from './tap.ts'

export type AskedWanted = Extract<Wanted, { readonly purpose: 'renew' | 'emergency' }>

/** All of what is signed, in the words of what was sent. */
export interface AskedShown {
  readonly document: OptOut
  /** How many findings were measured; undefined where no impact was sent. */
  readonly findings: number | undefined
  readonly envelope: Envelope
  /** Of all that is signed; the command line shows the same. */
  readonly code: string
  readonly expected: Expected
}

export interface Asked extends AskedShown {
  readonly challenge: Challenge
}

/** `tapped`: what to ask a challenge for where it is not the act itself. @throws {Refused} also where the challenge is for something else than was sent */
export async function fetchAsked(wanted: AskedWanted, actor: Identity, tapped: Wanted = wanted): Promise<Asked> {
  const challenge = await challengeFor(tapped, statesAsked(wanted, actor).expected)
  return { ...askedIn(wanted, challenge.envelope, actor), challenge }
}

/** What an envelope that exists already states, and nothing else. @throws {Refused} where it is for something else than was sent */
export function askedIn(wanted: AskedWanted, envelope: AnyEnvelope, actor: Identity): AskedShown {
  const { document, expected, findings } = statesAsked(wanted, actor)
  refuseOther(envelope, expected)
  if ('about' in envelope) throw unreadable('challenge')
  return { document, findings, envelope, expected, code: shownCode(envelope.uid, envelope, sha256, envelope.statement) }
}

function documentIn(sent: unknown): OptOut {
  const decoded = decodeDocument(unlocated(sent as Json, 'what was sent'))
  if (!decoded.ok || decoded.document.kind !== 'OptOut') throw unreadable('document')
  return decoded.document
}

function statesAsked(wanted: AskedWanted, actor: Identity): Pick<AskedShown, 'document' | 'expected' | 'findings'> {
  const document = documentIn(wanted.asked.document)
  const optOut = documentDigest(document, sha256)
  const sent = wanted.asked.impact === undefined ? undefined : decodeImpact(wanted.asked.impact as Json, 'the impact')
  if (sent?.ok === false || (sent !== undefined && sent.impact.optOut !== optOut)) throw unreadable('impact')
  const impact = sent === undefined ? null : impactDigest(sent.impact, sha256)
  const { window } = document.spec
  const statement = statementIn(wanted)
  const expected = (envelope: AnyEnvelope): boolean => !('about' in envelope) && envelope.purpose === wanted.purpose && envelope.optOut === optOut && envelope.impact === impact
    && envelope.window.from === window.from && envelope.window.until === window.until && envelope.statement === statement && envelope.actor.iss === actor.iss && envelope.actor.sub === actor.sub
  return { document, expected, findings: sent?.impact.fingerprints.length }
}

function statementIn(wanted: AskedWanted): string | undefined {
  if (wanted.purpose === 'renew') return undefined
  const { team, second } = wanted.asked
  if (typeof second === 'string') throw unreadable('second person')
  return statementDigest({ team, second: second === undefined ? null : { iss: second.iss, sub: second.sub } }, sha256)
}

const unreadable = (what: string): Refused => new Refused({ code: 'SHOWN_DIFFERS', detail: `the ${what} that was handed over cannot be read`, hint: 'nothing can be signed here; begin anew at the command line' })
