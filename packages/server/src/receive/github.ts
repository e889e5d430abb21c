/** GitHub's webhooks (https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries): HMAC-SHA256 over the body alone; neither the event nor the id is signed. */
import { fromGitHub } from '@exeat/formats/received'
import { isFromGitHub } from '../keys/hub-signature.ts'
import type { Kind } from './types.ts'

export const github: Kind = {
  name: 'github',
  mediaTypes: ['application/json'],
  isProven: (header, body, secrets) => isFromGitHub(body, header('x-hub-signature-256'), secrets),
  deliveryOf: (header) => {
    const id = header('x-github-delivery')
    return id !== undefined && /^[0-9A-Za-z-]{8,100}$/.test(id) ? id : undefined
  },
  read: (header, payload) => {
    const event = header('x-github-event')
    return event !== undefined && /^[a-z_]{1,100}$/.test(event) ? fromGitHub(event, payload) : { ok: false, because: 'the header `X-GitHub-Event` names no event' }
  },
}
