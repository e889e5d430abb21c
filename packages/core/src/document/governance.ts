/** Checks between documents that are right by themselves. What needs the merge of policies is checked where they are compiled. */
import type { GovernanceCode } from '../error/codes.ts'
import { compareProblems } from '../error/order.ts'
import type { Problem } from '../error/problem.ts'
import { nearest } from '../text/nearest.ts'
import { refuse } from './decode.ts'
import type { Decoded, DecodedDocument } from './decode.ts'
import { quoted } from './fault.ts'
import { pathText } from './issues.ts'
import type { DocumentPath } from './located.ts'
import type { PermitSpec, Workspace } from './schema.ts'

export type GovernanceProblem = Problem<GovernanceCode>

export interface Governance {
  /** Refuse the run; sorted. */
  readonly problems: readonly GovernanceProblem[]
  /** The documents as given, with each opt-out that does not fit the workspace refused alone (rule 8). */
  readonly documents: readonly Decoded[]
}

/**
 * Holds the documents of a workspace against each other: one Workspace; no name twice among a kind (two opt-outs of a name are both
 * refused: which one was approved cannot be told; policies are compared where they are compiled); groups, alerts, environments and
 * repositories that exist; quorums that can be met. Groups are known where the workspace lists or maps some; who is in a mapped one, its provider knows.
 */
export function checkGovernance(documents: readonly Decoded[]): Governance {
  const decoded = documents.filter((document) => document.ok)
  const workspaces = decoded.filter((document) => document.kind === 'Workspace')
  const [workspace, ...others] = workspaces
  const twice = reused(decoded)
  const reuse = (document: DecodedDocument): readonly GovernanceProblem[] => (twice.has(keyOf(document)) ? [nameReused(document)] : [])
  const run = decoded.flatMap((document) => {
    if (document.kind === 'OptOut') return []
    return [...reuse(document), ...(workspace === undefined ? [] : ofDocument(document, workspace.document))]
  })
  return {
    problems: [
      ...(workspace === undefined && !documents.some((document) => document.kind === 'Workspace') ? [noWorkspace] : []),
      ...others.map((other) => problem(other, ['kind'], 'WORKSPACE_REPEATED', 'stands in a second Workspace document', 'keep one')),
      ...run,
    ].sort(compareProblems),
    documents: documents.map((document) => {
      if (!document.ok || document.kind !== 'OptOut') return document
      const problems = [...reuse(document), ...(workspace === undefined ? [] : ofOptOut(document, workspace.document))]
      return problems.length === 0 ? document : refuse(document.located, 'OptOut', problems)
    }),
  }
}

const noWorkspace: GovernanceProblem = { code: 'WORKSPACE_MISSING', message: 'there is no Workspace document', hint: 'write one: `exeat init`' }

function problem(document: DecodedDocument, path: DocumentPath, code: GovernanceCode, message: string, hint?: string): GovernanceProblem {
  return { code, message: `${quoted(pathText(path))} ${message}`, ...(hint === undefined ? {} : { hint }), at: document.located.at(path) }
}

const keyOf = (document: DecodedDocument): string => `${document.kind}/${document.document.metadata.name}`

/** Kinds and names that stand more than once; of policies this is told where they are compiled, of workspaces above. */
function reused(documents: readonly DecodedDocument[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const document of documents) {
    if (document.kind === 'OptOutPolicy' || document.kind === 'Workspace') continue
    const key = keyOf(document)
    if (seen.has(key)) twice.add(key)
    seen.add(key)
  }
  return twice
}

function nameReused(document: DecodedDocument): GovernanceProblem {
  const name = document.document.metadata.name
  return problem(document, ['metadata', 'name'], 'NAME_REUSED', `is \`${name}\`, and so is that of another ${document.kind}`, 'rename one: names are unique for ever')
}

/** Words of a list that the workspace does not know. */
function unknown(document: DecodedDocument, path: DocumentPath, words: readonly string[], known: readonly string[], code: GovernanceCode, what: string): GovernanceProblem[] {
  return words.flatMap((word, index) => {
    if (known.includes(word)) return []
    const meant = nearest(word, known)
    const hint = meant !== undefined ? `did you mean \`${meant}\`?` : known.length === 0 ? `the workspace lists no ${what}` : `the workspace has ${known.map((each) => `\`${each}\``).join(', ')}`
    return [problem(document, [...path, index], code, `names ${quoted(word)}, which is no ${what} of the workspace`, hint)]
  })
}

function ofOptOut(document: DecodedDocument<'OptOut'>, workspace: Workspace): GovernanceProblem[] {
  const { environments = [], repositories = [] } = document.document.spec.targets ?? {}
  return [
    ...unknown(document, ['spec', 'targets', 'environments'], environments, workspace.spec.environments.map(({ name }) => name), 'OPTOUT_ENVIRONMENT_UNKNOWN', 'environment'),
    ...unknown(document, ['spec', 'targets', 'repositories'], repositories, workspace.spec.sources.map(({ name }) => name), 'OPTOUT_REPOSITORY_UNKNOWN', 'source'),
  ]
}

function ofDocument(document: DecodedDocument, workspace: Workspace): GovernanceProblem[] {
  if (document.kind === 'Workspace') {
    const approve = document.document.spec.governance?.approve ?? []
    return [...ofIdentity(document), ...approve.flatMap(({ groups }, index) => unknownGroups(document, ['spec', 'governance', 'approve', index, 'groups'], groups, workspace)), ...quorums(document, ['spec', 'governance', 'approve'], approve, workspace)]
  }
  if (document.kind !== 'OptOutPolicy' || document.document.spec.effect === 'forbid') return []
  const { spec } = document.document
  const sinks = (workspace.spec.alerts ?? []).map(({ name }) => name)
  return [
    ...groupsOf(spec).flatMap(([path, groups]) => unknownGroups(document, ['spec', ...path], groups, workspace)),
    ...unknown(document, ['spec', 'alerts'], spec.alerts ?? [], sinks, 'ALERT_UNKNOWN', 'alert sink'),
    ...(spec.approve === 'none' ? [] : quorums(document, ['spec', 'approve'], spec.approve, workspace)),
  ]
}

/** Providers and workloads are named once, and an issuer stands behind one provider or forge: of two, nobody could tell whose word counts. */
function ofIdentity(document: DecodedDocument<'Workspace'>): GovernanceProblem[] {
  const { providers = [], workloads = [], forges = [] } = document.document.spec.identity ?? {}
  const twice = (list: string, key: string, values: readonly string[]): GovernanceProblem[] =>
    values.flatMap((value, index) => (values.indexOf(value) === index ? [] : [problem(document, ['spec', 'identity', list, index, key], 'IDENTITY_REPEATED', `is \`${value}\`, as an earlier one is`, 'keep one')]))
  return [
    ...twice('providers', 'name', providers.map(({ name }) => name)), ...twice('providers', 'issuer', providers.map(({ issuer }) => issuer)),
    ...twice('workloads', 'name', workloads.map(({ name }) => name)), ...twice('forges', 'issuer', forges.map(({ issuer }) => issuer)),
  ]
}

/** Every list of groups in a permit, with its path. */
function groupsOf(spec: PermitSpec): (readonly [DocumentPath, readonly string[]])[] {
  const people = (['request', 'activate', 'revoke'] as const).flatMap((term) => {
    const who = spec[term]
    return who === undefined || who === 'anyone' ? [] : [[[term, 'groups'], who.groups] as const]
  })
  const approvers = spec.approve === 'none' ? [] : spec.approve.map(({ groups }, index) => [['approve', index, 'groups'], groups] as const)
  const { emergency } = spec
  const urgent = emergency === undefined ? [] : [[['emergency', 'groups'], emergency.groups] as const, [['emergency', 'reviewers'], emergency.reviewers] as const]
  return [...people, ...approvers, ...urgent]
}

function unknownGroups(document: DecodedDocument, path: DocumentPath, groups: readonly string[], workspace: Workspace): GovernanceProblem[] {
  const mapped = mappedGroups(workspace)
  const listed = workspace.spec.groups
  // Where nothing is listed and nothing mapped, nobody knows which groups there are.
  if (listed === undefined && mapped.size === 0) return []
  return unknown(document, path, groups, [...new Set([...Object.keys(listed ?? {}), ...mapped])].sort(), 'GROUP_UNKNOWN', 'group')
}

/** Groups that identity providers and forges give: who is in them, they alone know. */
function mappedGroups({ spec: { identity } }: Workspace): ReadonlySet<string> {
  return new Set([...(identity?.providers ?? []).flatMap(({ groups }) => Object.values(groups?.map ?? {})), ...(identity?.forges ?? []).flatMap(({ teams }) => Object.values(teams ?? {}))])
}

type Approvals = readonly { readonly groups: readonly string[]; readonly count: number }[]

/** An entry that more people must approve than its groups have; people are counted once, however many groups they are in. */
function quorums(document: DecodedDocument, path: DocumentPath, approve: Approvals, workspace: Workspace): GovernanceProblem[] {
  const listed = workspace.spec.groups ?? {}
  const mapped = mappedGroups(workspace)
  const countable = (group: string): boolean => Object.hasOwn(listed, group) && !mapped.has(group)
  const people = (groups: readonly string[]): number =>
    new Set(groups.flatMap((group) => (Object.hasOwn(listed, group) ? (listed[group] ?? []) : []).map(({ iss, sub }) => JSON.stringify([iss, sub])))).size
  const known = approve.every(({ groups }) => groups.every(countable))
  const each = approve.flatMap(({ groups, count }, index) => {
    const size = people(groups)
    if (!groups.every(countable) || count <= size) return []
    return [problem(document, [...path, index, 'count'], 'QUORUM_IMPOSSIBLE', `wants ${count} people, and the groups have ${size}`, 'lower the count or add people')]
  })
  const wanted = approve.reduce((sum, { count }) => sum + count, 0)
  const all = people(approve.flatMap(({ groups }) => groups))
  if (each.length > 0 || !known || wanted <= all) return each
  return [problem(document, path, 'QUORUM_IMPOSSIBLE', `wants ${wanted} distinct people in all, and the groups have ${all}`, 'lower a count or add people')]
}
