/** Whose word counts for what (design §3, Authority). */
import type { ExeatDocument, Workspace } from '../document/schema.ts'
import { type Placed, type PolicyProblem, problemAt } from './validate.ts'

/** Where documents were read from. A source is known by both its name and its id. */
export type Provider =
  | { readonly kind: 'governance' }
  | { readonly kind: 'source'; readonly name: string; readonly repositoryId: string }

export interface Authorised {
  readonly accepted: readonly (Placed<ExeatDocument> & { readonly repository?: string })[]
  /** Each refused alone. */
  readonly refused: readonly PolicyProblem[]
}

/**
 * Governance may say anything. A source that the workspace lists may add opt-outs for its own repository, where `may` says so,
 * tests, and policies that forbid, which then speak of that repository alone.
 */
export function authority(provider: Provider, documents: readonly Placed<ExeatDocument>[], workspace: Workspace): Authorised {
  if (provider.kind === 'governance') return { accepted: documents, refused: [] }
  const source = workspace.spec.sources.find((candidate) => candidate.name === provider.name && candidate.repositoryId === provider.repositoryId)
  if (source === undefined) {
    return { accepted: [], refused: documents.map((placed) => problemAt(placed, [], 'AUTHORITY_SOURCE_UNKNOWN',
      `the workspace lists no source \`${provider.name}\` with repository id \`${provider.repositoryId}\``, 'add the repository to `sources` in the governance repository')) }
  }
  const mayOptOut = source.may?.includes('optOuts') ?? false
  const judged = documents.map((placed) => ({ placed, problem: problemOf(placed, source.name, mayOptOut) }))
  return {
    accepted: judged.filter(({ problem }) => problem === undefined)
      .map(({ placed }) => (placed.document.kind === 'OptOutPolicy' ? { ...placed, repository: source.name } : placed)),
    refused: judged.flatMap(({ problem }) => problem ?? []),
  }
}

function problemOf(placed: Placed<ExeatDocument>, source: string, mayOptOut: boolean): PolicyProblem | undefined {
  const { document } = placed
  switch (document.kind) {
    case 'OptOutTest': return undefined
    case 'OptOutPolicy': return document.spec.effect === 'forbid' ? undefined : problemAt(placed, ['spec', 'effect'], 'AUTHORITY_KIND',
      `source \`${source}\` brings a policy that permits, and only governance permits`, 'move it to the governance repository')
    case 'OptOut': return optOutProblem(placed, source, mayOptOut, document.spec.targets?.repositories)
    case 'Workspace': case 'Aliases': return problemAt(placed, ['kind'], 'AUTHORITY_KIND',
      `source \`${source}\` brings a document of kind ${document.kind}, which only governance may hold`, 'move it to the governance repository')
  }
}

/** No `repositories` means any, which is more than the source's own. */
function optOutProblem(placed: Placed<ExeatDocument>, source: string, mayOptOut: boolean, repositories: readonly string[] | undefined): PolicyProblem | undefined {
  if (!mayOptOut) return problemAt(placed, ['kind'], 'AUTHORITY_KIND', `source \`${source}\` may not add opt-outs`, 'let the workspace say `may: [optOuts]` for it')
  if (repositories !== undefined && repositories.every((name) => name === source)) return undefined
  return problemAt(placed, ['spec', 'targets', 'repositories'], 'AUTHORITY_OTHER_REPOSITORY',
    `source \`${source}\` brings an opt-out for ${repositories === undefined ? 'any repository' : repositories.map((name) => `\`${name}\``).join(', ')}`, `state \`targets: { repositories: [${source}] }\``)
}
