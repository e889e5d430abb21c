/** Bundles for Open Policy Agent, read, verified and asked by OPA itself, and held against the engine. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decide, type Facts, type Finding, type Instant } from '@exeat/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { describeWith } from '../../../testkit/src/index.ts'
import { bundleView } from '../../src/decisions/view.ts'
import { openOpaKey, opaBundler, type OpaKey } from '../../src/opa/index.ts'
import { tarOf } from '../../src/opa/tar.ts'
import { sha256 } from '../../src/store/ed25519.ts'
import { findingOf, hour, person, policyJson, start, world, type World } from '../bundle/world.ts'
import { dependencies } from '../decisions/support.ts'
import { codesOf } from '../use/support.ts'

let folder: string
let key: OpaKey
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-opa-'))
  key = openOpaKey(join(folder, 'opa.key'))
  writeFileSync(join(folder, 'key.pem'), key.publicPem)
})
afterAll(() => { rmSync(folder, { recursive: true }) })

let open: World | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})
const opened = async (...options: Parameters<typeof world>): Promise<World> => (open = await world(...options))
const maker = (it: World) => opaBundler({ ...dependencies(it), key })

/** Terms under which the declared targets decide, in an environment of its own. */
const declaring = {
  ...(policyJson as object), metadata: { name: 'declaring' },
  spec: { ...(policyJson as { spec: object }).spec, controls: ['checkov/*', 'semgrep/*'], environments: ['staging'], severities: ['low', 'medium', 'high'], requires: { impact: false } },
} as typeof policyJson
const targets = (more: object): object => ({ repositories: ['acme/payments'], environments: ['staging'], ...more })
const checkov = (rule: string, more: object = {}, over: object = {}) => ({ controls: [`checkov/${rule}`], targets: targets(more), ...over }) as Parameters<World['activated']>[1]

/** As many kinds of opt-outs as there are, none of which some can be said. */
async function peopled(): Promise<World> {
  const it = await opened()
  it.merge(declaring, { apiVersion: 'exeat.dev/v1', kind: 'Aliases', metadata: { name: 'same' }, spec: { controls: [['checkov/A', 'checkov/A-too']] } })
  for (const name of ['log4j', 'zlib', 'curl']) await it.activated(name)
  await it.activated('under', checkov('A', { paths: ['services/**/main.tf', 'x?.tf'] }))
  await it.activated('named', checkov('B', { resources: ['aws_s3_bucket.{a,b}*'] }, { limits: { findings: 2 } }))
  await it.activated('later', checkov('C', {}, { window: { from: '2026-11-23T10:00:00Z', until: '2026-11-24T10:00:00Z' } }))
  await it.activated('wide', { controls: ['semgrep/one', 'semgrep/two'], targets: targets({}) as never, limits: { findings: 1 } })
  await it.use.revoke(person('bob'), 'curl', 'mended', it.nextKey())
  return it
}

describe('the bundle', () => {
  test('says the same again, with another end, and something else once an opt-out ends', async () => {
    const it = await peopled()
    const first = await maker(it)('*')
    it.clock.now += 60_000
    const second = await maker(it)('*')
    expect([first.says === second.says, second.notAfter - first.notAfter]).toEqual([true, 60_000])
    await it.use.revoke(person('bob'), 'zlib', 'mended', it.nextKey())
    expect((await maker(it)('*')).says).not.toBe(first.says)
    expect((await maker(it)('1002')).says).not.toBe(first.says)
  })
  test('of whatever cannot be made is a refusal', async () => {
    const it = await opened()
    const failing = opaBundler({ ...dependencies(it), key, useCases: { bundle: async () => { throw new Error('the log is away') }, bundleSays: it.use.bundleSays } })
    await expect(failing('*')).rejects.toThrow('the log is away')
  })
  test('of very many rows is refused', async () => {
    const sources = Array.from({ length: 20_000 }, (_, i) => ({ name: `acme/r${i}`, forge: 'none', repositoryId: `${i}` }))
    const it = await opened({ spec: { sources: [{ name: 'acme/payments', forge: 'none', repositoryId: '1001' }, ...sources.filter(({ repositoryId }) => repositoryId !== '1001')] } })
    it.merge(declaring)
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await it.activated(name, { controls: [`checkov/${name}`], targets: { environments: ['staging'] } })
    expect(await codesOf(maker(it)('*'))).toEqual(['OPA_BUNDLE_LARGE'])
    expect((await maker(it)('1001')).bytes.length).toBeGreaterThan(0)
  })
  test('an archive holds no name that is cut short', () => {
    expect(() => tarOf([{ path: 'x'.repeat(101), content: '' }])).toThrow(RangeError)
    expect(tarOf([{ path: 'a', content: 'é' }]).length).toBe(4 * 512)
  })
  test('a key that is none is never signed with', () => {
    writeFileSync(join(folder, 'bad.key'), 'no key', { mode: 0o600 })
    expect(() => openOpaKey(join(folder, 'bad.key'))).toThrow('holds no private key on P-256')
    expect(openOpaKey(join(folder, 'opa.key')).publicPem).toBe(key.publicPem)
  })
})

interface Asked { readonly repository: string; readonly environment: string; readonly finding: Finding; readonly findings?: readonly Finding[] }

describeWith('opa', 'asked by OPA', (opa) => {
  const nanoseconds = (at: number): string => `${BigInt(at) * 1_000_000n}`
  const write = (bytes: Uint8Array, name = 'bundle.tar.gz'): string => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    return path
  }
  const run = (args: readonly string[], input = ''): { readonly ok: boolean; readonly text: string } => {
    const { status, stdout, stderr } = spawnSync(opa, args, { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    return { ok: status === 0, text: `${stdout}${stderr}` }
  }
  /** Which of them are excused at an instant. */
  const excused = (bytes: Uint8Array, asks: readonly Asked[], at: number): readonly boolean[] => {
    const query = `[x | some ask in input; x := data.exeat.excused(ask)] with time.now_ns as ${nanoseconds(at)}`
    const { ok, text } = run(['eval', '--bundle', write(bytes), '--stdin-input', '--format', 'raw', query], JSON.stringify(asks))
    if (!ok) throw new Error(text)
    return JSON.parse(text) as readonly boolean[]
  }
  const ask = (finding: Finding, over: Partial<Asked> = {}): Asked => ({ repository: 'acme/payments', environment: 'staging', finding, ...over })

  test('the signature holds, and no other key, file or byte does', async () => {
    const it = await peopled()
    const { bytes } = await maker(it)('*')
    const verify = (name: string, pem = join(folder, 'key.pem')) => run(['build', '--bundle', join(folder, name), '--verification-key', pem, '--verification-key-id', 'exeat', '--signing-alg', 'ES256', '--output', join(folder, 'out.tar.gz')])
    write(bytes)
    expect(verify('bundle.tar.gz')).toEqual({ ok: true, text: '' })
    writeFileSync(join(folder, 'other.pem'), openOpaKey(join(folder, 'other.key')).publicPem)
    expect(verify('bundle.tar.gz', join(folder, 'other.pem')).text).toContain('verify')
    const { gunzipSync, gzipSync } = await import('node:zlib')
    const altered = gunzipSync(bytes).toString('latin1').replace('"until":1795', '"until":1895')
    write(gzipSync(Buffer.from(altered, 'latin1')), 'altered.tar.gz')
    expect(verify('altered.tar.gz')).toMatchObject({ ok: false })
    expect(verify('altered.tar.gz').text).toContain('digest mismatch')
  })

  test('an approved finding is excused, in its time, its place and its environment alone', async () => {
    const it = await peopled()
    const { bytes, notAfter } = await maker(it)('*')
    const log4j = findingOf('log4j')
    const asks = [
      ask(log4j), ask({ ...log4j, path: 'other.xml' }), ask({ ...log4j, severity: 'low' }), ask(findingOf('curl')), ask(log4j, { repository: 'acme/ledger' }), ask(log4j, { environment: 'production' }),
      ask(log4j, { repository: '__proto__' }), ask({ ...log4j, tool: 'Trivy' }), ask({ ...log4j, rule: 'LOG4J' }), ask(log4j, { findings: [] }), {} as Asked, ask(log4j, { findings: [log4j, log4j] }),
    ]
    expect(excused(bytes, asks, start)).toEqual([true, false, true, false, false, false, false, false, false, false, false, false])
    expect(excused(bytes, [ask(log4j)], notAfter - 1)).toEqual([true])
    for (const at of [notAfter, notAfter + hour, start - 60_001, 0]) expect(excused(bytes, [ask(log4j)], at), String(at)).toEqual([false])
  })

  test('time always wins: from the first millisecond to the last', async () => {
    const it = await peopled()
    const later: Finding = { tool: 'checkov', rule: 'C', title: 'x', severity: 'low' }
    it.clock.now = start + 24 * hour - 1000
    const { bytes } = await maker(it)('*')
    expect([-1, 0].map((by) => excused(bytes, [ask(later)], start + 24 * hour + by))).toEqual([[false], [true]])
    it.clock.now = start + 48 * hour - 1000
    const last = await maker(it)('*')
    expect([-1, 0].map((by) => excused(last.bytes, [ask(later)], start + 48 * hour + by))).toEqual([[true], [false]])
  })

  test('what OPA cannot judge is left out, and named', async () => {
    const it = await opened({ spec: { environments: [{ name: 'staging', proof: 'asserted' }, { name: 'production', protected: true, proof: 'workload' }] } })
    it.merge({ ...(policyJson as object), metadata: { name: 'judging' }, spec: { ...(policyJson as { spec: object }).spec, controls: ['checkov/*'], requires: { impact: false }, wildcards: true } } as typeof policyJson)
    await it.activated('log4j')
    await it.activated('counted', { limits: { findings: 1, uses: 3 } })
    await it.activated('globbed', { controls: ['checkov/CKV_*'] })
    const { bytes } = await maker(it)('*')
    const { text } = run(['eval', '--bundle', write(bytes), '--format', 'raw', '[[o.opt_out, o.because] | some o in data.exeat.omitted]'])
    expect(JSON.parse(text)).toEqual([['counted', 'its uses are counted, and Rego counts none'], ['globbed', 'it names controls by a pattern']])
    expect(excused(bytes, [ask(findingOf('log4j')), ask(findingOf('counted')), ask({ tool: 'checkov', rule: 'CKV_1', title: 'x', severity: 'high' })], start)).toEqual([true, false, false])
  })

  test('never wider than the engine, and the same for runs of one finding', async () => {
    const it = await peopled()
    const { bytes } = await maker(it)('*')
    const view = await bundleView(dependencies(it), () => ({ audience: '*', closed: false }))
    const facts: Facts = { repository: { value: { name: 'acme/payments', id: '1001' }, provenance: 'asserted', from: 'test' }, environment: { value: 'staging', provenance: 'asserted', from: 'test' } }
    const engine = (findings: readonly Finding[]): readonly boolean[] => decide(view.governed.policySet, view.bundle.optOuts, findings, facts, start as Instant, { sha256 }).map(({ outcome }) => outcome === 'excused')
    const each = <T>(values: readonly T[], make: (value: T) => Finding[]): Finding[] => values.flatMap(make)
    const singles: readonly Finding[] = [
      ...each(['log4j', 'zlib', 'curl', 'other'], (rule) => [findingOf(rule), { ...findingOf(rule), title: 'a  \n flaw' }, { ...findingOf(rule), message: '<&>" \u2028é𝒳' }, { ...findingOf(rule), resource: 'r' }]),
      ...each(['services/main.tf', 'services/a/main.tf', 'services/a/b/main.tf', 'xy.tf', 'x/.tf', 'main.tf', 'a/services/main.tf'], (path) => [{ tool: 'checkov', rule: 'A', title: 'x', severity: 'high', path }, { tool: 'checkov', rule: 'A', title: 'x', path }]),
      ...each(['aws_s3_bucket.a', 'aws_s3_bucket.b1', 'aws_s3_bucket.c', 'x'], (resource) => [{ tool: 'checkov', rule: 'B', title: 'x', severity: 'low', resource }, { tool: 'checkov', rule: 'B', title: 'x', severity: 'critical', resource }, { tool: 'checkov', rule: 'B', title: 'x', severity: 'info', resource }]),
      { tool: 'checkov', rule: 'A-too', title: 'x', severity: 'high', path: 'services/main.tf' }, { tool: 'checkov', rule: 'A-too', title: 'x', severity: 'high', path: 'main.tf' },
      { tool: 'checkov', rule: 'C', title: 'x', severity: 'low' }, { tool: 'made-up', rule: 'A', title: 'x', severity: 'low' }, { tool: 'semgrep', rule: 'one', title: 'x', severity: 'low' },
    ]
    const alone = singles.map((finding) => engine([finding])[0] === true)
    expect(excused(bytes, singles.map((finding) => ask(finding)), start)).toEqual(alone)
    expect(alone.filter(Boolean).length).toBeGreaterThan(8)
    expect(alone[singles.findIndex(({ rule }) => rule === 'A-too')]).toBe(true)

    // Whole runs, drawn by a generator that is always the same: what Rego excuses the engine excuses too.
    let seed = 7
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
    const runs = Array.from({ length: 60 }, () => Array.from({ length: 1 + next(5) }, () => singles[next(singles.length)] as Finding))
    const asks = runs.flatMap((findings) => findings.map((finding) => ask(finding, { findings })))
    const said = excused(bytes, asks, start)
    const meant = runs.flatMap((findings) => engine(findings))
    expect(said.flatMap((one, i) => (one && meant[i] !== true ? [asks[i]] : []))).toEqual([])
    expect(said.filter(Boolean).length).toBeGreaterThan(20)
  })

  test('paths that are in no normal form, and attributes of another type, excuse nothing', async () => {
    const it = await peopled()
    const { bytes } = await maker(it)('*')
    const at = (path: unknown): Asked => ask({ tool: 'checkov', rule: 'A', title: 'x', severity: 'high', path } as Finding)
    expect(excused(bytes, ['services/main.tf', 'services/../x/main.tf', 'services/./main.tf', '/services/main.tf', 'services//main.tf', 'services\\main.tf', '', 'C:/main.tf', 7, null, ['services/main.tf'], 'services/main.tf/'].map(at), start))
      .toEqual([true, ...Array.from({ length: 11 }, () => false)])
  })

  test('ceilings hold over a run, whatever the order and whichever control', async () => {
    const it = await peopled()
    const { bytes } = await maker(it)('*')
    const [one, two] = ['one', 'two'].map((rule): Finding => ({ tool: 'semgrep', rule, title: 'x', severity: 'low' })) as [Finding, Finding]
    expect(excused(bytes, [ask(one), ask(one, { findings: [one, two] }), ask(two, { findings: [one, two] })], start)).toEqual([true, false, false])
    // A run that does not hold the finding says nothing of it.
    expect(excused(bytes, [ask(one, { findings: [] }), ask(one, { findings: [two] })], start)).toEqual([false, false])
    const dots = ask({ ...one, path: '../x' })
    expect(excused(bytes, [ask(one, { findings: [one, dots.finding] })], start)).toEqual([false])
  })
})
