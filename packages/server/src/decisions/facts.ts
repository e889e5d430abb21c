/** What is claimed of a run: what the caller proves, and besides it what the request says. Nothing said ever overrides what is proven. */
import type { Fact, Facts, Repository, Workspace } from '@exeat/core'
import { nearest } from '@exeat/core/text'
import type { DecisionRequest } from '@exeat/core/wire'
import { serverError } from '../config/codes.ts'
import type { PlacedFacts, Requester, RunFacts } from './types.ts'

/** What a request may say of its run. */
export type Said = Pick<DecisionRequest, 'repository' | 'commit' | 'environment' | 'ref' | 'actor'>

/** @throws {ExeatError} DECISION_FACTS */
export function runFacts(said: Said, requester: Requester, workspace: Workspace): RunFacts {
  // Whoever shows a token speaks for what it says, and for nobody else's repository or commit.
  for (const name of ['repository', 'commit'] as const) {
    const { caller, proven } = requester
    if (caller.kind === 'workload' && proven[name] === undefined) throw serverError('DECISION_FACTS', `the token of \`${caller.provider}\` proves no ${name}`, 'a job of a forge can ask for decisions; a cluster decides by a bundle')
  }
  const { commit, ...facts } = placedFacts(said, requester, workspace)
  if (commit === undefined) throw serverError('DECISION_FACTS', 'the run names no commit', 'say `commit`, in full: a decision is for one commit, and a use is counted once for each')
  return { ...facts, commit }
}

/** The same for what is asked without being decided. @throws {ExeatError} DECISION_FACTS */
export function placedFacts(said: Said, { proven }: Pick<Requester, 'proven'>, workspace: Workspace): PlacedFacts {
  const repository = agreed('repository', proven.repository, repositoryOf(said.repository, workspace), ({ id }) => id)
  if (repository === undefined) throw serverError('DECISION_FACTS', 'the run names no repository', 'say `repository`, as the workspace names it')
  return {
    repository,
    ...present('commit', agreed('commit', proven.commit, asserted(said.commit), (value) => value)),
    ...present('environment', agreed('environment', proven.environment, environmentOf(said.environment, workspace), (value) => value)),
    ...present('ref', agreed('ref', proven.ref, asserted(said.ref), (value) => value)),
    ...present('actor', agreed('actor', proven.actor, asserted(said.actor), (value) => value)),
  }
}

const asserted = <T>(value: T | undefined): Fact<T> | undefined => (value === undefined ? undefined : { value, provenance: 'asserted', from: 'request' })

const present = <K extends keyof Facts>(name: K, fact: Facts[K] | undefined): Pick<Facts, K> => (fact === undefined ? {} : { [name]: fact }) as Pick<Facts, K>

function agreed<T>(name: keyof Facts, proven: Fact<T> | undefined, said: Fact<T> | undefined, text: (value: T) => string): Fact<T> | undefined {
  if (proven === undefined || said === undefined || text(proven.value) === text(said.value)) return proven ?? said
  throw serverError('DECISION_FACTS', `the request says \`${text(said.value)}\` of the ${name}, and ${proven.from} proves \`${text(proven.value)}\``, 'leave it out: what is proven holds')
}

function repositoryOf(name: string | undefined, { spec: { sources } }: Workspace): Fact<Repository> | undefined {
  if (name === undefined) return undefined
  const source = sources.find((each) => each.name === name)
  if (source === undefined) throw unknown('source', name, sources.map((each) => each.name))
  return asserted({ name, id: source.repositoryId })
}

function environmentOf(name: string | undefined, { spec: { environments } }: Workspace): Fact<string> | undefined {
  if (name === undefined || environments.some((each) => each.name === name)) return asserted(name)
  throw unknown('environment', name, environments.map((each) => each.name))
}

function unknown(what: string, name: string, names: readonly string[]): Error {
  const meant = nearest(name, names)
  return serverError('DECISION_FACTS', `the workspace has no ${what} \`${name}\``, meant === undefined ? undefined : `did you mean \`${meant}\`?`)
}
