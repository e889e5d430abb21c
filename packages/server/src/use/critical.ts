/** What approving an opt-out takes by the terms in force: which second factor, and whether more than a tap (attack 24: approving out of habit). */
import { decodeDocument, type Json, type OptOut, type Terms, unlocated } from '@exeat/core'
import type { OptOutView } from '@exeat/core/wire'
import type { Governed } from '../ports/governance.ts'
import { fromBytes } from './stored.ts'

export type Weight = Pick<OptOutView, 'critical' | 'mfa'>

/**
 * `critical`: whether the opt-out may excuse what is of severity `critical`, or is in force in a protected environment. Three-valued as every restriction: what cannot
 * be told counts as true. A document names no severity, so that of each policy which covers it decides, and one that names none covers all.
 * `bytes`: the document as it was kept; undefined where it was erased.
 */
export function weightOf(governed: Governed | undefined, bytes: Uint8Array | undefined): Weight {
  if (governed === undefined || bytes === undefined) return { critical: true }
  const decoded = decodeDocument(unlocated(fromBytes<Json>(bytes), 'kept'))
  if (!decoded.ok || decoded.document.kind !== 'OptOut') return { critical: true }
  const answer = governed.policySet.termsForOptOut(decoded.document)
  if (answer.kind === 'refused') return { critical: true }
  const { terms } = answer
  const mfa = terms.mfa.value
  return { critical: inProtected(governed, decoded.document) || coversCritical(governed, terms), mfa: mfa === 'none' ? 'none' : mfa.evidence }
}

function inProtected({ governance: { workspace } }: Governed, { spec: { targets } }: OptOut): boolean {
  const { environments } = workspace.document.spec
  const named = targets?.environments
  return environments.some(({ name, protected: guarded }) => guarded === true && (named === undefined || named.includes(name)))
}

const coversCritical = ({ governance: { policies } }: Governed, terms: Terms): boolean =>
  policies.some(({ document: { metadata, spec } }) => terms.policies.includes(metadata.name) && spec.severities?.includes('critical') !== false)
