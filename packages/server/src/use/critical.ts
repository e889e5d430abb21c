/** Which opt-outs are approved with more than a tap (attack 24: approving out of habit). */
import { decodeDocument, type Json, type OptOut, unlocated } from '@exeat/core'
import type { Governed } from '../ports/governance.ts'
import { fromBytes } from './stored.ts'

/**
 * Whether the opt-out may excuse what is of severity `critical`, or is in force in a protected environment. Three-valued as every restriction: what cannot be told
 * counts as true. A document names no severity, so that of each policy which covers it decides, and one that names none covers all.
 * `bytes`: the document as it was kept; undefined where it was erased.
 */
export function isCritical(governed: Governed | undefined, bytes: Uint8Array | undefined): boolean {
  if (governed === undefined || bytes === undefined) return true
  const decoded = decodeDocument(unlocated(fromBytes<Json>(bytes), 'kept'))
  if (!decoded.ok || decoded.document.kind !== 'OptOut') return true
  return inProtected(governed, decoded.document) || coversCritical(governed, decoded.document)
}

function inProtected({ governance: { workspace } }: Governed, { spec: { targets } }: OptOut): boolean {
  const { environments } = workspace.document.spec
  const named = targets?.environments
  return environments.some(({ name, protected: guarded }) => guarded === true && (named === undefined || named.includes(name)))
}

function coversCritical({ governance: { policies }, policySet }: Governed, document: OptOut): boolean {
  const answer = policySet.termsForOptOut(document)
  if (answer.kind === 'refused') return true
  return policies.some(({ document: { metadata, spec } }) => answer.terms.policies.includes(metadata.name) && spec.severities?.includes('critical') !== false)
}
