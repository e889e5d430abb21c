/** What governs, as the bundle carries it. One document that is wrong refuses all: a policy that is left out would loosen (rule 8). */
import {
  type Aliases, checkGovernance, type Decoded, decodeDocument, type DocumentKind, documentDigest, type DocumentTypes, type Json, type Placed, type PlacedPolicy,
  type Sha256, unlocated, type Workspace,
} from '@exeat/core'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import type { Bundle } from './types.ts'

export interface BundleDocuments {
  readonly workspace: Placed<Workspace>
  readonly policies: readonly PlacedPolicy[]
  readonly aliases: readonly Placed<Aliases>[]
}

type Carried = Bundle['documents']['workspace']

export function checkDocuments({ documents, workspace: id }: Bundle, sha256: Sha256): Answer<BundleDocuments> {
  const workspace = decoded(documents.workspace, 'Workspace', sha256)
  if (!workspace.ok) return workspace
  const stated = workspace.value.document.spec.id
  if (stated !== id) return wrong(`the workspace document is of \`${stated}\`, and the bundle of \`${id}\``)
  const policies = all(documents.policies, 'OptOutPolicy', sha256)
  if (!policies.ok) return policies
  const aliases = all(documents.aliases, 'Aliases', sha256)
  if (!aliases.ok) return aliases
  const between = checkGovernance([documents.workspace, ...documents.policies, ...documents.aliases].map(decode)).problems[0] ?? undefined
  if (between !== undefined) return wrong(between.message)
  const own = policies.value.map(ofSource)
  const loose = own.find(({ document, repository }) => repository !== undefined && document.spec.effect !== 'forbid')
  if (loose !== undefined) return wrong(`the source \`${loose.repository ?? ''}\` brings the policy \`${loose.document.metadata.name}\`, which permits`)
  return ok({ workspace: workspace.value, policies: own, aliases: aliases.value })
}

/** A source's own `forbid` speaks of that repository alone. */
const ofSource = (policy: Placed<DocumentTypes['OptOutPolicy']>): PlacedPolicy =>
  policy.origin.source === undefined ? policy : { ...policy, repository: policy.origin.source }

function all<K extends DocumentKind>(carried: readonly Carried[], kind: K, sha256: Sha256): Answer<readonly Placed<DocumentTypes[K]>[]> {
  const documents: Placed<DocumentTypes[K]>[] = []
  for (const each of carried) {
    const document = decoded(each, kind, sha256)
    if (!document.ok) return document
    documents.push(document.value)
  }
  return ok(documents)
}

function decoded<K extends DocumentKind>(carried: Carried, kind: K, sha256: Sha256): Answer<Placed<DocumentTypes[K]>> {
  const { digest, origin } = carried
  const read = decode(carried)
  if (!read.ok) return wrong(`a document of \`${origin.file}\` is wrong: ${read.problems[0].message}`)
  if (read.kind !== kind) return wrong(`a document of \`${origin.file}\` is of kind ${read.kind}, and stands as ${kind}`)
  const computed = documentDigest(read.document, sha256)
  if (computed !== digest) return wrong(`the ${kind} \`${read.document.metadata.name}\` has the digest \`${computed}\`, and the bundle states \`${digest}\``)
  return ok({ document: read.document as DocumentTypes[K], digest, origin: placeOf(origin) })
}

/** Decodes a document that a bundle carries as plain JSON. */
export const decode = ({ document, origin }: Pick<Carried, 'document' | 'origin'>): Decoded => decodeDocument(unlocated(document as Json, origin.file))

/** The place, without a member that says nothing. */
export const placeOf = ({ file, line, column, source }: Carried['origin']): Placed<unknown>['origin'] =>
  ({ file, line, column, ...(source === undefined ? {} : { source }) })

const wrong = (message: string): Refusal => refuse('BUNDLE_DOCUMENTS', message)
