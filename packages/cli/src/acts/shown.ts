/** What an approval or activation signs, fetched and held against its digests: nobody signs what was not shown. */
import { decodeDocument, documentDigest, type Json, type OptOut, unlocated } from '@exeat/core'
import { shownCode } from '@exeat/core/envelope'
import { decodeImpact, impactDigest } from '@exeat/core/impact'
import type { OptOutView } from '@exeat/core/wire'
import type { ApiClient } from '@exeat/client'
import { cliError } from '../edge/problem.ts'
import { sha256 } from '../log/crypto.ts'

export interface Shown {
  readonly view: OptOutView
  readonly document: OptOut
  /** How many findings were measured; undefined where the terms ask for no impact. */
  readonly findings: number | undefined
  /** Of all that is signed: two people who see the same one look at the same thing. */
  readonly code: string
}

/** @throws {ApiError}; {ExeatError} SHOWN_DIFFERS */
export async function fetchShown(client: ApiClient, id: string): Promise<Shown> {
  const view = await client.optOut(id)
  const document = documentOf(view)
  return { view, document, findings: await countFindings(client, view), code: codeOf(view) }
}

/** Of the document, terms and impact that this opt-out stands for, by their digests. */
export function codeOf({ uid, binding }: Pick<OptOutView, 'uid' | 'binding'>): string {
  return shownCode(uid, binding, sha256)
}

function documentOf({ name, document, binding }: OptOutView): OptOut {
  if (document === undefined) throw cliError('SHOWN_DIFFERS', `the document of opt-out \`${name}\` was erased, so nobody can see what would be signed`)
  const decoded = decodeDocument(unlocated(document as Json, name))
  if (!decoded.ok || decoded.document.kind !== 'OptOut') throw differs(`the document that the server shows as opt-out \`${name}\` cannot be read`)
  const digest = documentDigest(decoded.document, sha256)
  if (digest !== binding.optOut) throw differs(`the document that the server shows has the digest \`${digest}\`, and \`${binding.optOut}\` would be signed`)
  return decoded.document
}

async function countFindings(client: ApiClient, { binding: { impact, optOut } }: OptOutView): Promise<number | undefined> {
  if (impact === null) return undefined
  const decoded = decodeImpact(await client.document('Impact', impact) as Json, 'the impact')
  if (!decoded.ok) throw differs('the impact that the server shows cannot be read')
  const digest = impactDigest(decoded.impact, sha256)
  if (digest !== impact || decoded.impact.optOut !== optOut) throw differs(`the impact that the server shows has the digest \`${digest}\`, and \`${impact}\` would be signed`)
  return decoded.impact.fingerprints.length
}

const differs = (message: string): Error => cliError('SHOWN_DIFFERS', message, 'nothing was signed; ask whoever keeps the server')
