/** Uses of opt-outs by a point: claimed before they excuse where that is demanded, else told in the background until the server has answered for each. */
import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { RunUse, UseClaim } from '@exeat/core/run'
import { type ApiClient, isAway } from '../api/index.ts'

/** Uses that wait in memory, and how many one claim may hold. */
export const mostWaiting = 10_000
const batch = 100

export interface Uses {
  /** Only `counted` lets an opt-out excuse. @throws {ExeatError} where the server could not be asked: nothing was acknowledged */
  readonly claim: (uses: readonly RunUse[]) => Promise<readonly UseClaim[]>
  /** Returns at once. */
  readonly tell: (uses: readonly RunUse[]) => void
  /** Answers how many still wait. */
  readonly flush: () => Promise<number>
}

const keyOf = ({ uid, point, subject }: RunUse): string => JSON.stringify([uid, point, subject])

export function usesOf(client: Pick<ApiClient, 'claimUses'>, report: (problem: Problem) => void): Uses {
  const waiting = new Map<string, RunUse>()
  let running: Promise<number> | undefined

  /** What nobody answered for stays; what the server refuses as a whole would be refused for ever. */
  async function tellSome(some: readonly RunUse[]): Promise<boolean> {
    try {
      const { results } = await client.claimUses([...some])
      for (const [i, use] of some.entries()) {
        const result = results[i]
        if (result?.uid !== use.uid) continue
        waiting.delete(keyOf(use))
        if (result.outcome !== 'counted') report({ code: 'POINT_USE_REFUSED', message: `the use of ${use.uid.slice(0, 12)} for \`${use.subject}\` is not counted: ${result.message ?? result.code ?? 'the server gave no reason'}` })
      }
      return some.every((use) => !waiting.has(keyOf(use)))
    } catch (error) {
      if (isAway(error) || !(error instanceof ExeatError)) return false
      for (const use of some) waiting.delete(keyOf(use))
      report({ code: 'POINT_USE_REFUSED', message: `${some.length} uses are not counted: ${error.problems[0].message}` })
      return true
    }
  }

  async function drain(): Promise<number> {
    try {
      for (;;) {
        const some = [...waiting.values()].slice(0, batch)
        // oxlint-disable-next-line no-await-in-loop -- a batch after the other
        if (some.length === 0 || !await tellSome(some)) return waiting.size
      }
    } finally {
      running = undefined
    }
  }
  const flush = (): Promise<number> => (running ??= drain())

  return {
    claim: async (uses) => {
      const claims: UseClaim[] = []
      for (let at = 0; at < uses.length; at += batch) {
        const some = uses.slice(at, at + batch)
        // oxlint-disable-next-line no-await-in-loop -- a batch after the other
        const { results } = await client.claimUses(some)
        claims.push(...some.map((use, i) => claimOf(use, results[i])))
      }
      return claims
    },
    tell: (uses) => {
      for (const use of uses) {
        if (waiting.size < mostWaiting || waiting.has(keyOf(use))) waiting.set(keyOf(use), use)
        else report({ code: 'POINT_USE_LOST', message: `${mostWaiting} uses wait to be counted, and the one for \`${use.subject}\` is not kept` })
      }
      if (waiting.size > 0) void flush()
    },
    flush,
  }
}

function claimOf({ uid }: RunUse, result: Awaited<ReturnType<ApiClient['claimUses']>>['results'][number] | undefined): UseClaim {
  if (result?.uid !== uid) return { uid, state: 'refused', message: 'the server did not answer for its use' }
  return result.outcome === 'counted' ? { uid, state: 'counted' } : { uid, state: 'refused', spent: true, message: `the server did not count its use: ${result.message ?? result.code ?? 'it gave no reason'}` }
}
