import { expect, test } from 'vitest'
import type { ExeatDocument, Workspace } from '../../src/document/schema.ts'
import { authority, type Provider } from '../../src/policy/authority.ts'
import { compile } from './build.ts'
import { aliases, forbid, optOut, type OptOutPart, permit, workspace } from './build.ts'
import type { Placed, PlacedPolicy } from '../../src/policy/validate.ts'

const origin = { file: '.exeat/a.yaml', line: 4, column: 1 }
const placed = (document: ExeatDocument): Placed<ExeatDocument> => ({ document, digest: '0'.repeat(64), origin })
const own = (part: OptOutPart = {}): Placed<ExeatDocument> => placed(optOut({ targets: { repositories: ['acme/payments'] }, ...part }))
const tests = placed({ apiVersion: 'exeat.dev/v1', kind: 'OptOutTest', metadata: { name: 't' }, spec: { cases: [] } })
const source: Provider = { kind: 'source', name: 'acme/payments', repositoryId: '1' }
const judge = (provider: Provider, document: Placed<ExeatDocument>, given: Workspace = workspace().document): string => {
  const { accepted, refused } = authority(provider, [document], given)
  expect(accepted.length + refused.length).toBe(1)
  return refused[0] === undefined ? 'accepted' : `${refused[0].code} ${refused[0].message}`
}

test('governance may say anything', () => {
  const all = [permit('p'), forbid('f'), workspace(), aliases('a', [['trivy/x', 'grype/x']]), own({ targets: {} }), tests]
  expect(authority({ kind: 'governance' }, all, workspace().document)).toEqual({ accepted: all, refused: [] })
})

test('a source adds opt-outs for its own repository, and forbids for itself', () => {
  expect(judge(source, own())).toBe('accepted')
  expect(judge(source, tests)).toBe('accepted')
  const { accepted } = authority(source, [forbid('f')], workspace().document)
  expect(accepted).toEqual([{ ...forbid('f'), repository: 'acme/payments' }])
  const answer = compile([permit('p'), ...accepted as PlacedPolicy[]])
  expect(answer.ok && answer.set.termsFor({ control: 'trivy/x', environment: 'staging', repository: 'acme/shop' }).kind).toBe('permitted')
  expect(answer.ok && answer.set.termsFor({ control: 'trivy/x', environment: 'staging', repository: 'acme/payments' }).kind).toBe('refused')
})

test('never more than that', () => {
  expect(judge(source, permit('p'))).toBe('AUTHORITY_KIND source `acme/payments` brings a policy that permits, and only governance permits')
  expect(judge(source, workspace())).toBe('AUTHORITY_KIND source `acme/payments` brings a document of kind Workspace, which only governance may hold')
  expect(judge(source, aliases('a', [['trivy/x', 'grype/x']]))).toContain('of kind Aliases')
  expect(judge(source, placed(optOut()))).toBe('AUTHORITY_OTHER_REPOSITORY source `acme/payments` brings an opt-out for any repository')
  const { targets: _, ...anywhere } = optOut().spec
  expect(judge(source, placed({ ...optOut(), spec: anywhere }))).toContain('for any repository')
  expect(judge(source, own({ targets: { repositories: ['acme/payments', 'acme/shop'] } }))).toBe('AUTHORITY_OTHER_REPOSITORY source `acme/payments` brings an opt-out for `acme/payments`, `acme/shop`')
})

test('opt-outs only where the workspace says that it may', () => {
  for (const may of [{}, { may: [] }]) {
    const silent = workspace({ sources: [{ name: 'acme/payments', forge: 'none', repositoryId: '1', ...may }] }).document
    expect(judge(source, own(), silent)).toBe('AUTHORITY_KIND source `acme/payments` may not add opt-outs')
    expect(judge(source, forbid('f'), silent)).toBe('accepted')
  }
})

test('a source is known by name and id together', () => {
  for (const provider of [{ ...source, repositoryId: '2' }, { ...source, name: 'acme/shop' }]) {
    expect(judge(provider, own())).toBe(`AUTHORITY_SOURCE_UNKNOWN the workspace lists no source \`${provider.name}\` with repository id \`${provider.repositoryId}\``)
    expect(judge(provider, forbid('f'))).toContain('AUTHORITY_SOURCE_UNKNOWN')
  }
})

test('each is refused alone, at its place', () => {
  const { accepted, refused } = authority(source, [own(), placed(optOut()), forbid('f')], workspace().document)
  expect([accepted.length, refused.length]).toEqual([2, 1])
  expect(refused[0]).toMatchObject({ at: { file: '.exeat/a.yaml', line: 4, column: 1 }, hint: 'state `targets: { repositories: [acme/payments] }`' })
})
