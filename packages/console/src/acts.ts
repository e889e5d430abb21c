/** Acts with a second factor, sent as they were tapped. */
import { actAnswerSchema, enrolmentSchema } from '@exeat/core/wire'
import { anything, post } from './api.ts'
import type { Tap, Wanted } from './tap.ts'

export const verbs: Readonly<Record<Wanted['purpose'], string>> = {
  approve: 'Approve', activate: 'Activate', renew: 'Ask for it', emergency: 'Declare the emergency', second: 'Confirm the emergency', review: 'Record it', enrol: 'Vouch for the key',
}

/** Does what was tapped. Answers the page that shows it as it stands then. */
export async function perform(wanted: Wanted, tap: Tap): Promise<string> {
  switch (wanted.purpose) {
    case 'approve': return onOptOut(`/v1/opt-outs/${encodeURIComponent(wanted.id)}/approvals`, { signed: wanted.signed, tap })
    case 'activate': return onOptOut(`/v1/opt-outs/${encodeURIComponent(wanted.id)}/activation`, { signed: wanted.signed, tap })
    case 'renew': return onOptOut('/v1/opt-outs', { ...wanted.asked, tap })
    case 'emergency': return onOptOut('/v1/emergencies', { ...wanted.asked, tap })
    case 'review': return onOptOut(`/v1/opt-outs/${encodeURIComponent(wanted.id)}/review`, { ...wanted.review, tap })
    case 'second':
      await post(`/v1/challenges/${encodeURIComponent(wanted.challenge)}/second`, { tap }, anything)
      return '/'
    case 'enrol':
      await post(`/v1/enrolments/${wanted.credential}/vouch`, { tap }, enrolmentSchema)
      return '/people'
  }
}

async function onOptOut(path: string, body: unknown): Promise<string> {
  const { optOut: { uid } } = await post(path, body, actAnswerSchema)
  return `/opt-outs/${uid}`
}
