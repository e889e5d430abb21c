/** Approvals of changes by SSH keys: which count before the merge, and which never. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Instant } from '@exeat/core'
import { describeWith } from '@exeat/testkit'
import { flag, sshKey } from '../../../testkit/src/ssh-authenticator.ts'
import { builtCommand } from '../built.ts'
import { runExeat } from '../session.ts'
import { reviewServer } from './server.ts'
import { add, approvalOf, exeatAs, type Files, governingOf, keyOf, signedFiles, signerLine } from './signers.ts'
import { optOut, policy, reviewWorld, type ReviewWorld, workspace } from './world.ts'

const main = builtCommand()
let world: ReviewWorld
beforeEach(() => { world = reviewWorld(main, signedFiles) })
afterEach(() => { world.remove() })

const one = { '.exeat/opt-outs/one.yaml': optOut('one') }
const codes = (problems: readonly { readonly code: string }[]): readonly string[] => problems.map(({ code }) => code)
const allowed = { exit: 0, outcome: 'allowed', warnings: [], approvals: { counted: [{ iss: 'git', sub: 'ben@acme.example' }] } }
const waiting = { exit: 4, outcome: 'waiting', approvals: { counted: [] } }

describe('an approval of an opt-out', { timeout: 60_000 }, () => {
  test('that the change brings counts, and whoever committed it alone is no author', async () => {
    world.change(one)
    expect(world.told()).toMatchObject(waiting)
    add(world, 'ben', await approvalOf(world, 'ben'))
    expect(world.told()).toMatchObject({ ...allowed, problems: [], governance: { changed: [] }, people: ['alice@acme.example'] })
  })
  test('whose commit touches anything else makes its committer an author', async () => {
    world.change(one)
    add(world, 'ben', { ...await approvalOf(world, 'ben'), 'README.md': 'Mine\n' })
    expect(world.told()).toMatchObject({ exit: 4, approvals: { excluded: [{ sub: 'ben@acme.example' }] }, people: ['alice@acme.example', 'ben@acme.example'] })
  })
  test('given apart counts as well, under any name', async () => {
    world.change(one)
    const [json = '', sshsig = ''] = Object.values(await approvalOf(world, 'ben'))
    const file = join(world.repository.dir, '..', 'a.json')
    writeFileSync(file, json)
    expect(world.review('--signature', file)).toMatchObject({ exit: 3, stderr: expect.stringContaining('INPUT_UNREADABLE') as string })
    writeFileSync(file.replace('.json', '.sshsig'), sshsig)
    expect(world.told('--signature', file)).toMatchObject(allowed)
    expect(world.told('--signature', file, '--signature', file)).toMatchObject(allowed)
    expect(world.told('--signature', file, '--pusher', 'BEN@acme.example')).toMatchObject({ exit: 4, pusher: 'BEN@acme.example', approvals: { excluded: [{ sub: 'ben@acme.example' }] } })
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { reason: 'Another' }) })
    expect(world.told('--signature', file)).toMatchObject({ exit: 4, warnings: [{ code: 'ACT_OTHER' }] })
  })
  test('of one opt-out is none of another', async () => {
    world.change({ ...one, '.exeat/opt-outs/two.yaml': optOut('two', { control: 'trivy/CVE-2' }) })
    add(world, 'ben', await approvalOf(world, 'ben'))
    expect(world.told().optOuts.map(({ name, met }) => [name, met])).toEqual([['one', true], ['two', false]])
    add(world, 'ben', await approvalOf(world, 'ben', {}, {}, 'two'))
    expect(world.told().exit).toBe(0)
  })
  test('by one person twice is one, and by people of two issuers who may be one they do not add up', async () => {
    world.merge({ '.exeat/policies/trivy.yaml': policy('trivy', { approve: '[{ groups: [security], count: 2 }]' }) })
    world.change(one)
    add(world, 'ben', { ...await approvalOf(world, 'ben'), ...await approvalOf(world, 'ben') })
    expect(world.told()).toMatchObject({ exit: 4, approvals: { counted: [{ sub: 'ben@acme.example' }] } })
    const head = world.repository.git('rev-parse', 'change')
    const file = join(world.repository.dir, '..', 'forge.json')
    writeFileSync(file, JSON.stringify({ schemaVersion: 1, kind: 'ReviewApprovals', approvals: [{ by: { iss: 'https://github.com', sub: '7' }, commit: head, groups: ['security'] }] }))
    expect(world.told('--approvals', file)).toMatchObject({ exit: 4, approvals: { counted: [{ iss: 'https://github.com' }, { iss: 'git' }] } })
    add(world, 'cleo', await approvalOf(world, 'cleo'))
    expect(world.told().exit).toBe(0)
  })
  test('an act of git trust on what stands already is none of it', async () => {
    world.change(one)
    const approval = await approvalOf(world, 'ben')
    world.merge(one)
    world.repository.git('checkout', '--quiet', '-B', 'change', 'main')
    world.repository.git('checkout', '--quiet', 'main')
    add(world, 'ben', approval)
    expect(world.told()).toMatchObject({ exit: 0, optOuts: [], warnings: [] })
  })
})

describe('attack-01: an approval counts for nothing', { timeout: 60_000 }, () => {
  const day = 86_400_000
  test.each<[string, (...given: Parameters<typeof approvalOf> extends [infer World, ...unknown[]] ? [World] : never) => Promise<Files>, string]>([
    ['of another content', (to) => approvalOf(to, 'ben', { optOut: 'a'.repeat(64) }), 'ACT_OTHER'],
    ['of another impact', (to) => approvalOf(to, 'ben', { impact: 'a'.repeat(64) }), 'ACT_OTHER'],
    ['under other terms', (to) => approvalOf(to, 'ben', { terms: 'a'.repeat(64) }), 'ACT_OTHER'],
    ['of another workspace', (to) => approvalOf(to, 'ben', { workspace: 'other' }), 'ACT_OTHER'],
    ['of another repository', (to) => approvalOf(to, 'ben', { repositoryIds: ['7'] }), 'ACT_OTHER'],
    ['of another window', (to) => approvalOf(to, 'ben', { window: { from: 0 as Instant, until: 1 as Instant } }), 'ACT_OTHER'],
    ['that says more than an approval', (to) => approvalOf(to, 'ben', { statement: 'a'.repeat(64) }), 'ACT_OTHER'],
    ['of an opt-out that the head does not have', (to) => approvalOf(to, 'ben', { uid: 'a'.repeat(64) }), 'ACT_OTHER'],
    ['dated after now', (to) => approvalOf(to, 'ben', { at: (Date.now() + day) as Instant }), 'ACT_OTHER'],
    ['to activate', (to) => approvalOf(to, 'ben', { purpose: 'activate' }), 'ACT_UNREADABLE'],
    ['in the folder of another', (to) => approvalOf(to, 'ben', {}, { folder: 'b'.repeat(64) }), 'ACT_UNREADABLE'],
    ['under another name', (to) => approvalOf(to, 'ben', {}, { stem: '.exeat/signatures/mine' }), 'ACT_UNREADABLE'],
    ['by another person than it states', (to) => approvalOf(to, 'ben', { actor: { iss: 'git', sub: 'cleo@acme.example' } }), 'ACT_SIGNER'],
    ['by a key that nobody lists', (to) => approvalOf(to, 'ben', {}, { key: sshKey('sk-ed25519') }), 'ACT_SIGNER'],
    ['by a software key', (to) => approvalOf(to, 'ben', {}, { key: sshKey('ed25519') }), 'ACT_WEAK'],
    ['by a key that verified nobody', (to) => approvalOf(to, 'ben', {}, { flags: flag.present }), 'ACT_WEAK'],
    ['made for something else', (to) => approvalOf(to, 'ben', {}, { namespace: 'git' }), 'SSH_NAMESPACE'],
    ['claimed for another\'s key', (to) => approvalOf(to, 'ben', {}, { key: sshKey('sk-ed25519'), claimed: keyOf('ben').blob }), 'SSH_SIGNATURE'],
  ])('%s', async (_, forge, code) => {
    world.change(one)
    add(world, 'ben', await forge(world))
    expect(world.told()).toMatchObject({ ...waiting, warnings: [{ code, at: { file: expect.stringMatching(/^\.exeat\/signatures\//) as string } }] })
  })
  test('by a key that the change itself lists, or that ended, or that the base takes away meanwhile', async () => {
    world.merge({ '.exeat/allowed_signers': signerLine('cleo') })
    world.change(one)
    add(world, 'ben', { ...await approvalOf(world, 'ben'), '.exeat/allowed_signers': signerLine('ben') })
    expect(codes(world.told().warnings)).toEqual(['ACT_SIGNER'])
    world.change(one)
    add(world, 'ben', await approvalOf(world, 'ben'))
    world.merge({ '.exeat/allowed_signers': signerLine('ben', ',valid-before="20260101Z"') })
    expect(codes(world.told().warnings)).toEqual(['ACT_SIGNER'])
    world.merge({ '.exeat/allowed_signers': signerLine('ben') })
    expect(world.told()).toMatchObject(allowed)
    rmSync(join(world.repository.dir, '.exeat/allowed_signers'))
    world.merge({})
    expect(world.told()).toMatchObject({ ...waiting, warnings: [{ code: 'ACT_SIGNER' }] })
  })
  test('by somebody who is in no group that may', async () => {
    world.change(one)
    add(world, 'gil', await approvalOf(world, 'gil'))
    expect(world.told()).toMatchObject({ exit: 4, approvals: { counted: [{ sub: 'gil@acme.example' }] }, optOuts: [{ met: false }] })
  })
  test('under terms that became others', async () => {
    world.change(one)
    add(world, 'ben', await approvalOf(world, 'ben'))
    world.merge({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 3650d, findings: 9' }) })
    expect(world.told()).toMatchObject({ ...waiting, warnings: [{ code: 'ACT_OTHER' }] })
  })
  test('replayed: the branch had it since, and took it away', async () => {
    const since = (files: Files, time: number): string => {
      for (const [path, content] of Object.entries(files)) world.repository.write(path, content)
      world.repository.git('add', '--all')
      const date = new Date(time).toISOString()
      world.repository.gitWith({ env: { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date } }, 'commit', '--quiet', '-m', 'Later')
      return world.repository.git('rev-parse', 'HEAD')
    }
    world.change(one)
    const approval = await approvalOf(world, 'ben')
    since(one, Date.now() + 1000)
    world.repository.git('rm', '--quiet', '.exeat/opt-outs/one.yaml')
    since({}, Date.now() + 2000)
    world.change(one)
    add(world, 'ben', approval)
    expect(world.told()).toMatchObject({ ...waiting, warnings: [{ code: 'ACT_OTHER', message: expect.stringContaining('took it away') as string }] })
    world.repository.git('checkout', '--quiet', '-B', 'change', 'main~2')
    world.repository.git('checkout', '--quiet', 'main')
    add(world, 'alice', one, 'From before')
    add(world, 'ben', approval)
    expect(world.told()).toMatchObject({ ...waiting, warnings: [{ code: 'ACT_OTHER' }] })
  })
  test('that is no envelope, half of one, a link, or one of very many', async () => {
    world.change(one)
    const approval = await approvalOf(world, 'ben')
    const [path = '', text = ''] = Object.entries(approval)[0] ?? []
    add(world, 'ben', { ...approval, [path]: `${text} ` })
    expect(codes(world.told().warnings)).toEqual(['ACT_UNREADABLE'])
    world.change({ ...one, [path]: text })
    expect(world.told()).toMatchObject({ ...waiting, warnings: [] })
    world.change({ ...one, ...Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`.exeat/signatures/${'c'.repeat(64)}/${i}`, '{}']).flatMap(([stem = '', content = '']) => [[`${stem}.json`, content], [`${stem}.sshsig`, content]])) })
    const { warnings, exit } = world.told()
    expect([exit, warnings.filter(({ code }) => code === 'ACT_NOT_COUNTED').length, warnings.length]).toEqual([4, 1, 201])
  })
})

describe('an approval of what governs', { timeout: 60_000 }, () => {
  const looser = { '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 3650d, findings: 11' }) }
  /** As the command would sign it: told by what it writes. */
  const digestOf = async (): Promise<string> => {
    const { stdout } = await exeatAs(main, world, 'gil', ['approve', '--change', '--head', 'change', '--ref', 'main', '--ssh', '.git/id.pub', '--yes', '--format', 'json'])
    const signed = JSON.parse(stdout) as { readonly change: string; readonly files: readonly string[] }
    world.repository.git('clean', '--quiet', '-fd', '.exeat/signatures')
    return signed.change
  }
  describeWith('ssh-keygen', 'counts while nothing of it moves', () => {
    test('of different people, for a policy and the workspace, and for no opt-out', async () => {
      world.change(looser)
      const about = await digestOf()
      add(world, 'gil', governingOf('gil', about))
      expect(world.told()).toMatchObject({ exit: 4, policies: [{ met: false }], approvals: { counted: [{ sub: 'gil@acme.example' }] } })
      add(world, 'ben', governingOf('ben', about))
      expect(world.told()).toMatchObject({ exit: 0, warnings: [], people: ['alice@acme.example'] })
      world.merge({ 'src/other.ts': 'export {}\n' })
      expect(world.told().exit).toBe(0)
      world.repository.git('checkout', '--quiet', 'change')
      world.repository.git('merge', '--quiet', '-m', 'Meanwhile', 'main')
      world.repository.git('checkout', '--quiet', 'main')
      expect(world.told().exit).toBe(0)
    })
    test('attack-09: not after another change of it, here or on the branch, nor once it was taken back', async () => {
      world.change(looser)
      const about = await digestOf()
      const both = { ...governingOf('gil', about), ...governingOf('ben', about) }
      world.change({ ...looser, ...both, 'src/any.ts': 'export {}\n' })
      expect(world.told().exit).toBe(0)
      world.change({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 3650d, findings: 12' }), ...both })
      expect(world.told()).toMatchObject({ ...waiting, warnings: [{ code: 'ACT_OTHER' }, { code: 'ACT_OTHER' }] })
      world.change({ ...looser, ...both, '.exeat/workspace.yaml': workspace().replace('count: 1', 'count: 2') })
      expect(codes(world.told().warnings)).toEqual(['ACT_OTHER', 'ACT_OTHER'])
      world.merge(looser)
      world.merge({ '.exeat/policies/trivy.yaml': policy() })
      world.change({ ...looser, ...both })
      expect(codes(world.told().warnings)).toEqual(['ACT_OTHER', 'ACT_OTHER'])
      world.repository.git('checkout', '--quiet', '-B', 'change', 'main~2')
      world.repository.git('checkout', '--quiet', 'main')
      add(world, 'alice', { ...looser, ...both }, 'From before')
      expect(world.told()).toMatchObject({ ...waiting, warnings: [{ code: 'ACT_OTHER' }, { code: 'ACT_OTHER' }] })
    })
    test('nor forged', async () => {
      world.change(looser)
      const about = await digestOf()
      for (const [files, code] of [
        [governingOf('gil', about, { workspace: 'other' }), 'ACT_OTHER'], [governingOf('gil', 'a'.repeat(64)), 'ACT_OTHER'], [governingOf('gil', about, { purpose: 'enrol' }), 'ACT_UNREADABLE'],
        [governingOf('gil', about, { actor: { iss: 'git', sub: 'ben@acme.example' } }), 'ACT_SIGNER'], [governingOf('gil', about, {}, { key: sshKey('sk-ed25519') }), 'ACT_SIGNER'],
        [governingOf('gil', about, {}, { flags: flag.present }), 'ACT_WEAK'], [governingOf('gil', about, {}, { folder: 'other' }), 'ACT_UNREADABLE'],
        [governingOf('gil', about, { at: (Date.now() + 86_400_000) as Instant }), 'ACT_OTHER'],
      ] as const) {
        world.change({ ...looser, ...files })
        expect(codes(world.told().warnings), JSON.stringify(files)).toEqual([code])
      }
    })
  })
})

describeWith('ssh-keygen', 'exeat approve --head', () => {
  const ssh = ['--head', 'change', '--ref', 'main', '--ssh', '.git/id.pub'] as const
  const schema = JSON.parse(readFileSync(new URL('../../../../schemas/output/signed-act.v1.json', import.meta.url), 'utf8')) as object
  const validate = new Ajv2020.default({ strict: true }).compile(schema)

  test('signs what the change would bring; committed to it, the protected branch takes it where it is pushed', async () => {
    const server = reviewServer(main, world)
    world.change(one)
    expect(server.push('alice', 'change:main').exit).toBe(1)
    world.repository.git('checkout', '--quiet', 'change')
    const signed = await exeatAs(main, world, 'ben', ['approve', 'one', ...ssh, '--yes'])
    expect(signed).toMatchObject({ exit: 0, stdout: expect.stringMatching(/TO APPROVE {2}one, as ben@acme\.example[^]*of the merge alone[^]*APPROVAL SIGNED[^]*they approve its\s+merge, and nothing after it/) as string })
    const head = add(world, 'ben', {})
    expect(server.push('ben', 'change:main')).toMatchObject({ exit: 1, stderr: expect.stringContaining('left out') as string })
    expect(server.push('alice', 'change:main')).toMatchObject({ exit: 0, stderr: expect.stringMatching(/MAY MERGE[^]*approvals {2}ben@acme\.example/) as string })
    expect(server.at('main')).toBe(head)
  })
  test('and of what governs', async () => {
    world.change({ '.exeat/policies/semgrep.yaml': policy('semgrep', { controls: '"semgrep/*"', approve: 'none' }) })
    world.repository.git('checkout', '--quiet', 'change')
    const json = await exeatAs(main, world, 'gil', ['approve', '--change', ...ssh, '--yes', '--format', 'json'])
    expect(json).toMatchObject({ exit: 0, stderr: expect.stringMatching(/WAITS FOR PEOPLE[^]*compare [0-9A-Z-]{23}/) as string })
    const told = JSON.parse(json.stdout) as { readonly code: string }
    expect(validate(told), JSON.stringify(validate.errors)).toBe(true)
    expect((await exeatAs(main, world, 'cleo', ['approve', '--change', ...ssh, '--code', '00000-00000-00000-00000'])).stderr).toContain('SHOWN_DIFFERS')
    expect((await exeatAs(main, world, 'cleo', ['approve', '--change', ...ssh, '--code', told.code])).stdout).toContain('the change of what governs, by cleo@acme.example')
    add(world, 'gil', {})
    const { exit, approvals } = world.told()
    expect([exit, approvals.counted.map(({ sub }) => sub).sort()]).toEqual([0, ['cleo@acme.example', 'gil@acme.example']])
  })
  test('refuses what would not count', async () => {
    world.change(one)
    for (const [who, args, exit, code] of [
      ['ben', ['approve', 'one', ...ssh], 64, 'NOT_CONFIRMED'], ['alice', ['approve', 'one', ...ssh, '--yes'], 3, 'NOT_SIGNABLE'], ['gil', ['approve', 'one', ...ssh, '--yes'], 3, 'NOT_SIGNABLE'],
      ['ben', ['approve', 'ome', ...ssh, '--yes'], 64, 'OPTOUT_UNKNOWN'], ['ben', ['approve', '--change', ...ssh, '--yes'], 3, 'NOT_SIGNABLE'], ['ben', ['approve', 'one', '--change', ...ssh], 64, 'USAGE'],
      ['ben', ['approve', ...ssh], 64, 'USAGE'], ['ben', ['approve', 'one', '--head', 'change'], 64, 'USAGE'], ['ben', ['approve', '--change', '--ssh', '.git/id.pub'], 64, 'USAGE'],
      ['ben', ['approve', 'one', ...ssh, '--actor', 'x'], 64, 'USAGE'], ['ben', ['activate', 'one', '--head', 'change', '--ssh', '.git/id.pub'], 64, 'USAGE'],
    ] as const) expect(await exeatAs(main, world, who, args), args.join(' ')).toMatchObject({ exit, stderr: expect.stringContaining(code) as string })
    expect(await exeatAs(main, world, 'ben', ['approve', 'one', ...ssh, '--yes'], { flags: flag.present })).toMatchObject({ exit: 3, stderr: expect.stringContaining('ACT_WEAK') as string })
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { control: 'checkov/CKV_AWS_20' }) })
    expect((await exeatAs(main, world, 'ben', ['approve', 'one', ...ssh, '--yes'])).stderr).toMatch(/NOT_SIGNABLE.*REVIEW_TERMS/)
    expect(runExeat(main, ['review', '--base', 'main', '--head', 'change'], world.repository.dir).exit).toBe(2)
  })
})
