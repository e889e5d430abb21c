import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dsse, signDsse } from '@exeat/verify'
import { parseInstant } from '@exeat/core'
import { temporaryRepository } from '@exeat/testkit'
import { readSigner } from '../../server/src/keys/signer.ts'
import { signerOf } from '../../server/src/store/ed25519.ts'
import { base } from './base.ts'
import { builtCommand } from './built.ts'
import { countedUses, instant, json, logWorld, optOut, readJson, stateFiles, type World } from './log-world.ts'
import { runExeat } from './session.ts'

const main = builtCommand()
const hour = 3_600_000
let world: World

beforeAll(async () => { world = await logWorld(main) }, 60_000)
afterAll(async () => { await world.remove() })

describe('the way of an opt-out', { timeout: 120_000 }, () => {
  test('requested, approved, activated, excused; revoked, blocked', () => {
    world.merge({ '.exeat/opt-outs/one.yaml': optOut('one') })
    expect(world.gate()).toMatchObject({ exit: 2, stdout: expect.stringContaining('`one` is refused: it is not active in the log') as string })
    const asked = world.exeat(['request', 'one', '--actor', 'alice'])
    expect(asked).toMatchObject({ exit: 0, stdout: expect.stringMatching(/missing\s+1 of security\n[^]*may approve\s+1 of security \(bob, dora\)/) as string })
    expect(asked.stdout).toContain('no login')
    expect(world.exeat(['status', 'one']).exit).toBe(4)
    expect(world.exeat(['activate', 'one', '--actor', 'carol', '--yes'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('WRONG_PHASE') as string })
    expect(world.exeat(['approve', 'one', '--actor', 'alice', '--yes'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('SELF_APPROVAL') as string })
    const told = (): string => world.gate().stdout.replaceAll(/\s+/g, ' ')
    expect(told()).toMatch(/`one` is refused: it is not active in the log `[^`]*`: it is proposed and lacks 1 of security .* hint: `exeat approve one --actor NAME`/)
    expect(world.exeat(['approve', 'one', '--actor', 'bob', '--yes']).exit).toBe(0)
    expect(told()).toMatch(/it is approved and waits to be activated .* hint: `exeat activate one --actor NAME`.* BLOCKED 5 findings/)
    expect(world.exeat(['activate', 'one', '--actor', 'carol', '--yes']).exit).toBe(0)

    const passed = world.gate('--format', 'json')
    expect(passed.exit, passed.stderr).toBe(0)
    expect(json(passed)).toMatchObject({
      mode: 'log', evidence: 'operator-asserted', authoritative: false, summary: { excused: 1, blocked: 0 },
      log: { source: 'fetched', singleFounder: false, uses: [{ state: 'counted', acknowledged: false }] },
    })
    expect(world.gate().stdout.replaceAll(/\s+/g, ' ')).toMatch(/log mode, .* of \d+ entries, bundle fetched, revocations up to 60 min old; evidence operator-asserted/)
    const sarif = JSON.parse(world.gate('--format', 'sarif').stdout) as { readonly runs: readonly [{ readonly results: readonly { readonly suppressions: readonly { readonly properties: object }[] }[] }] }
    expect(sarif.runs[0].results.flatMap(({ suppressions }) => suppressions.map(({ properties }) => properties)))
      .toMatchObject([{ exeat: { optOut: 'one', mode: 'log', evidence: 'operator-asserted', log: { size: expect.any(Number) as number } } }])

    expect(world.exeat(['revoke', 'one', '--actor', 'bob', '--reason', 'fixed']).exit).toBe(0)
    expect(world.gate()).toMatchObject({ exit: 2, stdout: expect.stringContaining('`one` was revoked at') as string })
  })

  test('lapses by itself: a preview behind its end blocks, and uses nothing', () => {
    world.activate('lapsing', { until: 2 * hour })
    const before = countedUses(world, 'lapsing')
    const preview = world.gate('--now', instant(Date.now() + 3 * hour))
    expect(preview).toMatchObject({ exit: 2, stdout: expect.stringContaining('opt-out `lapsing` ended at') as string })
    expect(world.gate('--now', instant(Date.now() + hour)).exit).toBe(0)
    expect(countedUses(world, 'lapsing')).toBe(before)
    expect(world.exeat(['revoke', 'lapsing', '--actor', 'bob', '--reason', 'done']).exit).toBe(0)
  })

  test('a document that stands at the protected ref and was never requested excuses nothing', () => {
    world.merge({ '.exeat/opt-outs/silent.yaml': optOut('silent') })
    const ran = world.gate()
    expect(ran.exit).toBe(2)
    expect(ran.stdout.replaceAll(/\s+/g, ' ')).toContain('opt-out `silent` is refused: it is not active in the log `log.acme.payments.example`')
    expect(ran.stdout.replaceAll(/\s+/g, ' ')).toContain('`exeat request silent`')
  })

  test('uses are counted once for a commit, acknowledged before they excuse, and run out', () => {
    world.activate('twice', { limits: '{ findings: 1, uses: 2 }' })
    for (const _ of [1, 2]) {
      const ran = world.gate('--format', 'json')
      expect(ran.exit, ran.stderr).toBe(0)
      expect(json(ran)).toMatchObject({ log: { uses: [{ state: 'counted', acknowledged: true }] } })
    }
    expect(countedUses(world, 'twice')).toBe(1)
    const bundle = join(world.dir, 'twice.bundle')
    expect(world.exeat(['bundle', '-o', bundle]).exit).toBe(0)
    const alone = world.gate('--bundle', bundle)
    expect(alone).toMatchObject({ exit: 2, stderr: expect.stringContaining('warning[USE_NOT_COUNTED]: opt-out `twice` excuses nothing here: a bundle from a file has no server') as string })
    world.merge({ 'src.txt': '2' })
    for (const job of ['the last one', 'the last one, retried']) {
      const ran = world.gate('--format', 'json')
      expect(ran.exit, `${job}: ${ran.stderr}`).toBe(0)
      expect(json(ran)).toMatchObject({ log: { uses: [{ state: 'counted', acknowledged: true }] } })
    }
    expect(world.exeat(['status', 'twice'])).toMatchObject({ exit: 0, stdout: expect.stringMatching(/active[^]*uses\s+2 of 2/) as string })
    world.merge({ 'src.txt': '3' })
    const spent = world.gate()
    expect(spent.exit, spent.stdout).toBe(2)
    expect(spent.stderr).toContain('warning[USE_NOT_COUNTED]: opt-out `twice` excuses nothing here: the server did not count its use: `twice` was used 2 times, it allows 2; it is exhausted')
    const over = world.gate()
    expect(over.exit, over.stdout).toBe(2)
    expect(over.stdout).toContain('`twice` was exhausted at')
    expect(countedUses(world, 'twice')).toBe(2)
  })

  test('a repeated request gets its first answer; the same document under another key is refused, and so is another one under the same key', () => {
    world.merge({ '.exeat/opt-outs/again.yaml': optOut('again'), '.exeat/opt-outs/other.yaml': optOut('other') })
    const ask = (name: string, key: string) => world.exeat(['request', name, '--actor', 'alice', '--format', 'json', '--idempotency-key', key])
    const first = ask('again', 'key-1')
    expect(first.exit, first.stderr).toBe(0)
    expect(json(ask('again', 'key-1'))['index']).toBe(json(first)['index'])
    expect(ask('again', 'key-2')).toMatchObject({ exit: 3, stderr: expect.stringMatching(/ALREADY_STANDS|NAME_REUSED/) as string })
    expect(ask('other', 'key-1').exit).not.toBe(0)
    expect(world.exeat(['withdraw', 'again', '--actor', 'alice', '--reason', 'not needed']).exit).toBe(0)
    expect(world.exeat(['status', 'again'])).toMatchObject({ exit: 0, stdout: expect.stringContaining('withdrawn') as string })
  })

  test('of two activations at once one wins', async () => {
    world.merge({ '.exeat/opt-outs/race.yaml': optOut('race') })
    expect(world.exeat(['request', 'race', '--actor', 'alice']).exit).toBe(0)
    expect(world.exeat(['approve', 'race', '--actor', 'bob', '--yes']).exit).toBe(0)
    const both = await Promise.all(['alice', 'carol'].map((actor) => world.exeatLater(['activate', 'race', '--actor', actor, '--yes'])))
    expect(both.map(({ exit }) => exit).toSorted()).toEqual([0, 3])
    expect(both.find(({ exit }) => exit === 3)?.stderr).toContain('WRONG_PHASE')
    expect(world.exeat(['revoke', 'race', '--actor', 'bob', '--reason', 'done']).exit).toBe(0)
  })

  test('what was changed after it was seen is not signed', () => {
    world.merge({ '.exeat/opt-outs/seen.yaml': optOut('seen') })
    expect(world.exeat(['request', 'seen', '--actor', 'alice']).exit).toBe(0)
    expect(world.exeat(['approve', 'seen', '--actor', 'bob', '--code', '00000-00000-00000-00000'])).toMatchObject({ exit: 3, stderr: expect.stringContaining('SHOWN_DIFFERS') as string })
    const shown = world.exeat(['approve', 'seen', '--actor', 'bob'])
    expect(shown).toMatchObject({ exit: 64, stderr: expect.stringContaining('NOT_CONFIRMED') as string })
    for (const text of ['trivy/CVE-2019-12900', 'pkg:apk/*libbz2*', 'The image is rebuilt', 'no login']) expect(shown.stdout).toContain(text)
    const code = /--code ([0-9A-Z-]{23})/.exec(shown.stderr)?.[1] ?? ''
    expect(world.exeat(['approve', 'seen', '--actor', 'bob', '--code', code.toLowerCase()]).exit).toBe(0)
    expect(world.exeat(['reject', 'seen', '--actor', 'bob', '--reason', 'no']).exit).toBe(0)
  })

  test('attack-15: an enforcement point acts for nobody, a name typed from afar is nobody\'s, and the network wants a token', () => {
    const acted = world.exeat(['request', 'silent', '--actor', 'alice', '--server', world.url])
    expect(acted).toMatchObject({ exit: 3, stderr: expect.stringContaining('CALLER_REFUSED') as string })
    expect(world.exeat(['gate', 'trivy.json', '--env', 'development'], { EXEAT_TOKEN: 'guessed' })).toMatchObject({ exit: 3, stderr: expect.stringContaining('TOKEN_UNKNOWN') as string })
    expect(world.exeat(['status', '--server', world.url]).exit).toBe(0)
    expect(world.exeat(['status', '--server', 'http://exeat.example'])).toMatchObject({ exit: 64, stderr: expect.stringContaining('in the clear') as string })
  })
})

describe('bundles that do not hold', { timeout: 120_000 }, () => {
  let file: string
  const gateOn = (text: string) => {
    const path = join(world.dir, 'changed.bundle')
    writeFileSync(path, text)
    return world.gate('--bundle', path)
  }

  beforeAll(() => {
    world.activate('held')
    file = join(world.dir, 'held.bundle')
    world.exeat(['bundle', '-o', file])
  }, 60_000)

  /** The same content under other times, signed by the real key. */
  function resigned(change: (payload: Record<string, unknown>) => void): string {
    const envelope = readJson(file) as unknown as Dsse
    const payload = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as Record<string, unknown>
    change(payload)
    const keys = join(world.data, 'keys')
    const name = readdirSync(keys).find((each) => each.startsWith('bundle-')) ?? ''
    const key = readSigner(join(keys, name))
    return JSON.stringify(signDsse(envelope.payloadType, Buffer.from(JSON.stringify(payload)), [key], signerOf(key.seed)))
  }
  /** Changed and not signed anew. */
  function changed(): string {
    const envelope = readJson(file) as unknown as Dsse
    const payload = Buffer.from(envelope.payload, 'base64').toString('utf8').replace('"active":[', '"active":[ ')
    return JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') })
  }
  const shifted = (text: unknown, by: number): string => new Date((parseInstant(String(text)) ?? 0) + by).toISOString()

  test('the bundle itself holds, and what it excuses without a server waits to be counted', () => {
    const before = stateFiles(world, 'uses').length
    const ran = world.gate('--bundle', file)
    expect(ran.exit, ran.stderr).toBe(0)
    expect(ran.stderr).toContain('warning[USE_SPOOLED]')
    expect(stateFiles(world, 'uses').length).toBe(before + 1)
    for (const path of stateFiles(world, 'uses')) expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(world.gate().exit).toBe(0)
    expect(stateFiles(world, 'uses')).toEqual([])
    expect(countedUses(world, 'held')).toBe(1)
  })

  test.for([
    ['tampered', (): string => readFileSync(file, 'utf8').replace(/("payload":"[^"]{400})(.)/, (_, head: string, letter: string) => `${head}${letter === 'A' ? 'B' : 'A'}`), /DSSE_SIGNATURE|BUNDLE_UNREADABLE|DELEGATION/],
    ['changed', (): string => changed(), /DSSE_SIGNATURE/],
    ['truncated', (): string => readFileSync(file, 'utf8').slice(0, -100), /DSSE_MALFORMED/],
    ['empty', (): string => '', /DSSE_MALFORMED/],
    ['yesterday\'s', (): string => resigned((payload) => { for (const key of ['issuedAt', 'notAfter']) payload[key] = shifted(payload[key], -24 * hour) }), /BUNDLE_STALE/],
    ['tomorrow\'s', (): string => resigned((payload) => { for (const key of ['issuedAt', 'notAfter']) payload[key] = shifted(payload[key], 24 * hour) }), /BUNDLE_NOT_YET/],
    ['too long', (): string => resigned((payload) => { payload['notAfter'] = shifted(payload['notAfter'], 24 * hour) }), /BUNDLE_TOO_LONG/],
    ['another repository\'s', (): string => resigned((payload) => { payload['audience'] = '4711' }), /BUNDLE_OTHER_WORKSPACE/],
    ['another workspace\'s', (): string => resigned((payload) => { payload['workspace'] = 'acme/other' }), /BUNDLE_OTHER_WORKSPACE/],
  ] as const)('%s: nothing is excused', ([, text, code]) => {
    const ran = gateOn(text())
    expect(ran.exit, ran.stdout).toBe(3)
    expect(ran.stderr).toMatch(code)
    expect(ran.stdout).toBe('')
  })

  test('of another server', async () => {
    const other = await logWorld(main, 'acme/other')
    try {
      const path = join(other.dir, 'other.bundle')
      expect(other.exeat(['bundle', '-o', path]).exit).toBe(0)
      expect(world.gate('--bundle', path)).toMatchObject({ exit: 3, stdout: '' })
      expect(world.gate('--bundle', `unix:${other.socket}`)).toMatchObject({ exit: 3, stdout: '' })
    } finally {
      await other.remove()
    }
  })

  test('older than one seen before, or of a log that does not extend it', () => {
    world.merge({ 'src.txt': 'newer' })
    expect(world.gate().exit).toBe(0)
    expect(world.gate().exit).toBe(0)
    expect(world.gate('--bundle', file)).toMatchObject({ exit: 3, stderr: expect.stringContaining('BUNDLE_ROLLBACK') as string })

    const [path = ''] = stateFiles(world, 'seen')
    const real = readFileSync(path, 'utf8')
    const forged = { ...readJson(path), root: 'ab'.repeat(32) }
    try {
      writeFileSync(path, JSON.stringify({ ...forged, size: Number(readJson(path)['size']) - 1 }))
      expect(world.gate()).toMatchObject({ exit: 3, stdout: '', stderr: expect.stringContaining('BUNDLE_SPLIT_VIEW') as string })
      writeFileSync(path, '{"size":')
      expect(world.gate()).toMatchObject({ exit: 0, stderr: expect.stringContaining('warning[STATE_UNUSABLE]') as string })
    } finally {
      writeFileSync(path, real)
    }
  })

  test('used where nothing can be kept: the use is counted nowhere, and that is said', () => {
    const ran = world.exeat(['gate', 'trivy.json', '--env', 'development', '--format', 'json', '--bundle', file], { HOME: '', XDG_STATE_HOME: '' })
    expect(ran).toMatchObject({ exit: 0, stderr: expect.stringContaining('warning[USE_LOST]') as string })
    expect(json(ran)).toMatchObject({ log: { uses: [{ state: 'lost', acknowledged: false }] } })
  })

  test('that is not there, or is no file', () => {
    expect(world.gate('--bundle', 'missing.bundle')).toMatchObject({ exit: 1, stderr: expect.stringContaining('BUNDLE_UNREACHABLE') as string })
    expect(world.gate('--bundle', '.')).toMatchObject({ exit: 1, stderr: expect.stringContaining('BUNDLE_UNREACHABLE') as string })
  })
})

describe('flags may only tighten', () => {
  test('git trust where a log is pinned, log trust where none is, and no bundle at all', () => {
    expect(world.gate('--trust', 'git')).toMatchObject({ exit: 64, stderr: expect.stringContaining('TRUST_LOOSER') as string })
    expect(world.gate('--trust', 'blind')).toMatchObject({ exit: 64, stderr: expect.stringContaining('USAGE') as string })
    expect(world.exeat(['gate', 'trivy.json', '--env', 'development'], { EXEAT_BUNDLE: '' })).toMatchObject({ exit: 64, stderr: expect.stringContaining('BUNDLE_MISSING') as string })
    const unpinned = temporaryRepository(Object.fromEntries(base))
    try {
      unpinned.git('update-ref', 'refs/remotes/origin/main', 'HEAD')
      unpinned.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main')
      expect(runExeat(main, ['gate', 'clean.sarif', '--env', 'development', '--trust', 'log'], unpinned.dir)).toMatchObject({ exit: 3, stderr: expect.stringContaining('TRUST_UNPINNED') as string })
      expect(runExeat(main, ['gate', 'clean.sarif', '--env', 'development', '--bundle', 'x'], unpinned.dir)).toMatchObject({ exit: 3, stderr: expect.stringContaining('TRUST_UNPINNED') as string })
      expect(runExeat(main, ['gate', 'clean.sarif', '--env', 'development', '--trust', 'git'], unpinned.dir).exit).toBe(0)
    } finally {
      unpinned.remove()
    }
  })

  test('a protected environment takes a fresh bundle alone', () => {
    const ran = world.exeat(['gate', 'trivy.json', '--env', 'production', '--format', 'json'])
    expect(ran.exit, ran.stderr).toBe(2)
    const { log } = json(ran) as { readonly log: { readonly issuedAt: string; readonly notAfter: string } }
    expect((parseInstant(log.notAfter) ?? 0) - (parseInstant(log.issuedAt) ?? 0)).toBeLessThanOrEqual(300_000)
    const ordinary = join(world.dir, 'ordinary.bundle')
    expect(world.exeat(['bundle', '-o', ordinary]).exit).toBe(0)
    expect(world.exeat(['gate', 'trivy.json', '--env', 'production', '--bundle', ordinary])).toMatchObject({ exit: 3, stderr: expect.stringContaining('BUNDLE_TOO_LONG') as string })
  })
})
