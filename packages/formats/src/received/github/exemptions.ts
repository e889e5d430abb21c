/** Requests to be let past a push ruleset or push protection, or to close an alert, once somebody granted them. */
import type { Observation } from '@exeat/core'
import type { Json } from '../../findings/types.ts'
import { controlNamed, exactAt, idAt, instantAt, known, listAt, shownAt, thingOf, wordAt } from '../read.ts'
import { nothing, observed, type Received, unreadable } from '../types.ts'
import { common } from './common.ts'

export type Exempted = 'push-ruleset' | 'push-protection' | 'code-scanning' | 'secret-scanning' | 'dependabot'

/** The controls of one request, each once; none where it names only the number of an alert. */
const most = 50

function controlsOf(kind: Exempted, payload: Json): readonly string[] {
  const data = listAt(payload, 'exemption_request', 'exemption_request_data', 'data').slice(0, most)
  const named = data.flatMap((each) => {
    const rule = kind === 'push-ruleset' ? idAt(each, 'ruleset_id') : kind === 'push-protection' || kind === 'secret-scanning' ? exactAt(each, 'secret_type') : undefined
    const control = controlNamed(`github-${kind === 'push-ruleset' ? 'ruleset' : kind}`, rule)
    return control === undefined ? [] : [control]
  })
  return [...new Set(named)]
}

export const exemption = (kind: Exempted) => (payload: Json, action: string): Received => {
  const change = changeOf(payload, action)
  if (change === undefined) return nothing
  const id = idAt(payload, 'exemption_request', 'id')
  if (id === undefined) return unreadable('a request for an exemption has no `id`')
  const controls = controlsOf(kind, payload)
  const what = `${kind}-exemption.${change === 'opened' ? 'granted' : action.replaceAll('_', '-')}`
  const every = { ...common(payload), change, what }
  if (change === 'closed') return observed(...[undefined, ...controls].map((control): Observation => ({ ...every, thing: thingOf('exemption', id, control ?? '') })))
  const opened = (control: string | undefined): Observation => known<Observation>({
    ...every, thing: thingOf('exemption', id, control ?? ''), content: '', control, actor: requesterOf(payload), reason: shownAt(payload, 'exemption_request', 'metadata', 'reason'),
    at: instantAt(payload, 'exemption_response', 'created_at'), ends: instantAt(payload, 'exemption_request', 'expires_at'),
  })
  return observed(...(controls.length === 0 ? [opened(undefined)] : controls.map(opened)))
}

/** Asking is no exemption yet. */
function changeOf(payload: Json, action: string): Observation['change'] | undefined {
  const response = wordAt(payload, 'exemption_response', 'status')
  if (action === 'response_submitted') return response === 'approved' ? 'opened' : response === 'rejected' ? 'closed' : undefined
  if (action === 'completed') return 'opened'
  return action === 'cancelled' || action === 'response_dismissed' ? 'closed' : undefined
}

function requesterOf(payload: Json): string | undefined {
  const login = shownAt(payload, 'exemption_request', 'requester_login')?.slice(0, 100)
  const id = idAt(payload, 'exemption_request', 'requester_id')
  return id === undefined ? login : `${login ?? 'somebody'} (${id})`
}
