/** A change that stands at a forge: which one is meant, who approved it there, and where the verdict is shown. */
import { readFileSync } from 'node:fs'
import type { Identity, Problem, Workspace } from '@exeat/core'
import { type GitChange, readDifference } from '@exeat/git/change'
import { askForge, type Forge, forgeError, type ForgeOptions, forgeProblem, openForge, type ProposedChange } from '@exeat/server/forge'
import type { Io } from '../edge/io.ts'
import { systemReason } from '../edge/problem.ts'
import type { Approvals } from './approvals.ts'
import { isGovernedFile } from './guarded.ts'

export interface ForgeFlags {
  readonly forge?: 'github' | 'gitlab'
  readonly repo?: string
  readonly change?: string
  readonly publish?: boolean
}

/** What a merge queue would put on the branch, and onto what. */
interface Queued {
  readonly base: string
  readonly head: string
}

export interface AtForge {
  readonly forge: Forge
  readonly proposed: ProposedChange
  readonly queued?: Queued
}

export interface ToldByForge {
  readonly approvals: Approvals
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** @throws {ExeatError} of `forgeCodes` */
export async function changeAtForge({ forge: kind, repo, change: stated }: ForgeFlags, io: Io): Promise<AtForge> {
  if (kind === undefined) throw new Error('no forge is asked')
  const settings = kind === 'github' ? gitHubSettings(io) : gitLabSettings(io)
  const repository = repo ?? settings.repository
  if (repository === undefined) throw forgeError('FORGE_SETTINGS', 'which repository of the forge is meant is not said', 'name it: --repo owner/name')
  const number = stated === undefined ? settings.number : Number(stated)
  if (number === undefined || !Number.isSafeInteger(number) || number < 1) throw forgeError('FORGE_SETTINGS', stated === undefined ? 'which change of the forge is meant is not said' : `\`${stated}\` is no number of a change`, 'name it: --change 42')
  const forge = await openForge({ kind, ...settings.access })
  return { forge, proposed: await forge.change({ repository, number }), ...(stated === undefined && settings.queued !== undefined ? { queued: settings.queued } : {}) }
}

interface Settings {
  readonly access: Omit<ForgeOptions, 'kind'>
  readonly repository?: string | undefined
  readonly number?: number | undefined
  readonly queued?: Queued | undefined
}

const tokenOf = ({ env }: Io, ...names: readonly string[]): string => ['EXEAT_FORGE_TOKEN', ...names].map((name) => env[name]).find((value) => value !== undefined && value !== '') ?? ''

function gitHubSettings(io: Io): Settings {
  const { env } = io
  const event = eventOf(env['GITHUB_EVENT_PATH'])
  const queue = event.merge_group
  // The queue names its branches so: gh-readonly-queue/main/pr-42-<commit>.
  const [, queued] = /\/pr-(\d{1,15})-[0-9a-f]{40,64}$/.exec(queue?.head_ref ?? '') ?? []
  const number = event.pull_request?.number ?? (queued === undefined ? undefined : Number(queued))
  return {
    access: {
      api: env['GITHUB_API_URL'] ?? 'https://api.github.com', issuer: env['GITHUB_SERVER_URL'] ?? 'https://github.com', token: tokenOf(io, 'GITHUB_TOKEN', 'GH_TOKEN'),
      ...(env['GITHUB_GRAPHQL_URL'] === undefined ? {} : { graph: env['GITHUB_GRAPHQL_URL'] }),
    },
    repository: env['GITHUB_REPOSITORY'], number,
    queued: queue?.base_sha === undefined || queue.head_sha === undefined ? undefined : { base: queue.base_sha, head: queue.head_sha },
  }
}

interface GitHubEvent {
  readonly pull_request?: { readonly number?: number }
  readonly merge_group?: { readonly base_sha?: string; readonly head_sha?: string; readonly head_ref?: string }
}

/** Written by the runner. @throws {ExeatError} FORGE_SETTINGS */
function eventOf(file: string | undefined): GitHubEvent {
  if (file === undefined) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as GitHubEvent
  } catch (cause) {
    throw forgeError('FORGE_SETTINGS', `GITHUB_EVENT_PATH names a file that cannot be read: ${systemReason(cause)}`)
  }
}

function gitLabSettings(io: Io): Settings {
  const { env } = io
  const number = env['CI_MERGE_REQUEST_IID']
  return {
    access: { api: env['CI_API_V4_URL'] ?? 'https://gitlab.com/api/v4', issuer: env['CI_SERVER_URL'] ?? 'https://gitlab.com', token: tokenOf(io, 'GITLAB_TOKEN') },
    repository: env['CI_MERGE_REQUEST_PROJECT_PATH'] ?? env['CI_PROJECT_PATH'], number: number === undefined ? undefined : Number(number),
  }
}

/** @throws {ExeatError} of `forgeCodes` */
export async function tellChange({ forge, proposed, queued }: AtForge, change: GitChange, workspace: Workspace, io: Io): Promise<ToldByForge> {
  const { spec: { sources, identity, protectedRef } } = workspace
  const { repository, repositoryId, into } = proposed
  if (!sources.some((source) => source.forge === forge.kind && source.repositoryId === repositoryId)) {
    throw forgeError('FORGE_REPOSITORY', `\`${repository}\` has the number ${repositoryId}, and no source of the workspace says so`, `write into the workspace: sources: [{ name: ${repository}, forge: ${forge.kind}, repositoryId: "${repositoryId}" }]`)
  }
  const named = identity?.forges?.find(({ kind }) => kind === forge.kind)
  if (named !== undefined && named.issuer !== forge.issuer) throw forgeError('FORGE_SETTINGS', `the workspace names \`${named.issuer}\`, and \`${forge.issuer}\` is asked`, 'ask the one that the workspace names')
  const told = await askForge(forge, { change: proposed, commits: change.commits, teams: named?.teams ?? {} })
  const involved = told.involved.map(({ iss, sub }: Identity) => ({ iss, sub }))
  return {
    approvals: { schemaVersion: 1, kind: 'ReviewApprovals', approvals: told.approvals.map(({ groups, ...rest }) => ({ ...rest, groups: [...groups] })), involved, people: told.people.map(({ groups, ...rest }) => ({ ...rest, groups: [...groups] })) },
    problems: queued === undefined ? [] : await mergedOtherwise(change, queued, io),
    warnings: [...told.warnings, ...(into === protectedRef ? [] : [forgeProblem('FORGE_BRANCH', `the change wants to enter \`${into}\`, and \`${protectedRef}\` governs`, 'it is judged as if it wanted to enter that one')])],
  }
}

/** Governed files must reach the branch as they were approved: neither merged with other changes of theirs, nor together with those of another change. */
async function mergedOtherwise({ files }: GitChange, { base, head }: Queued, io: Io): Promise<readonly Problem[]> {
  const approved = new Map(files.map((file) => [file.path, file]))
  const different = (await readDifference(io.cwd, base, head)).filter(({ path, after, kind }) => isGovernedFile(path) && (approved.get(path)?.after !== after || approved.get(path)?.kind !== kind))
  return different.slice(0, 10).map(({ path }) => forgeProblem(
    'FORGE_MERGED_OTHERWISE', `the queue would merge \`${path}\` in another form than was approved`,
    approved.has(path) ? 'update the branch, and have it approved as it then is' : 'it belongs to another change: let the queue merge one change at a time',
  ))
}
