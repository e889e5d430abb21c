/** What the log says of itself: that something around it is not as it should be, or is again. */
import { serverOperation } from './enrolment/change.ts'
import { ExeatError } from '@exeat/core/error'
import type { UseDependencies } from './context.ts'
import { serverIdentity } from './synchronise.ts'
import { writeEvents } from './write.ts'

export type Health = 'degraded' | 'restored'

/** @throws {ExeatError} where the log cannot be written */
export async function enterHealth(deps: Pick<UseDependencies, 'log' | 'origin' | 'random' | 'pseudonymKey' | 'now'>, state: Health, code: string, message: string): Promise<void> {
  const type = state === 'degraded' ? 'dev.exeat.audit.degraded.v1' : 'dev.exeat.audit.restored.v1'
  const answer = await deps.log.append({
    ...serverOperation(`audit-${state}`, { code, message, at: deps.now() }), restricts: true,
    apply: async (tx) => {
      const { entries } = await writeEvents(tx, deps, serverIdentity(deps.origin), [{ type, subject: null, data: { code, message: message.slice(0, 2000) } }])
      return { ok: true, entries }
    },
  })
  if (!answer.ok) throw new ExeatError([answer.problem])
}
