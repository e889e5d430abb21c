/** Which opt-outs take more than a tap: whatever might excuse what is critical, and whatever cannot be told. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Weight, weightOf } from '../../src/use/critical.ts'
import { toBytes } from '../../src/use/stored.ts'
import { sqlite } from '../sqlite-kind.ts'
import { optOut, policy, strictPolicy, world, type World } from './support.ts'

let at: World
beforeAll(async () => { at = await world(sqlite) })
afterAll(async () => at.close())

async function judged(policies: string, document: unknown): Promise<Weight> {
  at.merge({ '.exeat/policies/trivy.yaml': policies, '.exeat/policies/production.yaml': strictPolicy.replace('  effect', '  severities: [low]\n  effect') })
  return weightOf(await at.source.current({ fresh: true }), document === undefined ? undefined : toBytes(document))
}

const upToHigh = policy('  severities: [low, medium, high]\n')

test.each([
  ['its policy covers no critical finding', upToHigh, optOut('a'), false],
  ['its policy names critical findings', policy('  severities: [high, critical]\n'), optOut('a'), true],
  ['its policy names no severity, and so covers all', policy(), optOut('a'), true],
  ['one of two policies covers critical findings', `${upToHigh}---\n${policy().replace('name: trivy', 'name: other')}`, optOut('a'), true],
  ['another policy, which does not cover it, covers critical findings', `${upToHigh}---\n${policy().replace('name: trivy', 'name: other').replace('trivy/*', 'grype/*')}`, optOut('a'), false],
  ['it is for a protected environment', upToHigh, optOut('a', { environments: ['production'] }), true],
  ['it is for a protected environment among others', upToHigh, optOut('a', { environments: ['test', 'production'] }), true],
  ['no policy permits it any more', upToHigh, optOut('a', { controls: ['grype/CVE-1'] }), true],
  ['its document was erased', upToHigh, undefined, true],
  ['its document cannot be read', upToHigh, { kind: 'OptOut' }, true],
])('%s', async (_, policies, document, critical) => {
  expect((await judged(policies, document)).critical).toBe(critical)
})

test('it names no environment, and one is protected', async () => {
  const { spec, ...rest } = optOut('a') as { readonly spec: { readonly targets: Record<string, unknown> } }
  expect((await judged(upToHigh, { ...rest, spec: { ...spec, targets: { repositories: ['acme/payments'] } } })).critical).toBe(true)
})

test('nobody knows what governs', () => {
  expect(weightOf(undefined, toBytes(optOut('a')))).toEqual({ critical: true })
})

test('says which evidence the terms in force take, and nothing where no terms are', async () => {
  expect((await judged(upToHigh, optOut('a'))).mfa).toBe('none')
  expect((await judged(upToHigh, optOut('a', { environments: ['production'] }))).mfa).toBe('user-signed')
  expect(await judged(upToHigh, optOut('a', { controls: ['grype/CVE-1'] }))).toEqual({ critical: true })
})
