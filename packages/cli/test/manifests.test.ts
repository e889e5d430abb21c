/** The manifests, parsed: what runs is bounded, what guards fails closed, and what it must see it is sent. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

const deploy = new URL('../../../deploy/', import.meta.url)
const folders = ['kubernetes/', 'helm/exeat-admission/templates/']

/** Helm's own language stands in values alone here: what a value is does not matter to what is checked. */
const plain = (text: string): string => text.split('\n').filter((line) => !/^\s*\{\{-? *(?:if|end|range)/.test(line)).join('\n').replaceAll(/"?\{\{[^}]*\}\}"?/g, 'value')

/** What is looked at; a member that is not there fails the expectation about it. */
interface Labels { readonly matchLabels: object }
interface Container {
  readonly securityContext: object
  readonly resources: { readonly limits: { readonly memory?: string } }
  readonly readinessProbe: { readonly httpGet: object }
  readonly volumeMounts: readonly { readonly readOnly?: boolean }[]
}
interface Hook {
  readonly timeoutSeconds: number
  readonly namespaceSelector?: object
  readonly objectSelector?: object
  readonly rules: readonly { readonly apiGroups: readonly string[]; readonly apiVersions: readonly string[]; readonly operations: readonly string[] }[]
}
interface Manifest {
  readonly kind: string
  readonly spec: {
    readonly selector: Labels & object
    readonly podSelector: Labels
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: { readonly securityContext: object; readonly automountServiceAccountToken: boolean; readonly containers: readonly Container[] } }
  }
  readonly webhooks: readonly Hook[]
  readonly resources: readonly string[]
  readonly configMapGenerator: readonly { readonly files: readonly string[] }[]
}

const manifestsIn = (folder: string): readonly Manifest[] => readdirSync(new URL(folder, deploy)).filter((file) => file.endsWith('.yaml')).flatMap((file) => parseAllDocuments(plain(readFileSync(new URL(`${folder}${file}`, deploy), 'utf8'))).map((document) => {
  expect(document.errors, file).toEqual([])
  return document.toJS() as Manifest
}))
const of = (folder: string, kind: string): Manifest => {
  const found = manifestsIn(folder).filter((each) => each.kind === kind)
  expect(found, kind).toHaveLength(1)
  return found[0] as Manifest
}

describe.each(folders)('%s', (folder) => {
  test('the pod is nobody, keeps no capability and writes to one folder', () => {
    const { spec } = of(folder, 'Deployment').spec.template
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } })
    expect(spec.automountServiceAccountToken).toBe(false)
    expect(spec.containers).toHaveLength(1)
    for (const container of spec.containers) {
      expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
      expect(container.resources.limits.memory).toBeDefined()
      expect(container.readinessProbe.httpGet).toMatchObject({ path: '/readyz', scheme: 'HTTPS' })
      expect(container.volumeMounts.filter(({ readOnly }) => readOnly !== true)).toEqual([{ name: 'state', mountPath: '/state' }])
    }
  })

  test('the webhooks fail closed, count nothing for dry runs, and are sent every version of what exempts', () => {
    const { webhooks } = of(folder, 'ValidatingWebhookConfiguration')
    for (const hook of webhooks) {
      expect(hook).toMatchObject({ failurePolicy: 'Fail', sideEffects: 'NoneOnDryRun', admissionReviewVersions: ['v1'], matchPolicy: 'Equivalent', clientConfig: { service: { path: '/admit' } } })
      expect(hook.timeoutSeconds).toBeLessThanOrEqual(30)
      expect(hook.rules.every(({ apiVersions }) => apiVersions.join() === '*')).toBe(true)
    }
    const [exemptions] = webhooks
    expect(exemptions?.namespaceSelector ?? exemptions?.objectSelector).toBeUndefined()
    const seen = exemptions?.rules.filter(({ operations }) => operations.includes('DELETE')).flatMap(({ apiGroups }) => apiGroups)
    expect(seen).toEqual(['kyverno.io', 'policies.kyverno.io', 'constraints.gatekeeper.sh', 'templates.gatekeeper.sh', 'config.gatekeeper.sh', 'admissionregistration.k8s.io'])
  })

  test('names fit together', () => {
    const labels = of(folder, 'Deployment').spec.selector.matchLabels
    expect(of(folder, 'Deployment').spec.template.metadata.labels).toEqual(labels)
    expect(of(folder, 'Service').spec.selector).toEqual(labels)
    expect(of(folder, 'PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels)
    expect(of(folder, 'NetworkPolicy').spec.podSelector.matchLabels).toEqual(labels)
  })
})

test('every file of the folder is one that Kustomize is told of', () => {
  const { resources, configMapGenerator } = of(folders[0] ?? '', 'Kustomization')
  const told = [...resources, ...configMapGenerator.flatMap(({ files }) => files), 'kustomization.yaml'].sort()
  expect(readdirSync(new URL(folders[0] ?? '', deploy)).sort()).toEqual(told)
})
