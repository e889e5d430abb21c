import type { Observation } from '@exeat/core'
import type { Json } from '../../findings/types.ts'
import { idAt, known, shownAt } from '../read.ts'

/** `mona (1)`: the number is what stays when the login changes. */
export function personAt(payload: Json, ...names: readonly string[]): string | undefined {
  const login = shownAt(payload, ...names, 'login')?.slice(0, 100)
  const id = idAt(payload, ...names, 'id')
  return id === undefined ? login : `${login ?? 'somebody'} (${id})`
}

/** What every payload says beside its event. */
export function common(payload: Json): Pick<Observation, 'source' | 'repository' | 'actor'> {
  const id = idAt(payload, 'repository', 'id')
  const name = shownAt(payload, 'repository', 'full_name')
  return known<Pick<Observation, 'source' | 'repository' | 'actor'>>({
    source: 'github', repository: id === undefined ? undefined : { id, ...(name === undefined ? {} : { name }) }, actor: personAt(payload, 'sender'),
  })
}
