/** Audit events of an API server, in the shape of `audit.k8s.io/v1`, and what they are taken for. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromKubernetesAudit } from '../../src/received/index.ts'
import type { Json } from '../../src/findings/types.ts'

interface Parts {
  readonly verb?: string
  readonly group?: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
  readonly object?: Json
  readonly answered?: Json
  readonly over?: object
}

const event = ({ verb = 'create', group, resource, namespace, name = 'x', object, answered, over = {} }: Parts): Json => ({
  level: 'RequestResponse', auditID: 'a-1', stage: 'ResponseComplete', requestURI: '/apis/x', verb, user: { username: 'eve', groups: ['system:masters'] }, sourceIPs: ['10.0.0.1'], userAgent: 'kubectl',
  objectRef: { resource, name, ...(namespace === undefined ? {} : { namespace }), ...(group === undefined ? {} : { apiGroup: group }), apiVersion: 'v1' }, responseStatus: { metadata: {}, code: 201 },
  ...(object === undefined ? {} : { requestObject: object }), ...(answered === undefined ? {} : { responseObject: answered }),
  requestReceivedTimestamp: '2026-11-22T10:00:00.123456Z', stageTimestamp: '2026-11-22T10:00:00.234567Z', annotations: { 'authorization.k8s.io/decision': 'allow' }, ...over,
} as Json)
const list = (...items: readonly Json[]): Json => ({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items })
const observations = (...events: readonly Json[]) => {
  const received = fromKubernetesAudit(list(...events), { environment: 'production', repositoryId: '1001' })
  if (!received.ok) throw new Error(received.because)
  return received.observations
}
const told = (parts: Parts) => observations(event(parts)).filter(({ what }) => what !== 'exemption.unmarked').map(({ change, what, control }) => [change, what, control])
const object = (kind: string, spec: Json, metadata: object = {}): Json => ({ apiVersion: 'v1', kind, metadata: { name: 'x', ...metadata }, spec } as Json)

describe('an exception of Kyverno', () => {
  const spec = { exceptions: [{ policyName: 'require-labels', ruleNames: ['check-team'] }], match: { any: [{ resources: { kinds: ['Pod'], namespaces: ['web'], names: ['shop'] } }] } }
  const exception = (own: Json, more: Partial<Parts> = {}): Parts => ({ group: 'kyverno.io', resource: 'policyexceptions', namespace: 'web', object: object('PolicyException', own), ...more })
  test('is of the policy and rule that it names, for the object that it matches', () => {
    expect(observations(event(exception(spec)))).toMatchObject([{
      source: 'kubernetes', change: 'opened', what: 'policy-exception.created', control: 'kyverno/require-labels/check-team', resource: 'Pod/web/shop', environment: 'production', repository: { id: '1001' }, actor: 'eve', at: Date.UTC(2026, 10, 22, 10, 0, 0, 234),
    }])
    expect(told(exception({ policyRefs: [{ name: 'no-latest', kind: 'ValidatingPolicy' }] }, { group: 'policies.kyverno.io' }))).toEqual([['opened', 'policy-exception.created', 'kyverno/no-latest']])
    expect(told(exception({ exceptions: [{ policyName: 'p' }] }))).toEqual([['opened', 'policy-exception.created', 'kyverno/p/*']])
  })
  test('of several rules, or several objects, is of no single one', () => {
    const [two] = observations(event(exception({ ...spec, exceptions: [{ policyName: 'p', ruleNames: ['a', 'b'] }] })))
    expect([two?.control, two?.resource]).toEqual([undefined, 'Pod/web/shop'])
    for (const match of [{ any: [{ resources: { kinds: ['Pod'], namespaces: ['web'], names: ['*'] } }] }, { any: [{ resources: { kinds: ['Pod'] } }] }, { all: [{}], any: spec.match.any }, { any: [spec.match.any[0] as Json, {}] }, {}]) {
      expect(observations(event(exception({ ...spec, match } as Json)))[0]?.resource).toBeUndefined()
    }
  })
  test('of which nothing is told but that it changed, by level or by patch, is declared by nothing', () => {
    expect(told({ ...exception(spec), object: undefined as never })).toEqual([['opened', 'policy-exception.created', undefined]])
    expect(told(exception(spec, { verb: 'patch' }))).toEqual([['opened', 'policy-exception.changed', undefined]])
    expect(told(exception(spec, { verb: 'patch', answered: object('PolicyException', spec) }))).toEqual([['opened', 'policy-exception.changed', 'kyverno/require-labels/check-team']])
  })
  test('that was deleted is gone', () => {
    const [made, gone] = [exception(spec), exception(spec, { verb: 'delete' })].map((parts) => observations(event(parts))[0])
    expect(gone).toMatchObject({ change: 'closed', what: 'policy-exception.deleted', thing: made?.thing })
  })
})

describe('a constraint of Gatekeeper', () => {
  const constraint = (verb: string, spec?: Json): Parts => ({ verb, group: 'constraints.gatekeeper.sh', resource: 'k8srequiredlabels', name: 'team', ...(spec === undefined ? {} : { answered: object('K8sRequiredLabels', spec) }) })
  test.each<[string, Parts, readonly (readonly unknown[])[]]>([
    ['only warns', constraint('update', { enforcementAction: 'warn' }), [['opened', 'constraint.not-enforced', 'gatekeeper/K8sRequiredLabels/team']]],
    ['leaves a namespace out', constraint('patch', { enforcementAction: 'deny', match: { excludedNamespaces: ['web'] } }), [['opened', 'constraint.excludes', 'gatekeeper/K8sRequiredLabels/team']]],
    ['refuses again', constraint('update', {}), [['closed', 'constraint.enforced', undefined]]],
    ['changed in a way that the event does not tell', constraint('update'), [['opened', 'constraint.changed', 'gatekeeper/k8srequiredlabels/team']]],
    ['was deleted', constraint('delete'), [['opened', 'constraint.deleted', 'gatekeeper/k8srequiredlabels/team']]],
    ['is new', constraint('create', { enforcementAction: 'deny' }), []],
  ])('that %s', (_, parts, wanted) => { expect(told(parts)).toEqual(wanted) })
})

describe('what holds admission up', () => {
  test.each<[string, Parts, readonly (readonly unknown[])[]]>([
    ['a binding deleted', { verb: 'delete', group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicybindings', name: 'b' }, [['opened', 'validatingadmissionpolicybindings.deleted', 'kubernetes/validatingadmissionpolicybindings/b']]],
    ['a binding that only audits', { verb: 'update', group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicybindings', name: 'b', answered: object('B', { validationActions: ['Audit'] }) }, [['opened', 'binding.not-enforced', 'kubernetes/validatingadmissionpolicybindings/b']]],
    ['a binding that denies', { verb: 'update', group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicybindings', name: 'b', answered: object('B', { validationActions: ['Deny'] }) }, [['closed', 'binding.enforced', undefined]]],
    ['a webhook deleted', { verb: 'delete', group: 'admissionregistration.k8s.io', resource: 'validatingwebhookconfigurations', name: 'kyverno' }, [['opened', 'validatingwebhookconfigurations.deleted', 'kubernetes/validatingwebhookconfigurations/kyverno']]],
    ['a policy of Kyverno deleted', { verb: 'delete', group: 'kyverno.io', resource: 'clusterpolicies', name: 'p' }, [['opened', 'clusterpolicies.deleted', 'kyverno/p/*']]],
    ['one that is created', { verb: 'create', group: 'kyverno.io', resource: 'clusterpolicies', name: 'p' }, []],
    ['something else deleted', { verb: 'delete', resource: 'configmaps' }, []],
  ])('%s', (_, parts, wanted) => { expect(told(parts)).toEqual(wanted) })
})

describe('marks', () => {
  const namespace = (labels: Json, more: Partial<Parts> = {}): Parts => ({ verb: 'update', resource: 'namespaces', name: 'web', answered: object('Namespace', {}, { labels }), ...more })
  test.each<[string, Parts, readonly (readonly unknown[])[]]>([
    ['out of Gatekeeper', namespace({ 'admission.gatekeeper.sh/ignore': 'no-self-managing' }), [['opened', 'exemption.marked', 'gatekeeper/*']]],
    ['privileged pods', namespace({ 'pod-security.kubernetes.io/enforce': 'privileged' }), [['opened', 'exemption.marked', 'kubernetes/pod-security']]],
    ['baseline pods', namespace({ 'pod-security.kubernetes.io/enforce': 'baseline' }), []],
    ['a pod that breaks glass', { resource: 'pods', namespace: 'web', object: { metadata: { name: 'x', annotations: { 'alpha.image-policy.k8s.io/break-glass': 'true' } } } as Json }, [['opened', 'exemption.marked', 'kubernetes/image-policy']]],
    ['glass of one\'s own', namespace({ 'acme.example/break-glass': 'INC-1' }), [['opened', 'exemption.marked', 'kubernetes/break-glass']]],
    ['a patch that sets one', namespace({}, { verb: 'patch', answered: undefined as never, object: { metadata: { labels: { 'admission.gatekeeper.sh/ignore': 'x' } } } as Json }), [['opened', 'exemption.marked', 'gatekeeper/*']]],
  ])('%s', (_, parts, wanted) => { expect(told(parts)).toEqual(wanted) })
  test('are gone once the object says so, or is gone; a patch says nothing of what it leaves alone', () => {
    const things = (parts: Parts): readonly string[] => observations(event(parts)).flatMap(({ change, thing }) => (change === 'closed' ? [thing] : []))
    const [set] = observations(event(namespace({ 'admission.gatekeeper.sh/ignore': 'x' })))
    expect(set?.resource).toBe('Namespace/web')
    expect(things(namespace({}))).toContain(set?.thing)
    expect(things({ ...namespace({}), verb: 'delete' })).toContain(set?.thing)
    expect(things(namespace({}, { verb: 'patch', answered: undefined as never, object: { metadata: { labels: {} } } as Json }))).toEqual([])
  })
})

test('what was refused, is not over, was tried out, or is about a part of an object changes nothing', () => {
  const parts: Parts = { verb: 'delete', group: 'kyverno.io', resource: 'clusterpolicies', name: 'p' }
  for (const over of [{ responseStatus: { code: 403 } }, { responseStatus: {} }, { stage: 'RequestReceived' }, { requestURI: '/apis/x?dryRun=All' }, { objectRef: { ...(event(parts) as { objectRef: object }).objectRef, subresource: 'status' } }, { verb: 'get' }, { objectRef: undefined }]) {
    expect(observations(event({ ...parts, over })), JSON.stringify(over)).toEqual([])
  }
})

test('what is no list of events is told to be none', () => {
  for (const payload of [{}, [], null, { kind: 'Event', apiVersion: 'audit.k8s.io/v1' }, { kind: 'EventList', apiVersion: 'audit.k8s.io/v1beta1', items: [] }, { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: {} }]) {
    expect(fromKubernetesAudit(payload as Json, {}).ok).toBe(false)
  }
})

test('whatever events hold, what is told of them is bounded and on one line', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 800 }).map((each) => each.toWellFormed()), fc.constantFrom('__proto__', 'deny', '\u202e', 'acme.example/break-glass'))
  const leaf = fc.oneof(text, fc.integer(), fc.constant(null))
  const tree = fc.letrec((tie) => ({ node: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('node'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('metadata', 'labels', 'annotations', 'spec', 'exceptions', 'policyName', 'ruleNames', 'match', 'any', 'resources', 'kinds', 'name', 'kind'), tie('node'))) })).node as fc.Arbitrary<Json>
  fc.assert(fc.property(fc.constantFrom('policyexceptions', 'namespaces', 'clusterpolicies', 'x'), fc.constantFrom('kyverno.io', 'constraints.gatekeeper.sh', ''), fc.constantFrom('create', 'update', 'patch', 'delete'), text, tree, (resource, group, verb, name, answered) => {
    for (const each of observations(event({ resource, group, verb, name, answered, object: answered }))) {
      for (const shown of [each.control, each.resource, each.actor, each.reason]) expect(shown ?? 'x').toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,512}$/u)
      expect(each.what).toMatch(/^[!-~]{1,200}$/)
    }
  }), { numRuns: 500 })
})
