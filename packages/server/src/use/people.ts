/** People's groups, as an act is judged by them: those of the workspace, and those that identity providers give. */
import { type Identity, identityKey, type Instant, type Persons, personsIn, type Workspace } from '@exeat/core'
import type { Directory } from '../identity/directory.ts'
import { groupsIn } from './judge.ts'

/** What was asked of the directory before the judge began: under the log's lock nothing is waited for. */
export interface Known {
  readonly groupsOf: (person: Identity) => readonly string[]
  /** Whether two identities are one person's. */
  readonly same: Persons['same']
  /** Acts of the person up to then, that have taken no effect, are void. */
  readonly voidUntil: (person: Identity) => Instant | undefined
  /** Who was asked about beyond those that are known. Where there is anybody, the judge decided by too little: it is to judge again. */
  readonly missing: Identity[]
}

export async function known(directory: Directory, workspace: Workspace, people: readonly Identity[]): Promise<Known> {
  const said = new Map(await Promise.all(people.map(async (person) =>
    [identityKey(person), { groups: await directory.groupsOf(person), voidUntil: await directory.voidUntil(person) }] as const)))
  const missing: Identity[] = []
  const of = (person: Identity) => {
    const found = said.get(identityKey(person))
    if (found === undefined) missing.push(person)
    return found
  }
  return {
    groupsOf: (person) => [...new Set([...groupsIn(workspace, person), ...of(person)?.groups ?? []])].sort(),
    voidUntil: (person) => of(person)?.voidUntil,
    same: personsIn(workspace).same,
    missing,
  }
}
