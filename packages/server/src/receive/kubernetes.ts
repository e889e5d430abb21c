/** The audit webhook of a Kubernetes API server, whose kubeconfig holds a bearer token. It numbers no deliveries, and sends a batch again that was not taken. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { fromKubernetesAudit } from '@exeat/formats/received'
import type { Kind } from './types.ts'

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

export const kubernetesAudit: Kind = {
  name: 'kubernetes-audit',
  mediaTypes: ['application/json'],
  isProven: (header, _body, secrets) => {
    const [, shown] = /^Bearer +([!-~]{1,512})$/i.exec(header('authorization') ?? '') ?? []
    if (shown === undefined) return false
    // Every one is compared, each in constant time.
    return secrets.filter((secret) => timingSafeEqual(sha256(secret), sha256(shown))).length > 0
  },
  deliveryOf: () => null,
  read: (_header, payload, { environment, repository }) => fromKubernetesAudit(payload, { ...(environment === undefined ? {} : { environment }), ...(repository === undefined ? {} : { repositoryId: repository }) }),
}
