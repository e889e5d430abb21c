import { describe, expect, test } from 'vitest'
import { coverageOf, type Concerned, type Scope } from '../../src/lifecycle/index.ts'

const scope = (targets: Scope['targets'] = {}, controls = ['trivy/CVE-1']): Scope => ({ controls, targets })
const of = (asked: Scope, concerned: Partial<Concerned> = {}) => coverageOf(asked, ['1001'], { controls: ['trivy/CVE-1'], ...concerned })

describe('a scope holds what was reported', () => {
  test.each<[string, Scope, Partial<Concerned>, string]>([
    ['the control alone', scope(), {}, 'true'], ['a control that nobody can tell', scope(), { controls: [] }, 'unknown'], ['another control', scope(), { controls: ['trivy/CVE-2'] }, 'false'],
    ['one of its names', scope(), { controls: ['grype/CVE-1', 'trivy/CVE-1'] }, 'true'], ['a tool by another of its names', scope({}, ['Trivy Operator/CVE-1']), {}, 'true'],
    ['every rule, by a pattern', scope({}, ['trivy/*']), { controls: ['trivy/*'] }, 'true'], ['every rule, by one', scope(), { controls: ['trivy/*'] }, 'false'], ['every rule, by some', scope({}, ['trivy/CVE-*']), { controls: ['trivy/*'] }, 'false'],
    ['its repository', scope({ repositories: ['acme/payments'] }), { repositoryId: '1001' }, 'true'], ['another repository', scope({ repositories: ['acme/payments'] }), { repositoryId: '1002' }, 'false'], ['no repository', scope({ repositories: ['acme/payments'] }), {}, 'unknown'],
    ['its environment', scope({ environments: ['test'] }), { environment: 'test' }, 'true'], ['another environment', scope({ environments: ['test'] }), { environment: 'production' }, 'false'], ['every environment', scope({ environments: ['test'] }), {}, 'unknown'],
    ['a path below', scope({ paths: ['a/**'] }), { path: 'a/b/c' }, 'true'], ['a path beside', scope({ paths: ['a/**'] }), { path: 'ab/c' }, 'false'], ['no path', scope({ paths: ['a/**'] }), {}, 'unknown'],
    ['its resource', scope({ resources: ['Pod/a/*'] }), { resource: 'Pod/a/b' }, 'true'], ['another resource', scope({ resources: ['Pod/a/*'] }), { resource: 'Pod/b/b' }, 'false'], ['a pattern that is none', scope({ resources: ['{'] }), { resource: 'Pod/b/b' }, 'false'],
    ['single findings', scope({ fingerprints: ['f'] }), {}, 'unknown'], ['an image', scope({ images: ['sha256:x'] }), {}, 'unknown'],
    ['false beside unknown', scope({ environments: ['test'], paths: ['a/**'] }), { path: 'b' }, 'false'],
  ])('%s', (_, asked, concerned, wanted) => { expect(of(asked, concerned)).toBe(wanted) })
})
