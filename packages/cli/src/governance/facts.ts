/** What is claimed of a run, and what each claim rests on. In this release a flag is a flag: nothing makes it more than asserted. */
import type { Fact, Facts, Repository, Workspace } from '@exeat/core'
import type { GitFacts, Governance } from '@exeat/git'
import { cliError } from '../edge/problem.ts'
import { nearest } from '@exeat/core/text'

export interface FactFlags {
  readonly env?: string
  readonly repo?: string
}

/** @throws {ExeatError} ENVIRONMENT_UNKNOWN, REPOSITORY_UNKNOWN: a flag that names what is not there is a slip, not a fact */
export function runFacts(flags: FactFlags, governance: Governance, known: GitFacts): Facts {
  const workspace = governance.workspace.document
  const environment = environmentFact(flags.env, workspace)
  const repository = repositoryFact(flags.repo, known, workspace)
  return {
    ...(repository === undefined ? {} : { repository }),
    ...(environment === undefined ? {} : { environment }),
    ...(known.commit === undefined ? {} : { commit: commitFact(known.commit, governance) }),
    ...(known.ref === undefined ? {} : { ref: known.ref }),
  }
}

/** Proven only where it is the commit that the protected branch points at: any other is what somebody checked out. */
function commitFact(commit: Fact<string>, { source }: Governance): Fact<string> {
  return source.kind === 'ref' && source.commit === commit.value ? { value: commit.value, provenance: 'verified', from: 'protected ref' } : commit
}

export function environmentFact(env: string | undefined, workspace: Workspace): Fact<string> | undefined {
  if (env === undefined) return undefined
  const names = workspace.spec.environments.map(({ name }) => name)
  if (names.includes(env)) return { value: env, provenance: 'asserted', from: '--env' }
  throw cliError('ENVIRONMENT_UNKNOWN', `the workspace declares no environment \`${env}\``, hintOf(env, names))
}

/** The flag, else the remote where the workspace lists it, else the only source there is. */
export function repositoryFact(repo: string | undefined, known: Pick<GitFacts, 'repository'>, workspace: Workspace): Fact<Repository> | undefined {
  const { sources } = workspace.spec
  const source = (name: string, from: string): Fact<Repository> | undefined => {
    const found = sources.find((candidate) => candidate.name === name)
    return found === undefined ? undefined : { value: { name, id: found.repositoryId }, provenance: 'asserted', from }
  }
  if (repo !== undefined) {
    const fact = source(repo, '--repo')
    if (fact === undefined) throw cliError('REPOSITORY_UNKNOWN', `the workspace lists no source \`${repo}\``, hintOf(repo, sources.map(({ name }) => name)))
    return fact
  }
  const [only] = sources
  return (known.repository === undefined ? undefined : source(known.repository.value.name, known.repository.from))
    ?? (sources.length === 1 && only !== undefined && known.repository === undefined ? source(only.name, 'the only source of the workspace') : undefined)
}

function hintOf(name: string, names: readonly string[]): string {
  const meant = nearest(name, names)
  return meant === undefined ? `it has ${names.map((each) => `\`${each}\``).join(', ')}` : `did you mean \`${meant}\`?`
}
