/** Uses told to the server: before an opt-out excuses, where that must be counted; else afterwards, now or at the next run. */
import { type ApiClient, isAway } from '@exeat/client'
import type { HexDigest, Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { cliProblem, systemReason } from '../edge/problem.ts'
import type { Spool, Use } from './spool.ts'

/** What became of a use. `counted` is in the log; `spooled` is told at the next run. */
export interface Claimed {
  readonly uid: HexDigest
  readonly state: 'counted' | 'refused' | 'spooled' | 'lost'
  readonly message?: string
  /** The server answered that it does not count it. */
  readonly spent?: boolean
}

const batch = 100
const silent = 'the server did not answer for it'

/** Asks the server to count uses, and answers for each. Where the server cannot be reached none was acknowledged. */
export async function claimNow(client: ApiClient | undefined, uses: readonly Use[]): Promise<readonly Claimed[]> {
  if (client === undefined) return uses.map(({ uid }) => ({ uid, state: 'refused', message: 'a bundle from a file has no server that could count its use' }))
  const claimed: Claimed[] = []
  for (let at = 0; at < uses.length; at += batch) {
    const some = uses.slice(at, at + batch)
    // oxlint-disable-next-line no-await-in-loop -- a batch after the other
    const answers = await claimSome(client, some).catch((error: unknown) => `the server could not count its use: ${reason(error)}`)
    claimed.push(...some.map(({ uid }, i): Claimed => {
      const unanswered = typeof answers === 'string' ? answers : silent
      return (typeof answers === 'string' ? undefined : answers[i]) ?? { uid, state: 'refused', message: unanswered }
    }))
  }
  return claimed
}

/** In the order of the uses; undefined for one that the server did not answer for. */
async function claimSome(client: ApiClient, uses: readonly Use[]): Promise<readonly (Claimed | undefined)[]> {
  const { results } = await client.claimUses(uses.map(({ uid, point, subject }) => ({ uid, point, subject })))
  return uses.map(({ uid }, i): Claimed | undefined => {
    const result = results[i]
    if (result?.uid !== uid) return undefined
    return result.outcome === 'counted' ? { uid, state: 'counted' } : { uid, state: 'refused', spent: true, message: `the server did not count its use: ${result.message ?? result.code ?? 'it gave no reason'}` }
  })
}

const reason = (error: unknown): string => (error instanceof ExeatError ? error.problems[0].message : systemReason(error))

export interface Reported {
  readonly claimed: readonly Claimed[]
  readonly warnings: readonly Problem[]
}

/** Tells of uses that need no acknowledgement, and of those that waited. What cannot be told is kept for the next run. */
export async function report(client: ApiClient | undefined, uses: readonly Use[], spool: Spool | undefined): Promise<Reported> {
  const kept = uses.map((use) => ({ use, ...keep(use, spool) }))
  const waiting = spool?.waiting() ?? []
  const direct = kept.filter(({ spooled }) => !spooled).map(({ use }) => use)
  const told = client === undefined ? undefined : await tell(client, [...waiting, ...direct], spool)
  const claimed = kept.map(({ use, spooled, why }): Claimed => {
    const answer = told?.answers.get(keyOf(use))
    if (answer !== undefined) return answer
    return spooled ? { uid: use.uid, state: 'spooled' } : { uid: use.uid, state: 'lost', message: why }
  })
  return { claimed, warnings: [...told?.warnings ?? [], ...warningsOf(claimed, client, told?.away)] }
}

function warningsOf(claimed: readonly Claimed[], client: ApiClient | undefined, away: string | undefined): readonly Problem[] {
  const count = (state: Claimed['state']): number => claimed.filter((each) => each.state === state).length
  const why = away ?? (client === undefined ? 'a bundle from a file has no server' : 'the server did not take them')
  const lost = claimed.find(({ state }) => state === 'lost')
  return [
    ...(count('spooled') === 0 ? [] : [cliProblem('USE_SPOOLED', `${count('spooled')} of the uses of this run wait on this machine to be counted: ${why}`, 'the next run that reaches the server tells it')]),
    ...(lost === undefined ? [] : [cliProblem('USE_LOST', `${count('lost')} of the uses of this run are not counted: ${why}${lost.message === undefined ? '' : `; ${lost.message}`}`)]),
  ]
}

const keyOf = ({ uid, point, subject }: Use): string => JSON.stringify([uid, point, subject])

/** Before it is told: a run that dies in between has lost nothing. */
function keep(use: Use, spool: Spool | undefined): { readonly spooled: boolean; readonly why: string } {
  if (spool === undefined) return { spooled: false, why: 'there is no home folder to keep them in' }
  try {
    return { spooled: spool.add(use), why: 'too many uses wait already' }
  } catch (cause) {
    return { spooled: false, why: `they cannot be kept: ${systemReason(cause)}` }
  }
}

interface Told {
  readonly answers: ReadonlyMap<string, Claimed>
  readonly warnings: readonly Problem[]
  /** Why the server could not be told of all. */
  readonly away?: string
}

async function tell(client: ApiClient, uses: readonly Use[], spool: Spool | undefined): Promise<Told> {
  const answers = new Map<string, Claimed>()
  const warnings: Problem[] = []
  let away: string | undefined
  for (let at = 0; at < uses.length; at += batch) {
    const some = uses.slice(at, at + batch)
    let results: Awaited<ReturnType<typeof claimSome>>
    try {
      // oxlint-disable-next-line no-await-in-loop -- a batch after the other
      results = await claimSome(client, some)
    } catch (error) {
      return { answers, warnings: isAway(error) ? warnings : [...warnings, ...(error instanceof ExeatError ? error.problems : [])], away: reason(error) }
    }
    for (const [i, use] of some.entries()) {
      const result = results[i]
      // It stays where it is until a server answers for it.
      if (result === undefined) {
        away = silent
        continue
      }
      answers.set(keyOf(use), result)
      spool?.remove(use)
      if (result.state === 'refused') warnings.push(cliProblem('USE_REFUSED', `a use by \`${use.point}\` for \`${use.subject}\` of the opt-out ${use.uid.slice(0, 12)} was refused, and is not counted unless an earlier try was: ${result.message ?? 'refused'}`))
    }
  }
  return { answers, warnings, ...(away === undefined ? {} : { away }) }
}
