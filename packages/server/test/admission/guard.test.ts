/** The guard: what each native exemption is found to be, and that only an active opt-out of at least its scope lets it pass. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { guard } from '../../src/admission/index.ts'
import { weakenings } from '../../src/admission/guard/weakenings.ts'
import { readReview } from '../../src/admission/review.ts'
import { type AdmissionWorld, admissionWorld, policyOf, review } from './support.ts'

interface Vector {
  readonly name: string
  readonly review: { readonly request: object }
  readonly refused: readonly string[]
}

const folder = new URL('../../../../vectors/admission/', import.meta.url)
const vectors = readdirSync(folder).filter((file) => file.endsWith('.json')).flatMap((file) => (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Vector[]).map((each) => ({ ...each, file })))

test('there are vectors', () => { expect(vectors.length).toBeGreaterThan(50) })

test.each(vectors)('$file: $name', ({ review: sent, refused }) => {
  const read = readReview(Buffer.from(JSON.stringify(sent)))
  if (!read.ok) throw new Error(read.message)
  expect(weakenings(read.request).map(({ finding: { tool, rule, resource } }) => `${tool}/${rule}${resource === undefined ? '' : ` ${resource}`}`).sort()).toEqual([...refused].sort())
})

let open: AdmissionWorld | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

const allowed = { nativeForms: { allowed: true, maxLag: '1h' } }
const exception = (names: readonly string[]) => review({
  kind: { group: 'kyverno.io', version: 'v2', kind: 'PolicyException' }, resource: { group: 'kyverno.io', version: 'v2', resource: 'policyexceptions' },
  object: { metadata: { name: 'x', namespace: 'team-a' }, spec: { exceptions: [{ policyName: 'p', ruleNames: ['r'] }], match: { any: [{ resources: { kinds: ['Pod'], namespaces: ['team-a'], names } }] } } },
})
const scope = (resources: readonly string[]) => ({ controls: ['kyverno/p/r'], targets: { repositories: ['acme/payments'], environments: ['staging'], resources } })

async function admitted(request: object): Promise<{ readonly allowed: boolean; readonly status?: { readonly message: string } }> {
  if (open === undefined) throw new Error('no world')
  return (JSON.parse(String(await guard(open.point)(request as never))) as { readonly response: { readonly allowed: boolean } }).response
}

describe('an exception', () => {
  test('passes under an opt-out of its very scope, and not beyond it', async () => {
    open = await admissionWorld([policyOf('kyverno', allowed)])
    await open.it.activated('one', scope(['Pod/team-a/web']))
    await open.point.refresh()
    expect((await admitted(exception(['web']))).allowed).toBe(true)
    expect(open.claimed).toMatchObject([{ subject: 'object:policyexceptions/team-a/x user:alice' }])
    for (const names of [['web', 'other'], ['*'], ['we?'], []]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await admitted(exception(names)), names.join()).toMatchObject({ allowed: false, status: { message: expect.stringContaining('PolicyException `x` takes') as string } })
    }
  })

  test('is refused where the terms ask for forms that end by themselves', async () => {
    open = await admissionWorld([policyOf('kyverno')])
    await open.it.activated('one', scope(['Pod/team-a/web']))
    await open.point.refresh()
    expect(await admitted(exception(['web']))).toMatchObject({ allowed: false, status: { message: expect.stringContaining('nativeForms: self-expiring') as string } })
    expect(open.claimed).toEqual([])
  })

  test('of no bundle is refused; what exempts nothing passes without one', async () => {
    open = await admissionWorld([policyOf('kyverno', allowed)])
    expect(await admitted(exception(['web']))).toMatchObject({ allowed: false, status: { message: expect.stringContaining('no bundle') as string } })
    expect((await admitted(review())).allowed).toBe(true)
  })
})

test('a pattern of single characters covers no whole namespace', async () => {
  open = await admissionWorld([policyOf('gatekeeper', allowed)])
  const namespace = review({ kind: { group: '', version: 'v1', kind: 'Namespace' }, resource: { group: '', version: 'v1', resource: 'namespaces' }, name: 'team-a', object: { metadata: { name: 'team-a', labels: { 'admission.gatekeeper.sh/ignore': 'x' } } } })
  const targets = (resource: string) => ({ controls: ['gatekeeper/*'], targets: { repositories: ['acme/payments'], environments: ['staging'], resources: [resource] } })
  await open.it.activated('single', targets('?/team-a/?'))
  await open.point.refresh()
  expect((await admitted(namespace)).allowed).toBe(false)
  await open.it.activated('whole', targets('*/team-a/*'))
  await open.point.refresh()
  expect((await admitted(namespace)).allowed).toBe(true)
})
