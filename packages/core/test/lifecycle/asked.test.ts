import { expect, test } from 'vitest'
import { askedOf } from '../../src/lifecycle/asked.ts'
import { optOut } from '../policy/build.ts'

test('what a document asks for, without what only people read', () => {
  const document = optOut({ renews: 'before', limits: { findings: 3, uses: 7 } })
  expect(askedOf(document)).toEqual({
    name: 'hotfix', scope: { controls: ['trivy/CVE-2021-44228'], targets: { environments: ['staging'] } }, repositories: [], window: document.spec.window,
    reason: document.spec.reason, emergency: false, limits: { findings: 3, uses: 7 }, renews: 'before',
  })
  expect(askedOf(optOut({ category: 'emergency' })).emergency).toBe(true)
})

test.for([
  [undefined, undefined, undefined], [7, undefined, 7], [undefined, 5, 5], [7, 5, 5], [5, 7, 5], [1, 1, 1],
] as const)('the smaller limit of uses: %s in the document, %s in the terms', ([own, terms, expected]) => {
  const document = optOut({ limits: own === undefined ? { findings: 3 } : { findings: 3, uses: own } })
  const asked = askedOf(document, terms)
  expect(asked.limits.uses).toBe(expected)
  // Who verifies has the document and what was recorded, and must come to the same.
  expect(askedOf(document, asked.limits.uses)).toEqual(asked)
})

test('more uses than the document allows are not what it asks for', () => {
  const document = optOut({ limits: { findings: 3, uses: 5 } })
  expect(askedOf(document, 9).limits.uses).toBe(5)
})
