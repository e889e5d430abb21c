/** Documents and impacts by digest: which of them the log names, and whether what stands under a digest is that. */
import { documentDigest, type ExeatDocument, type HexDigest, type Json, type Sha256 } from '@exeat/core'
import type { LogEvent } from '@exeat/core/entry'
import { decodeImpact, impactDigest } from '@exeat/core/impact'
import { decode } from '../bundle/documents.ts'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import type { AuditedDocument } from './evidence-types.ts'

export interface NamedDocument {
  readonly kind: AuditedDocument
  readonly digest: HexDigest
}

/** What an entry rests on that stands apart from it. */
export function documentsNamed({ type, data }: LogEvent): readonly NamedDocument[] {
  switch (type) {
    case 'dev.exeat.workspace.changed.v1': return 'delegation' in data ? [] : [{ kind: 'Workspace', digest: data.workspace }]
    case 'dev.exeat.policy.changed.v1': return data.changes.flatMap(({ kind, digest }) => (digest === null ? [] : [{ kind, digest }]))
    case 'dev.exeat.optout.proposed.v1': case 'dev.exeat.optout.renewed.v1': case 'dev.exeat.emergency.activated.v1': {
      const { optOut, impact } = data.binding
      return [{ kind: 'OptOut', digest: optOut }, ...(impact === null ? [] : [{ kind: 'Impact' as const, digest: impact }])]
    }
    default: return []
  }
}

/** The one text in which a document is kept: a changed byte cannot hide where JSON does not look. */
export const documentText = (value: Json): string => JSON.stringify(value)

/** `OPTOUT_DIGEST` */
export function documentValue({ kind, digest }: NamedDocument, text: string): Answer<Json> {
  try {
    const value = JSON.parse(text) as Json
    if (documentText(value) === text && typeof value === 'object' && value !== null) return ok(value)
  } catch {
    // Told below.
  }
  return mismatch({ kind, digest }, 'it is no JSON in the spelling in which documents are kept')
}

/** A document, not an impact, of this kind and digest. `OPTOUT_DIGEST` */
export function checkDocument({ kind, digest }: NamedDocument, value: Json, sha256: Sha256): Answer<ExeatDocument> {
  const read = decode({ document: value as Readonly<Record<string, Json>>, origin: { file: `${kind}/${digest}`, line: 1, column: 1 } })
  if (!read.ok) return mismatch({ kind, digest }, read.problems[0].message)
  if (read.kind !== kind) return mismatch({ kind, digest }, `it is of kind ${read.kind}`)
  const own = documentDigest(read.document, sha256)
  return own === digest ? ok(read.document) : mismatch({ kind, digest }, `its digest is \`${own}\``)
}

/** The fingerprints of the impact of this digest. `OPTOUT_DIGEST` */
export function checkFingerprints(digest: HexDigest, value: Json, sha256: Sha256): Answer<readonly HexDigest[]> {
  const read = decodeImpact(value, `Impact/${digest}`)
  if (!read.ok) return mismatch({ kind: 'Impact', digest }, read.problem.message)
  const own = impactDigest(read.impact, sha256)
  return own === digest ? ok(read.impact.fingerprints) : mismatch({ kind: 'Impact', digest }, `its digest is \`${own}\``)
}

/** Of any kind. `OPTOUT_DIGEST` */
export const checkContent = (named: NamedDocument, value: Json, sha256: Sha256): Answer<unknown> =>
  named.kind === 'Impact' ? checkFingerprints(named.digest, value, sha256) : checkDocument(named, value, sha256)

export const mismatch = ({ kind, digest }: NamedDocument, because: string): Refusal => refuse('OPTOUT_DIGEST', `what stands as the ${kind} \`${digest}\` is not that: ${because}`)
