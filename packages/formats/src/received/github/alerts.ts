/** Alerts of code scanning, secret scanning and Dependabot that somebody closed without mending anything. */
import { canonicalTool, normalisePath, type Observation } from '@exeat/core'
import type { Json } from '../../findings/types.ts'
import { at, controlNamed, exactAt, idAt, instantAt, known, shownAt, thingOf, wordAt } from '../read.ts'
import { nothing, observed, type Received, unreadable } from '../types.ts'
import { common, personAt } from './common.ts'

interface Numbered {
  readonly repository: string
  readonly number: string
}

function numbered(payload: Json): Numbered | undefined {
  const repository = idAt(payload, 'repository', 'id')
  const number = idAt(payload, 'alert', 'number')
  return repository === undefined || number === undefined ? undefined : { repository, number }
}

const unnumbered = (event: string): Received => unreadable(`an event \`${event}\` names no repository or no alert by number`)

export function codeScanning(payload: Json, action: string): Received {
  if (!/^(?:closed_by_user|reopened|reopened_by_user|fixed)$/.test(action)) return nothing
  const id = numbered(payload)
  if (id === undefined) return unnumbered('code_scanning_alert')
  const thing = thingOf('code-scanning', id.repository, id.number)
  if (action !== 'closed_by_user') return observed(closed(payload, `code-scanning.${action}`, thing, instantAt(payload, 'alert', action === 'fixed' ? 'fixed_at' : 'updated_at')))
  const tool = exactAt(payload, 'alert', 'tool', 'name')
  const rule = exactAt(payload, 'alert', 'rule', 'id')
  const path = exactAt(payload, 'alert', 'most_recent_instance', 'location', 'path')
  const reason = shownAt(payload, 'alert', 'dismissed_reason')
  return observed(known<Observation>({
    ...common(payload), change: 'opened', what: 'code-scanning.dismissed', thing, content: reason ?? '', reason,
    control: controlOf(tool, rule), path: path === undefined ? undefined : normalisePath(path),
    actor: personAt(payload, 'alert', 'dismissed_by') ?? personAt(payload, 'sender'), at: instantAt(payload, 'alert', 'dismissed_at'),
  }))
}

/** A tool's name with a slash in it would pass for another tool and a longer rule. */
function controlOf(tool: string | undefined, rule: string | undefined): string | undefined {
  if (tool === undefined || rule === undefined) return undefined
  const name = canonicalTool(tool) ?? tool.toLowerCase()
  return name.includes('/') ? undefined : controlNamed(name, rule)
}

export function dependabot(payload: Json, action: string): Received {
  const opens = action === 'dismissed' || action === 'auto_dismissed'
  if (!opens && !/^(?:reopened|auto_reopened|reintroduced|fixed)$/.test(action)) return nothing
  const id = numbered(payload)
  if (id === undefined) return unnumbered('dependabot_alert')
  const thing = thingOf('dependabot', id.repository, id.number)
  const moment = instantAt(payload, 'alert', 'updated_at')
  if (!opens) return observed(closed(payload, `dependabot.${action}`, thing, moment))
  const advisory = exactAt(payload, 'alert', 'security_advisory', 'ghsa_id')
  const path = exactAt(payload, 'alert', 'dependency', 'manifest_path')
  const reason = shownAt(payload, 'alert', 'dismissed_reason')
  return observed(known<Observation>({
    ...common(payload), change: 'opened', what: `dependabot.${action}`, thing, content: reason ?? '', reason, control: controlNamed('dependabot', advisory),
    path: path === undefined ? undefined : normalisePath(path), actor: personAt(payload, 'alert', 'dismissed_by') ?? personAt(payload, 'sender'), at: moment,
  }))
}

/** A bypass of push protection, and an alert that was closed though the secret still works: two things about one alert. */
export function secretScanning(payload: Json, action: string): Received {
  if (!/^(?:created|resolved|reopened)$/.test(action)) return nothing
  const id = numbered(payload)
  if (id === undefined) return unnumbered('secret_scanning_alert')
  const bypass = thingOf('push-protection', id.repository, id.number)
  const alert = thingOf('secret-scanning', id.repository, id.number)
  const moment = instantAt(payload, 'alert', 'updated_at')
  const type = exactAt(payload, 'alert', 'secret_type')
  if (action === 'created') {
    if (at(payload, 'alert', 'push_protection_bypassed') !== true) return nothing
    return observed(known<Observation>({
      ...common(payload), change: 'opened', what: 'push-protection.bypassed', thing: bypass, content: '', control: controlNamed('github-push-protection', type),
      actor: personAt(payload, 'alert', 'push_protection_bypassed_by') ?? personAt(payload, 'sender'), at: instantAt(payload, 'alert', 'push_protection_bypassed_at'),
    }))
  }
  if (action === 'reopened') return observed(closed(payload, 'secret-scanning.reopened', alert, moment))
  const resolution = wordAt(payload, 'alert', 'resolution')
  if (resolution === 'revoked') return observed(closed(payload, 'secret-scanning.revoked', alert, moment), closed(payload, 'secret-scanning.revoked', bypass, moment))
  return observed(known<Observation>({
    ...common(payload), change: 'opened', what: 'secret-scanning.closed', thing: alert, content: resolution ?? '', reason: shownAt(payload, 'alert', 'resolution'),
    control: controlNamed('github-secret-scanning', type), actor: personAt(payload, 'alert', 'resolved_by') ?? personAt(payload, 'sender'), at: instantAt(payload, 'alert', 'resolved_at') ?? moment,
  }))
}

export const closed = (payload: Json, what: string, thing: string, moment: Observation['at']): Observation =>
  known<Observation>({ ...common(payload), change: 'closed', what, thing, at: moment })
