/** An opt-out as this page may show it for signing: held against its digests, so that nobody signs what was not shown. */
import { decodeDocument, documentDigest, type Json, type OptOut, unlocated } from '@exeat/core'
import { type AnyEnvelope, shownCode } from '@exeat/core/envelope'
import { decodeImpact, impactDigest } from '@exeat/core/impact'
import { type OptOutView, optOutViewSchema } from '@exeat/core/wire'
import { anything, get, Refused } from './api.ts'
import { sha256 } from './crypto.ts'

export interface Shown {
  readonly view: OptOutView
  readonly document: OptOut
  /** How many findings were measured; undefined where the terms ask for no impact. */
  readonly findings: number | undefined
  /** Of all that is signed; the command line shows the same. */
  readonly code: string
}

/** @throws {Refused} also where what the server shows is not what would be signed */
export async function fetchShown(id: string): Promise<Shown> {
  const view = await get(`/v1/opt-outs/${encodeURIComponent(id)}`, optOutViewSchema)
  return { view, document: documentOf(view), findings: await countOf(view), code: shownCode(view.uid, view.binding, sha256) }
}

/** Of an act on an opt-out: what the page shows is what the envelope states. `statement`: of what else the act says. */
export function statesShown(envelope: AnyEnvelope, act: string, { view, document }: Pick<Shown, 'view' | 'document'>, statement?: string): boolean {
  if ('about' in envelope) return false
  const { purpose, uid, optOut, terms, impact, window } = envelope
  return purpose === act && uid === view.uid && optOut === view.binding.optOut && terms === view.binding.terms && impact === view.binding.impact
    && window.from === document.spec.window.from && window.until === document.spec.window.until && envelope.statement === statement
}

function documentOf({ name, document, binding }: OptOutView): OptOut {
  if (document === undefined) throw new Refused({ code: 'ERASED', detail: `the document of \`${name}\` was erased` })
  const decoded = decodeDocument(unlocated(document as Json, name))
  if (!decoded.ok || decoded.document.kind !== 'OptOut' || documentDigest(decoded.document, sha256) !== binding.optOut) throw differs('document')
  return decoded.document
}

async function countOf({ binding: { impact, optOut } }: OptOutView): Promise<number | undefined> {
  if (impact === null) return undefined
  const decoded = decodeImpact(await get(`/v1/documents/Impact/${impact}`, anything) as Json, 'the impact')
  if (!decoded.ok || decoded.impact.optOut !== optOut || impactDigest(decoded.impact, sha256) !== impact) throw differs('impact')
  return decoded.impact.fingerprints.length
}

const differs = (what: string): Refused =>
  new Refused({ code: 'SHOWN_DIFFERS', detail: `the ${what} that the server shows is not the one that would be signed`, hint: 'nothing can be signed here; tell whoever keeps the server' })
