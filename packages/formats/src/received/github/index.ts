/**
 * GitHub's webhooks, by the name of the event (https://docs.github.com/webhooks/webhook-events-and-payloads). The name is not signed, so that each mapping looks for what only
 * its own payload has. What people wrote (comments) is not taken over.
 */
import type { Json } from '../../findings/types.ts'
import { wordAt } from '../read.ts'
import { nothing, type Received, unreadable } from '../types.ts'
import { codeScanning, dependabot, secretScanning } from './alerts.ts'
import { exemption } from './exemptions.ts'
import { branchConfiguration, branchRule, mergedPullRequest, ruleset, securityFeatures } from './protection.ts'

type Mapping = (payload: Json, action: string) => Received

const mappings: Readonly<Record<string, Mapping>> = {
  code_scanning_alert: codeScanning,
  dependabot_alert: dependabot,
  secret_scanning_alert: secretScanning,
  repository_ruleset: ruleset,
  branch_protection_rule: branchRule,
  branch_protection_configuration: branchConfiguration,
  pull_request: mergedPullRequest,
  security_and_analysis: securityFeatures,
  bypass_request_push_ruleset: exemption('push-ruleset'),
  exemption_request_push_ruleset: exemption('push-ruleset'),
  bypass_request_secret_scanning: exemption('push-protection'),
  exemption_request_secret_scanning: exemption('push-protection'),
  dismissal_request_code_scanning: exemption('code-scanning'),
  dismissal_request_secret_scanning: exemption('secret-scanning'),
  dismissal_request_dependabot: exemption('dependabot'),
}

/** Events that are looked at, for the documentation. */
export const githubEvents: readonly string[] = Object.keys(mappings)

/** `event`: `X-GitHub-Event`. Total. */
export function fromGitHub(event: string, payload: Json): Received {
  const mapping = Object.hasOwn(mappings, event) ? mappings[event] : undefined
  if (mapping === undefined) return nothing
  const action = wordAt(payload, 'action')
  // Of all of these this one event has no action.
  if (action === undefined && event !== 'security_and_analysis') return unreadable(`an event \`${event}\` states no \`action\``)
  return mapping(payload, action ?? '')
}
