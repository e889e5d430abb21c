/** Attacks on git trust through what can be merged: each row of the table that git can reach, in a real repository. */
import { afterEach, describe, expect, test } from 'vitest'
import { judgeGitOptOuts } from '@exeat/core'
import { temporaryClone } from '@exeat/testkit'
import { sshKey } from '../../../testkit/src/ssh-authenticator.ts'
import { compilePolicies } from '../../src/governance/load.ts'
import { signedFor } from '../../src/governance/standing.ts'
import { builtCommand } from '../built.ts'
import { runExeat } from '../session.ts'
import { digestsOf, gitWorld, type GitWorld, type Merging, type Name, optOutText, policy, signersOf, startFiles, people } from './world.ts'

const main = builtCommand()
const worlds: GitWorld[] = []
const opened = (files: Readonly<Record<string, string>> = startFiles): GitWorld => {
  const world = gitWorld(main, files)
  worlds.push(world)
  return world
}
afterEach(() => { for (const { repository } of worlds.splice(0)) repository.remove() })

/** What the gate would make of it, judged in this process. */
async function look(world: GitWorld): Promise<{ readonly active: readonly string[]; readonly codes: readonly string[]; readonly because: readonly string[] }> {
  const governance = await world.governance()
  const policySet = await compilePolicies(governance)
  const signed = await signedFor(policySet, governance, governance.optOuts, world.now(), { dir: world.repository.dir })
  const answer = signed?.(world.now())
  const set = judgeGitOptOuts(policySet, governance.optOuts, world.now(), answer?.shown)
  return {
    active: set.active.map(({ document }) => document.metadata.name), codes: (answer?.problems ?? []).map(({ code }) => code),
    because: set.refused.flatMap(({ because }) => because.map(({ term, code }) => `${term} ${code}`)),
  }
}

type Files = Record<string, string>

/** An opt-out that stands, approved by Bob and activated by Carol. */
async function inForce(files: Readonly<Record<string, string>> = startFiles, how: Merging = {}): Promise<{ readonly world: GitWorld; readonly approval: Files; readonly activation: Files }> {
  const world = opened(files)
  world.merge({ '.exeat/hotfix.yaml': optOutText() }, how)
  const approval = await world.act('approve', 'bob')
  world.merge(approval, { by: 'bob' })
  const activation = await world.act('activate', 'carol', { approvals: [...digestsOf(approval)] })
  world.merge(activation, { by: 'carol' })
  return { world, approval, activation }
}

const active = { active: ['hotfix'] }
const inactive = { active: [] }

test('what is approved and activated is in force, and says nothing that warns', async () => {
  expect(await look((await inForce()).world)).toEqual({ active: ['hotfix'], codes: [], because: [] })
})

describe('attack-01: replay', () => {
  test('signatures from before an opt-out was taken away say nothing of one that comes back', async () => {
    const { world, approval, activation } = await inForce()
    world.merge({}, { remove: ['.exeat/hotfix.yaml'] })
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    expect(await look(world)).toMatchObject({ ...inactive, codes: ['ACT_NOT_AFTER', 'ACT_NOT_AFTER'] })
    world.merge({}, { remove: ['.exeat/signatures'] })
    world.merge({ ...approval, ...activation })
    expect(await look(world)).toMatchObject({ ...inactive, codes: ['ACT_NOT_AFTER', 'ACT_NOT_AFTER'] })
  })

  test('a way over another file does not hide that it was taken away', async () => {
    const { world } = await inForce()
    world.merge({ '.exeat/other.yaml': optOutText() }, { remove: ['.exeat/hotfix.yaml'] })
    expect(await look(world)).toMatchObject(active)
    world.merge({ '.exeat/other.yaml': '# nothing\n' })
    world.merge({ '.exeat/hotfix.yaml': optOutText() }, { remove: ['.exeat/other.yaml'] })
    expect(await look(world)).toMatchObject(inactive)
  })

  test('signatures for one opt-out say nothing of another in their folder', async () => {
    const { world, approval, activation } = await inForce()
    world.merge({ '.exeat/second.yaml': optOutText('second') })
    const second = (await world.governance()).optOuts.find(({ document }) => document.metadata.name === 'second')?.uid ?? ''
    const copied = Object.fromEntries(Object.entries({ ...approval, ...activation }).map(([path, content]) => [path.replace(/signatures\/[0-9a-f]+/, `signatures/${second}`), content]))
    world.merge(copied)
    expect(await look(world)).toMatchObject({ active: ['hotfix'], codes: ['ACT_OTHER', 'ACT_OTHER'] })
  })
})

describe('attack-03: self-approval', () => {
  test.each<readonly [string, Merging]>([
    ['author', { by: 'bob' }], ['merger', { merger: 'bob' }], ['co-author', { message: 'ask\n\nCo-authored-by: B <BOB@acme.example>' }],
  ])('by the %s of the opt-out', async (_, how) => {
    expect(await look((await inForce(startFiles, how)).world)).toMatchObject({ ...inactive, codes: expect.arrayContaining(['ACT_SEPARATION']) as unknown })
  })

  test('by whoever wrote something else into its file since', async () => {
    const { world } = await inForce()
    world.merge({ '.exeat/hotfix.yaml': `${optOutText()}---\n${optOutText('second')}` }, { by: 'bob' })
    expect(await look(world)).toMatchObject({ ...inactive, codes: ['ACT_SEPARATION'] })
  })
})

test('attack-04: one key of two people refuses the run', async () => {
  const { world } = await inForce()
  const shared = sshKey('sk-ed25519').line
  world.merge({ '.exeat/allowed_signers': `${signersOf(people)}zoe@acme.example ${shared}\nyan@acme.example ${shared}\n` })
  const refused = world.gate()
  expect(refused.exit).toBe(3)
  expect(refused.stderr).toContain('SIGNERS_INVALID')
  expect(refused.stderr).toContain('allowed_signers:12')
})

describe('attack-05: what was approved is what runs', () => {
  test('a word changed after the approval', async () => {
    const { world } = await inForce()
    world.merge({ '.exeat/hotfix.yaml': optOutText('hotfix', 'something else') })
    expect(await look(world)).toMatchObject(inactive)
  })

  test('terms changed between approval and activation', async () => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    const approval = await world.act('approve', 'bob')
    world.merge(approval, { by: 'bob' })
    world.merge({ '.exeat/policies.yaml': policy.replace('findings: 10', 'findings: 5') }, { by: 'dave' })
    world.merge(await world.act('activate', 'carol', { approvals: [...digestsOf(approval)] }), { by: 'carol' })
    expect(await look(world)).toMatchObject({ ...inactive, codes: ['ACT_OTHER'] })
  })

  test('terms tightened after the activation bite at once, and loosened ones change nothing', async () => {
    const { world } = await inForce()
    world.merge({ '.exeat/policies.yaml': policy.replace('findings: 10', 'findings: 12') }, { by: 'dave' })
    expect(await look(world)).toMatchObject(active)
    world.merge({ '.exeat/policies.yaml': policy.replace('count: 1', 'count: 2') }, { by: 'dave' })
    expect(await look(world)).toMatchObject({ ...inactive, because: ['approve TERM_NEEDS_SIGNATURE'] })
  })

  test('an impact that was recorded after the approval', async () => {
    const { world } = await inForce()
    const governance = await world.governance()
    const digest = governance.optOuts[0]?.digest ?? ''
    const { impactDigest } = await import('@exeat/core/impact')
    const { sha256 } = await import('../../src/governance/load.ts')
    const impact = { schemaVersion: 1 as const, kind: 'Impact' as const, optOut: digest, fingerprints: ['a'.repeat(64)] }
    world.merge({ [`.exeat/impacts/${impactDigest(impact, sha256)}.json`]: JSON.stringify(impact) })
    expect(await look(world)).toMatchObject({ ...inactive, codes: ['ACT_OTHER', 'ACT_OTHER'] })
  })
})

describe('attack-12: one merge brings what vouches for it', () => {
  test('the opt-out and its signatures', async () => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    const approval = await world.act('approve', 'bob')
    const activation = await world.act('activate', 'carol', { approvals: [...digestsOf(approval)] })
    world.merge({}, { remove: ['.exeat/hotfix.yaml'] })
    world.merge({ '.exeat/hotfix.yaml': optOutText(), ...approval, ...activation })
    expect(await look(world)).toMatchObject({ ...inactive, codes: ['ACT_NOT_AFTER', 'ACT_NOT_AFTER'] })
  })

  const forged = async (world: GitWorld, by: Name, files: Files, keys = {}): Promise<Files> => ({ ...await world.act('approve', by, {}, keys), ...files })

  test('the signature and the key', async () => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    const key = sshKey('sk-ed25519')
    world.merge(await forged(world, 'bob', { '.exeat/allowed_signers': `${signersOf(people)}bob@acme.example ${key.line}\n` }, { key }))
    expect((await look(world)).codes).toEqual(['ACT_SIGNER'])
  })

  test('the signature and the membership', async () => {
    const world = opened()
    world.merge({ '.exeat/hotfix.yaml': optOutText() }, { merger: 'carol' })
    const workspace = (startFiles['.exeat/workspace.yaml'] ?? '').replace('Dave@acme.example', 'eve@acme.example')
    world.merge(await forged(world, 'eve', { '.exeat/workspace.yaml': workspace }), { by: 'carol', merger: 'dave' })
    expect((await look(world)).codes).toEqual(['ACT_NOT_COUNTED'])
  })

  test('the work tree says who may sign, and is not asked', async () => {
    const world = opened({ ...startFiles, '.exeat/allowed_signers': signersOf(['alice', 'carol']) })
    world.merge({ '.exeat/hotfix.yaml': optOutText() })
    world.merge(await world.act('approve', 'bob'), { by: 'bob' })
    world.repository.write('.exeat/allowed_signers', signersOf(people))
    expect((await look(world)).codes).toEqual(['ACT_SIGNER'])
  })
})

test('attack-25: somebody who leaves counts no longer, and whoever joins approves anew', async () => {
  const { world } = await inForce()
  world.merge({ '.exeat/allowed_signers': signersOf(['alice', 'carol', 'dave']) }, { by: 'dave' })
  expect(await look(world)).toMatchObject({ ...inactive, codes: ['ACT_SIGNER'] })
  world.merge({ '.exeat/allowed_signers': signersOf(people) }, { by: 'dave' })
  expect(await look(world)).toMatchObject(active)
})

describe('who asks', () => {
  test.each<readonly [string, Merging]>([['nobody whom a signature shows', { signed: false }], ['somebody in no group that may', { by: 'eve', merger: 'dave' }]])('is %s', async (_, how) => {
    expect(await look((await inForce(startFiles, how)).world)).toMatchObject({ ...inactive, because: ['request TERM_NEEDS_SIGNATURE'] })
  })

  test('is anyone, where the terms say so', async () => {
    expect(await look((await inForce({ ...startFiles, '.exeat/policies.yaml': policy.replace('request: { groups: [engineering] }', 'request: anyone') }, { signed: false })).world)).toMatchObject(active)
  })

  test('is whoever signed the commit, and not whom its text names', async () => {
    const { world } = await inForce({ ...startFiles, '.exeat/allowed_signers': signersOf(people).replace(/^alice@acme\.example namespaces="git".*\n/m, '') })
    expect(await look(world)).toMatchObject({ ...inactive, because: ['request TERM_NEEDS_SIGNATURE'], codes: ['ACT_SIGNER'] })
    expect(world.gate().stderr.replace(/\s+/g, ' ')).toContain('the commit that wrote `hotfix` does not show who asks')
  })
})

describe('files that are no acts', () => {
  test('half of a pair, other names, large files and hostile ones are left out, and the rest holds', async () => {
    const { world } = await inForce()
    const uid = (await world.governance()).optOuts[0]?.uid ?? ''
    const folder = `.exeat/signatures/${uid}`
    const more = await world.act('approve', 'dave')
    const [json = ''] = Object.keys(more)
    world.merge({
      [json]: more[json] ?? '', [`${folder}/x.json`]: '{"__proto__":{"purpose":"approve"}}', [`${folder}/x.sshsig`]: 'x', [`${folder}/large.json`]: 'x'.repeat(70_000), [`${folder}/large.sshsig`]: 'x',
      [`${folder}/README.md`]: 'what these are', '.exeat/signatures/constructor/x.json': '{}', '.exeat/signatures/constructor/x.sshsig': '{}', [`${folder}/deep/x.json`]: '{}', [`${folder}/deep/x.sshsig`]: '',
    })
    expect(await look(world)).toMatchObject({ ...active, codes: ['ACT_UNREADABLE'] })
  })

  test('a shallow clone is told what to fetch, and excuses nothing', async () => {
    const { world } = await inForce()
    const clone = temporaryClone(world.repository, '--depth=1')
    try {
      const refused = runExeat(main, ['gate', 'log4j.sarif', '--env', 'staging', '--repo', 'acme/payments'], clone.dir)
      expect(refused.exit).toBe(1)
      expect(refused.stderr).toContain('HISTORY_CUT_OFF')
      expect(refused.stderr).toContain('git fetch --unshallow')
      clone.git('fetch', '--unshallow')
      expect(runExeat(main, ['gate', 'log4j.sarif', '--env', 'staging', '--repo', 'acme/payments'], clone.dir)).toMatchObject({ exit: 0 })
    } finally {
      clone.remove()
    }
  })
})

test('signatures of people whom no file knows say nothing, and the gate says why', async () => {
  const { world } = await inForce()
  world.merge({}, { remove: ['.exeat/allowed_signers'] })
  const blocked = world.gate()
  expect(blocked.exit).toBe(2)
  expect(blocked.stderr.replace(/\s+/g, ' ')).toContain('`.exeat/allowed_signers` does not stand at the protected branch')
})

test('every problem of a signature is a warning with its file', async () => {
  const { world, approval } = await inForce()
  const [path = ''] = Object.keys(approval)
  world.merge({ [path]: `${approval[path] ?? ''} ` })
  const blocked = world.gate()
  expect(blocked.exit).toBe(2)
  expect(blocked.stderr).toContain('ACT_UNREADABLE')
  expect(blocked.stderr.replace(/\s+/g, '')).toContain(path)
})
