/** Changes of real repositories, each with what must become of it. */
import { createHash } from 'node:crypto'
import { symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryClone } from '@exeat/testkit'
import { impactDigest } from '@exeat/core/impact'
import { builtCommand } from '../built.ts'
import { runExeat } from '../session.ts'
import { optOut, policy, reviewWorld, type ReviewWorld, workspace } from './world.ts'

const main = builtCommand()
let world: ReviewWorld
beforeEach(() => { world = reviewWorld(main) })
afterEach(() => { world.remove() })
const codes = (problems: readonly { readonly code: string }[] = []): readonly string[] => problems.map(({ code }) => code)
/** An impact beside an opt-out, under its own digest. */
function impactOf(digest: string, fingerprints: readonly string[]): Readonly<Record<string, string>> {
  const impact = { schemaVersion: 1 as const, kind: 'Impact' as const, optOut: digest, fingerprints: [...fingerprints] }
  return { [`.exeat/impacts/${impactDigest(impact, (bytes) => createHash('sha256').update(bytes).digest())}.json`]: JSON.stringify(impact) }
}

const one = { '.exeat/opt-outs/one.yaml': optOut('one') }

describe('an opt-out', { timeout: 60_000 }, () => {
  test('that the policy permits waits for those whom it names, and may merge once they approved this head', () => {
    const head = world.change(one)
    expect(world.told()).toMatchObject({ exit: 4, outcome: 'waiting', optOuts: [{ name: 'one', change: 'added', effects: [], problems: [], met: false, approve: [{ groups: ['security'], count: 1 }], could: [{ sub: 'ben@acme.example' }, { sub: 'cleo@acme.example' }] }] })
    expect(world.told('--approvals', world.approvals([['ben', head]]))).toMatchObject({ exit: 0, outcome: 'allowed', approvals: { counted: [{ sub: 'ben@acme.example' }] } })
  })
  test('attack-09: an approval of what stood before a force-push counts for nothing', () => {
    const before = world.change(one)
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { paths: '["**/pom.xml"]' }) })
    expect(world.told('--approvals', world.approvals([['ben', before]]))).toMatchObject({ exit: 4, approvals: { counted: [], left: [{ because: 'another commit was approved' }] } })
  })
  test('attack-10: squashed or rebased, the same content is another head, and is approved anew', () => {
    const before = world.change(one)
    world.merge({ 'src/other.ts': 'export {}\n' })
    const after = world.change(one)
    expect(after).not.toBe(before)
    expect(world.told('--approvals', world.approvals([['ben', before]])).exit).toBe(4)
    expect(world.told('--approvals', world.approvals([['ben', after]])).exit).toBe(0)
  })
  test('attack-13: whoever wrote it, in any commit of it, approves nothing of it, whatever his case', () => {
    const head = world.change(one)
    expect(world.told('--approvals', world.approvals([['ALICE', head]]))).toMatchObject({ exit: 4, approvals: { counted: [], excluded: [{ sub: 'ALICE@acme.example' }] } })
    const shared = world.change(one, { message: 'Ours\n\nCo-authored-by: Ben <ben@acme.example>' })
    expect(world.told('--approvals', world.approvals([['ben', shared]])).exit).toBe(4)
    const committed = world.change(one, { env: { GIT_COMMITTER_EMAIL: 'Ben@acme.example' } })
    expect(world.told('--approvals', world.approvals([['ben', committed]])).exit).toBe(4)
  })
  test('attack-13: nor does who pushed it, as the forge says', () => {
    const head = world.change(one)
    const file = world.approvals([['ben', head]], { involved: [{ iss: 'git', sub: 'ben@acme.example' }] })
    expect(world.told('--approvals', file)).toMatchObject({ exit: 4, approvals: { excluded: [{ sub: 'ben@acme.example' }] } })
  })
  test('attack-14: a bot approves nothing', () => {
    const head = world.change(one)
    expect(world.told('--approvals', world.approvals([['ben', head, { bot: true }]]))).toMatchObject({ exit: 4, approvals: { left: [{ because: 'a bot approves nothing' }] } })
  })
  test('one person who approves twice is one', () => {
    world.merge({ '.exeat/policies/trivy.yaml': policy('trivy', { approve: '[{ groups: [security], count: 2 }]' }) })
    const head = world.change(one)
    expect(world.told('--approvals', world.approvals([['ben', head], ['ben', head], ['Ben', head]])).exit).toBe(4)
    expect(world.told('--approvals', world.approvals([['ben', head], ['cleo', head]])).exit).toBe(0)
  })
  test('that no policy permits is refused, and so is one that a policy forbids', () => {
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { control: 'checkov/CKV_AWS_20' }) })
    expect(world.told()).toMatchObject({ exit: 2, outcome: 'refused', optOuts: [{ problems: [{ code: 'REVIEW_TERMS', message: expect.stringContaining('NOT_PERMITTED') as string }] }] })
    world.merge({ '.exeat/policies/never.yaml': 'apiVersion: exeat.dev/v1\nkind: OptOutPolicy\nmetadata: { name: never }\nspec: { controls: ["trivy/CVE-1"], effect: forbid, message: it is a backdoor }\n' })
    world.change(one)
    expect(world.told().optOuts[0]?.problems).toMatchObject([{ code: 'REVIEW_TERMS', message: expect.stringMatching(/FORBIDDEN.*it is a backdoor/) as string }])
  })
  test('that is longer than its terms allow, or asks for more findings, is refused', () => {
    world.merge({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 14d, findings: 2' }) })
    world.change(one)
    expect(codes(world.told().optOuts[0]?.problems)).toEqual(['REVIEW_TERMS', 'REVIEW_TERMS'])
  })
  test('that is over before it could begin is refused', () => {
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { from: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' }) })
    expect(codes(world.told().optOuts[0]?.problems)).toEqual(['REVIEW_ENDED'])
  })
  test('without the impact that its terms ask for is refused', () => {
    world.merge({ '.exeat/policies/trivy.yaml': policy().replace('impact: false', 'impact: true') })
    world.change(one)
    expect(codes(world.told().optOuts[0]?.problems)).toEqual(['REVIEW_IMPACT'])
  })
  test('attack-17: whose impact alone is another is another opt-out: more findings want a reason, and two impacts are none', () => {
    world.merge({ '.exeat/policies/trivy.yaml': policy().replace('impact: false', 'impact: true'), ...one })
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { findings: 2 }) })
    const optOutDigest = world.told().optOuts[0]?.digest ?? ''
    world.merge({ '.exeat/opt-outs/one.yaml': optOut('one', { findings: 2 }), ...impactOf(optOutDigest, ['a'.repeat(64)]) })
    world.change(impactOf(optOutDigest, ['a'.repeat(64), 'b'.repeat(64)]), { without: Object.keys(impactOf(optOutDigest, ['a'.repeat(64)])) })
    expect(world.told()).toMatchObject({ exit: 2, optOuts: [{ name: 'one', change: 'changed', effects: ['widened'], met: false, problems: [{ code: 'REVIEW_CONTINUES' }] }] })
    world.change(impactOf(optOutDigest, ['a'.repeat(64), 'b'.repeat(64)]))
    expect(world.told().optOuts[0]?.effects).toEqual(['narrowed'])
  })
  test('that is wrong refuses the change as a document', () => {
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { until: '2035-01-01' }) })
    expect(world.review()).toMatchObject({ exit: 3, stdout: expect.stringMatching(/A DOCUMENT IS WRONG[^]*INSTANT_NOT_EXACT|A DOCUMENT IS WRONG/) as string })
  })
  test('taken away needs nobody; moved to another file, or by case alone, is the same', () => {
    world.merge(one)
    world.change({}, { without: ['.exeat/opt-outs/one.yaml'] })
    expect(world.told()).toMatchObject({ exit: 0, optOuts: [{ change: 'removed' }] })
    for (const path of ['.exeat/other/one.yaml', '.exeat/opt-outs/ONE.yaml']) {
      world.change({ [path]: optOut('one') }, { without: ['.exeat/opt-outs/one.yaml'] })
      expect(world.told(), path).toMatchObject({ exit: 0, optOuts: [{ change: 'moved', problems: [] }] })
    }
  })
  test.each<[string, Parameters<typeof optOut>[1], readonly string[], readonly string[]]>([
    ['another control, which continues nothing', { control: 'trivy/CVE-2' }, ['widened'], []],
    ['attack-17: a path by pattern', { paths: '["**/pom.xml"]' }, ['widened'], ['REVIEW_CONTINUES']],
    ['a later end, for the same reason', { until: '2035-06-01T00:00:00Z' }, ['prolonged'], ['REVIEW_CONTINUES']],
    ['an earlier end', { until: '2034-01-01T00:00:00Z' }, ['shortened'], []],
    ['fewer findings', { findings: 1 }, ['lowered'], []],
    ['more findings', { findings: 9 }, ['raised'], []],
    ['another reason', { reason: 'Another' }, ['reworded'], []],
  ])('with %s', (_, parts, effects, problems) => {
    world.merge({ '.exeat/opt-outs/one.yaml': optOut('one', { paths: '[pom.xml, "web/**"]' }) })
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { paths: '[pom.xml, "web/**"]', ...parts }) })
    const [change] = world.told().optOuts
    expect(change?.effects).toEqual(effects)
    expect(codes(change?.problems)).toEqual(problems)
  })
  test('that goes on in another document is a renewal: counted, with a reason of its own, and never beyond its terms', () => {
    world.merge(one)
    world.change({ '.exeat/opt-outs/two.yaml': optOut('two', { reason: 'The fix of one breaks start-up' }) })
    expect(codes(world.told().optOuts[0]?.problems)).toContain('REVIEW_CONTINUES')
    world.change({ '.exeat/opt-outs/two.yaml': optOut('two') })
    expect(world.told().optOuts[0]).toMatchObject({ renewal: 1 })
  })
  test('attack-18: of the scope of another is told as its double', () => {
    world.merge(one)
    world.change({ '.exeat/opt-outs/two.yaml': optOut('two') })
    expect(codes(world.told().optOuts[0]?.warnings)).toEqual(['REVIEW_DUPLICATE'])
  })
  test('attack-18: one more than a repository may have is refused', () => {
    world.merge({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 3650d, findings: 10, active: 1' }), '.exeat/opt-outs/zero.yaml': optOut('zero', { control: 'trivy/CVE-9' }) })
    world.change(one)
    expect(codes(world.told().optOuts[0]?.problems)).toContain('REVIEW_BUDGET')
  })
  test('of a control that nobody reports is told, with the one that is meant; and one without a place as broad', () => {
    world.repository.write('../report.sarif', JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'Trivy' } }, results: [{ ruleId: 'CVE-2021-44228', message: { text: 'x' } }] }] }))
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { control: 'trivy/CVE-2021-44282' }).replace(', paths: [pom.xml]', '') })
    const [change] = world.told('--findings', '../report.sarif').optOuts
    expect(change?.warnings).toMatchObject([{ code: 'REVIEW_CONTROL', hint: 'did you mean `trivy/CVE-2021-44228`?' }, { code: 'REVIEW_BROAD' }])
  })
  test('three ends that are put off together, and no reason changed, are a rubber stamp', () => {
    const three = (until: string) => Object.fromEntries(['a', 'b', 'c'].map((name, i) => [`.exeat/opt-outs/${name}.yaml`, optOut(name, { control: `trivy/CVE-${i + 10}`, until })]))
    world.merge(three('2035-01-01T00:00:00Z'))
    world.change(three('2035-02-01T00:00:00Z'))
    expect(codes(world.told().problems)).toEqual(['REVIEW_BULK'])
  })
})

describe('a policy', { timeout: 60_000 }, () => {
  test('loosened needs its own quorum and governance\'s, of different people, and is told by its terms', () => {
    const head = world.change({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 3650d, findings: 11' }) })
    expect(world.told()).toMatchObject({ exit: 4, policies: [{ name: 'trivy', effect: 'loosened', opens: false, loosenings: [{ term: 'limits.findings' }], approve: [{ groups: ['security'] }, { groups: ['governance'] }] }] })
    expect(world.told('--approvals', world.approvals([['cleo', head]])).exit).toBe(4)
    expect(world.told('--approvals', world.approvals([['ben', head], ['gil', head]])).exit).toBe(0)
  })
  test('tightened, or written in other words, needs nobody', () => {
    world.change({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 10d, findings: 1' }) })
    expect(world.told()).toMatchObject({ exit: 0, policies: [{ effect: 'tightened', approve: [] }] })
    world.change({ '.exeat/policies/trivy.yaml': policy('trivy', { controls: '"trivy/**", "trivy/CVE-1"' }) })
    expect(world.told()).toMatchObject({ exit: 0, policies: [{ effect: 'none' }] })
  })
  test('for controls that nothing permitted needs governance', () => {
    world.change({ '.exeat/policies/semgrep.yaml': policy('semgrep', { controls: '"semgrep/*"', approve: 'none' }) })
    expect(world.told()).toMatchObject({ exit: 4, policies: [{ change: 'added', effect: 'loosened', opens: true, approve: [{ groups: ['governance'] }] }] })
  })
  test('attack-22: whose ticket or condition is another asks for less, for nobody can tell', () => {
    world.merge({ '.exeat/policies/trivy.yaml': policy().replace('impact: false', 'impact: false, ticket: "^INC-[0-9]+$"') })
    world.change({ '.exeat/policies/trivy.yaml': policy().replace('impact: false', 'impact: false, ticket: "^INC-"') })
    expect(world.told().policies[0]).toMatchObject({ effect: 'loosened', loosenings: [{ term: 'requires.ticket' }] })
  })
  test('attack-12: is never changed together with the opt-out that it judges', () => {
    world.change({ ...one, '.exeat/policies/trivy.yaml': policy('trivy', { approve: 'none' }) })
    expect(codes(world.told().problems)).toEqual(['REVIEW_MIXED'])
  })
  test('attack-12: that the change brings along judges nothing of it', () => {
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { control: 'semgrep/x' }), '.exeat/policies/semgrep.yaml': policy('semgrep', { controls: '"semgrep/*"', approve: 'none' }) })
    expect(world.told()).toMatchObject({ exit: 2, optOuts: [{ problems: [{ code: 'REVIEW_TERMS' }] }], problems: [{ code: 'REVIEW_MIXED' }] })
  })
})

describe('what guards', { timeout: 60_000 }, () => {
  test.each<[string, string, string]>([
    ['the workspace', '.exeat/workspace.yaml', workspace().replace('count: 1', 'count: 2')], ['allowed signers', '.exeat/allowed_signers', 'eve@acme.example namespaces="exeat-act@v1" ssh-ed25519 AAAA\n'],
    ['owners', '.github/CODEOWNERS', '* @eve\n'], ['the workflow that runs it', '.github/workflows/gate.yml', 'on: push\njobs: { gate: { steps: [{ run: npx exeat gate } ] } }\n'],
  ])('attack-12: %s: needs governance, and never comes with an opt-out', (_, path, content) => {
    const head = world.change({ [path]: content })
    const told = world.told()
    expect([told.exit, told.governance.changed.length, told.governance.met]).toEqual([4, 1, false])
    expect(world.told('--approvals', world.approvals([['gil', head]])).exit).toBe(0)
    world.change({ [path]: content, ...one })
    expect(codes(world.told().problems)).toEqual(['REVIEW_MIXED'])
  })
  test('a workflow that has nothing to do with it is nothing', () => {
    world.change({ '.github/workflows/other.yml': 'on: push\n', 'src/main.ts': 'export const a = 1\n' })
    expect(world.review()).toMatchObject({ exit: 0, stdout: expect.stringContaining('touches nothing that Exeat governs') as string })
  })
  test('a workspace that names nobody who guards it is told', () => {
    world.merge({ '.exeat/workspace.yaml': workspace().replace(/ {2}governance:.*\n/, '') })
    world.change({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 1d' }) })
    expect(codes(world.told().warnings)).toEqual(['REVIEW_UNGUARDED'])
  })
  test('attack-11: nothing of the change is run, checked out or believed: a link out of the tree refuses it', () => {
    world.repository.git('checkout', '--quiet', '-B', 'change', 'main')
    symlinkSync('../../secret.yaml', join(world.repository.dir, '.exeat/opt-outs.yaml'))
    world.repository.git('add', '--all')
    world.repository.git('commit', '--quiet', '-m', 'Link')
    world.repository.git('checkout', '--quiet', 'main')
    expect(world.review()).toMatchObject({ exit: 3, stderr: expect.stringContaining('GOVERNANCE_ENTRY_REFUSED') as string })
  })
  test('a submodule in the place of governance refuses it', () => {
    world.repository.git('checkout', '--quiet', '-B', 'change', 'main')
    world.repository.git('update-index', '--add', '--cacheinfo', `160000,${'a'.repeat(40)},.exeat/more`)
    world.repository.git('commit', '--quiet', '-m', 'Submodule')
    world.repository.git('checkout', '--quiet', '--force', 'main')
    expect(world.review()).toMatchObject({ exit: 3, stderr: expect.stringContaining('GOVERNANCE_ENTRY_REFUSED') as string })
  })
})

describe('what git has', { timeout: 120_000 }, () => {
  test('what came to the branch meanwhile is no part of the change', () => {
    world.change(one)
    world.merge({ '.exeat/opt-outs/two.yaml': optOut('two', { control: 'trivy/CVE-2' }) })
    expect(world.told().optOuts.map(({ name, change }) => [name, change])).toEqual([['one', 'added']])
  })
  test('the policies that came meanwhile judge it', () => {
    world.change(one)
    world.merge({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 1d' }) })
    expect(codes(world.told().optOuts[0]?.problems)).toEqual(['REVIEW_TERMS'])
  })
  test('a shallow clone, an unrelated history and a commit that is not there are told, with what to run', () => {
    world.change(one)
    world.repository.git('checkout', '--quiet', 'change')
    const clone = temporaryClone(world.repository, '--depth=1', '--no-single-branch')
    try {
      expect(runExeat(main, ['review', '--base', 'origin/main', '--head', 'origin/change'], clone.dir)).toMatchObject({ exit: 1, stderr: expect.stringMatching(/HISTORY_CUT_OFF[^]*git fetch --unshallow/) as string })
    } finally { clone.remove() }
    world.repository.git('checkout', '--quiet', '--orphan', 'alone')
    world.repository.git('commit', '--quiet', '-m', 'Alone')
    world.repository.git('checkout', '--quiet', 'main')
    expect(world.review('--head', 'alone')).toMatchObject({ exit: 1, stderr: expect.stringContaining('CHANGE_UNRELATED') as string })
    expect(world.review('--head', 'nothing')).toMatchObject({ exit: 1, stderr: expect.stringMatching(/REF_MISSING[^]*git fetch origin nothing/) as string })
    expect(world.review('--head', '--output=x')).toMatchObject({ exit: 1, stderr: expect.stringContaining('REF_MISSING') as string })
  })
  test('two commits may be named by their ids', () => {
    const head = world.change(one)
    const base = world.repository.git('rev-parse', 'main')
    expect(runExeat(main, ['review', '--base', base, '--head', head], world.repository.dir)).toMatchObject({ exit: 4, stdout: expect.stringContaining('WAITS FOR PEOPLE') as string })
  })
  test('another branch than the one that governs judges nothing', () => {
    world.change(one)
    expect(runExeat(main, ['review', '--base', 'change', '--head', 'main'], world.repository.dir)).toMatchObject({ exit: 3, stderr: expect.stringContaining('REF_NOT_PROTECTED') as string })
  })
})

describe('what it says', { timeout: 120_000 }, () => {
  const hostile = '\u202e<img src=x onerror=alert(1)> [x](javascript:alert(1)) @everyone | `` ` ``` --> ::error::x https://evil.example'
  test('to a terminal', () => {
    world.change(one)
    expect(world.review().stdout).toMatch(/^WAITS FOR PEOPLE\n\n {2}one {2}opt-out, added\n {4}turns off {2}trivy\/CVE-1; repositories acme\/payments; environments development; paths pom\.xml; at\n {15}most 3 findings\n {4}window[^]*approve {4}waits for 1 of security \(ben@acme\.example, cleo@acme\.example can\)\n[^]*judged by[^]*by alice@acme\.example\n$/)
  })
  test('in a comment, where nothing that a document says is markup', () => {
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { reason: hostile, paths: JSON.stringify([hostile.replaceAll(/[\u202e*?{}]/g, '').trim()]) }) })
    const { stdout } = world.review('--format', 'markdown')
    expect(stdout).toMatch(/^<!-- exeat review -->\n/)
    expect(stdout).not.toMatch(/<img|\]\(javascript|@everyone|https:\/\/|\u202e/)
    expect(stdout.match(/-->/g)).toHaveLength(2)
  })
  test('of ten thousand documents in one change: bounded, and counted', () => {
    const hundred = (file: number) => Array.from({ length: 100 }, (_, i) => optOut(`o-${file}-${i}`, { control: `trivy/CVE-${file}-${i}` })).join('---\n')
    world.change(Object.fromEntries(Array.from({ length: 100 }, (_, file) => [`.exeat/opt-outs/many-${file}.yaml`, hundred(file)])))
    const { exit, stdout } = world.review('--format', 'markdown')
    expect(exit).toBe(4)
    expect(stdout).toContain('… and 9950 more')
    expect(stdout.length).toBeLessThan(65_536)
  })
  test('wrong words and approvals that are none are told', () => {
    const head = world.change(one)
    for (const args of [['--actor', 'x'], ['--verdict', 'justified'], ['--reason', 'x']]) expect(world.review(...args), args.join(' ')).toMatchObject({ exit: 64, stderr: expect.stringContaining('USAGE') as string })
    expect(runExeat(main, ['review', 'name', '--base', 'main', '--verdict', 'justified', '--reason', 'x'], world.repository.dir).exit).toBe(64)
    expect(runExeat(main, ['review', 'name'], world.repository.dir).exit).toBe(64)
    for (const more of [{ kind: 'Other' }, { approvals: [{ by: { iss: 'git' }, commit: head }] }, { approvals: [{ by: { iss: 'git', sub: 'a' }, commit: 'main' }] }, { extra: 1 }]) {
      expect(world.review('--approvals', world.approvals([], more)), JSON.stringify(more)).toMatchObject({ exit: 3, stderr: expect.stringContaining('APPROVALS_INVALID') as string })
    }
    const file = world.approvals([])
    unlinkSync(file)
    expect(world.review('--approvals', file)).toMatchObject({ exit: 3, stderr: expect.stringContaining('INPUT_UNREADABLE') as string })
  })
})
