/** `exeat review --forge github`: real repositories, and a forge on loopback that checks what it receives. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { actionsBot, type GitHubWorld, gitHubWorld, type HubPull, type HubUser, hubUser } from '@exeat/testkit/forge'
import { builtCommand } from '../built.ts'
import { type Ran, runExeatBeside } from '../session.ts'
import { governed, optOut, policy, reviewWorld, type ReviewWorld, type Told, workspace } from './world.ts'

const main = builtCommand()
const [alice, ben, cleo] = [hubUser(11, 'alice'), hubUser(12, 'ben'), hubUser(13, 'cleo')]
const one = { '.exeat/opt-outs/one.yaml': optOut('one') }
const atGitHub = (more = ''): string => workspace(`  identity: { forges: [{ kind: github, issuer: "https://github.com", teams: { acme/security: security } }] }\n${more}`).replace('forge: none', 'forge: github')

let world: ReviewWorld
let hub: GitHubWorld
beforeEach(async () => {
  world = reviewWorld(main, { ...governed, '.exeat/workspace.yaml': atGitHub() })
  hub = await gitHubWorld()
  hub.teams.set('acme/security', [ben, cleo, alice])
})
afterEach(async () => {
  world.remove()
  await hub.close()
})

/** Opens or moves pull request 42 to a head, pushed and written by this account. */
function open(head: string, { pusher = alice, ...more }: Partial<HubPull> & { readonly pusher?: HubUser } = {}): HubPull {
  const { repository } = world
  repository.git('update-ref', 'refs/remotes/origin/main', 'main')
  for (const commit of repository.git('rev-list', head).split('\n')) if (!hub.commits.has(commit)) hub.commits.set(commit, { committer: { email: 'a@acme.example', user: pusher }, authors: [{ email: 'a@acme.example', user: pusher }] })
  hub.pushes.set('acme/payments', [...hub.pushes.get('acme/payments') ?? [], { after: head, ref: 'refs/heads/change', actor: pusher }])
  const earlier = hub.pulls.get(42)
  const pull: HubPull = { ref: 'change', into: 'main', state: 'open', user: alice, from: hub.repository, reviews: earlier?.reviews ?? [], head, ...more }
  hub.pulls.set(42, pull)
  return pull
}
const approve = (user: HubUser, commit: string): void => { hub.pulls.get(42)?.reviews.push({ user, state: 'APPROVED', commit_id: commit }) }

const review = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  runExeatBeside(main, ['review', '--forge', 'github', ...args], world.repository.dir, { ...hub.env(), ...(env['GITHUB_EVENT_PATH'] === undefined ? event({ pull_request: { number: 42 } }) : {}), ...env })
async function told(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Told> {
  const { stdout, stderr } = await review(['--format', 'json', ...args], env)
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Told
}
function event(content: object): Readonly<Record<string, string>> {
  const file = join(world.repository.dir, '..', 'event.json')
  writeFileSync(file, JSON.stringify(content))
  return { GITHUB_EVENT_PATH: file }
}

describe('a pull request', { timeout: 60_000 }, () => {
  test('waits for people of the team, by name, and may merge once one of them approved this head', async () => {
    const head = world.change(one)
    open(head)
    expect(await told()).toMatchObject({ exit: 4, outcome: 'waiting' })
    expect((await review()).stdout).toContain('ben, cleo can')
    approve(ben, head)
    expect(await told()).toMatchObject({ exit: 0, approvals: { counted: [{ iss: 'https://github.com', sub: '12' }] } })
    expect((await review()).stdout).toMatch(/approvals +ben/)
  })
  test('attack-09: a force-push after the approval takes it away', async () => {
    const head = world.change(one)
    open(head)
    approve(ben, head)
    const other = world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { paths: '["**/pom.xml"]' }) })
    open(other)
    expect(await told()).toMatchObject({ exit: 4, approvals: { counted: [], left: [{ because: 'another commit was approved' }] } })
  })
  test('attack-13: whoever pushed it approves nothing of it, though git names somebody else', async () => {
    const head = world.change(one)
    open(head, { pusher: ben })
    approve(ben, head)
    expect(await told()).toMatchObject({ exit: 4, approvals: { counted: [], excluded: [{ sub: '12' }] } })
  })
  test('attack-14: neither does an app, nor the person whose app wrote it', async () => {
    const head = world.change(one)
    open(head)
    hub.commits.set(head, { committer: { email: 'noreply@github.com' }, authors: [{ email: '77+fixer[bot]@users.noreply.github.com' }] })
    hub.apps.set('fixer', cleo)
    approve(cleo, head)
    approve(hubUser(78, 'approver[bot]', 'Bot'), head)
    expect(await told()).toMatchObject({ exit: 4, approvals: { counted: [], excluded: [{ sub: '13' }], left: [{ because: 'a bot approves nothing' }] } })
  })
  test('of a fork whose pushes may not be read waits, and says why', async () => {
    const head = world.change(one)
    open(head, { from: { id: 2002, full_name: 'mallory/payments' }, user: hubUser(66, 'mallory') })
    approve(ben, head)
    expect(await told()).toMatchObject({ exit: 4, warnings: [{ code: 'FORGE_PUSHER' }] })
  })
  test('whose repository the workspace does not name by its number is refused', async () => {
    const other = await gitHubWorld({ id: 9999, full_name: 'acme/payments' })
    try {
      open(world.change(one))
      for (const [number, pull] of hub.pulls) other.pulls.set(number, pull)
      expect(await review([], other.env())).toMatchObject({ exit: 3, stderr: expect.stringContaining('FORGE_REPOSITORY') as string })
    } finally {
      await other.close()
    }
  })
  test('that wants to enter another branch is judged by the one that governs, and says so', async () => {
    const head = world.change(one)
    open(head, { into: 'feature' })
    approve(ben, head)
    expect(await told(['--base', 'main'])).toMatchObject({ exit: 0, warnings: [{ code: 'FORGE_BRANCH' }] })
  })
  test('teams are those of the base: a change that maps its own friends is no help', async () => {
    world.merge({ '.exeat/workspace.yaml': atGitHub().replace('teams: { acme/security: security }', 'teams: { acme/owners: governance }') })
    hub.teams.set('acme/friends', [cleo])
    hub.teams.set('acme/owners', [ben])
    const head = world.change({ '.exeat/workspace.yaml': atGitHub().replace('acme/security: security', 'acme/friends: governance') })
    open(head)
    approve(cleo, head)
    expect(await told()).toMatchObject({ exit: 4, governance: { changed: ['workspace'], met: false } })
    approve(ben, head)
    expect(await told()).toMatchObject({ exit: 0 })
  })
  test('settings that say nothing, or two things, are wrong usage', async () => {
    for (const [args, env] of [[[], { GITHUB_EVENT_PATH: '/nowhere' }], [['--change', '4x'], {}], [['--repo', 'acme'], {}], [[], { EXEAT_FORGE_TOKEN: '' }], [['--head', 'main'], {}], [['--approvals', 'x.json'], {}]] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await review(args, env), args.join(' ')).toMatchObject({ exit: 64, stdout: '' })
    }
    expect(await runExeatBeside(main, ['review', '--publish'], world.repository.dir)).toMatchObject({ exit: 64 })
  })
  test('a token that was revoked judges nothing, and is shown nowhere', async () => {
    open(world.change(one))
    const ran = await review([], hub.env('ghs_revokedRevokedRevoked'))
    expect(ran).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringContaining('FORGE_TOKEN') as string })
    expect(ran.stderr).not.toContain('ghs_revoked')
  })
})

describe('a merge queue', { timeout: 60_000 }, () => {
  const queued = (base: string, head: string) => event({ merge_group: { base_sha: base, head_sha: head, head_ref: `refs/heads/gh-readonly-queue/main/pr-42-${base}` } })
  const merged = (files: Readonly<Record<string, string>>): string => {
    world.repository.git('checkout', '--quiet', '-B', 'queue', 'main')
    world.repository.git('merge', '--quiet', '--no-ff', '-m', 'Queue', 'change')
    for (const [path, content] of Object.entries(files)) world.repository.write(path, content)
    world.repository.git('add', '--all')
    world.repository.git('commit', '--quiet', '--allow-empty', '-m', 'More')
    const head = world.repository.git('rev-parse', 'HEAD')
    world.repository.git('checkout', '--quiet', 'main')
    return head
  }

  test('lets through what was approved, merged as it was approved', async () => {
    const head = world.change(one)
    open(head)
    approve(ben, head)
    const base = world.merge({ 'src/other.ts': 'export {}\n' })
    expect(await told([], queued(base, merged({ 'src/built.ts': '' })))).toMatchObject({ exit: 0 })
  })
  test('refuses governed files that come in another form, or with another change', async () => {
    const head = world.change(one)
    open(head)
    approve(ben, head)
    const base = world.merge({ 'src/other.ts': 'export {}\n' })
    expect(await told([], queued(base, merged({ '.exeat/opt-outs/one.yaml': optOut('one', { findings: 9 }) })))).toMatchObject({ exit: 2, problems: [{ code: 'FORGE_MERGED_OTHERWISE' }] })
    expect(await told([], queued(base, merged({ '.exeat/opt-outs/two.yaml': optOut('two') })))).toMatchObject({ exit: 2, problems: [{ code: 'FORGE_MERGED_OTHERWISE' }] })
  })
  test('judges by the policies that will stand before it in the queue', async () => {
    const head = world.change(one)
    open(head)
    approve(ben, head)
    const base = world.merge({ '.exeat/policies/trivy.yaml': policy('trivy', { approve: '[{ groups: [security], count: 2 }]' }) })
    expect(await told([], queued(base, merged({})))).toMatchObject({ exit: 4 })
  })
})

describe('the verdict at the forge', { timeout: 60_000 }, () => {
  test('is a check with its places, a comment and a summary; the next push says what changed since', async () => {
    const summary = join(world.repository.dir, '..', 'summary.md')
    const head = world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { findings: 99 }) })
    open(head)
    expect(await review(['--publish'], { GITHUB_STEP_SUMMARY: summary })).toMatchObject({ exit: 2, stderr: expect.stringMatching(/wrote the check.*\n.*wrote the comment/) as string })
    expect(hub.checks).toMatchObject([{ name: 'exeat review', head_sha: head, conclusion: 'failure', output: { annotations: [{ path: '.exeat/opt-outs/one.yaml', annotation_level: 'failure', title: 'REVIEW_TERMS' }] } }])
    expect(readFileSync(summary, 'utf8')).toContain('may not merge')
    const next = world.change({ '.exeat/opt-outs/one.yaml': optOut('one'), '.exeat/opt-outs/two.yaml': optOut('two', { control: 'trivy/CVE-2' }) })
    open(next)
    approve(ben, next)
    expect(await review(['--publish'])).toMatchObject({ exit: 0 })
    expect(hub.comments).toHaveLength(1)
    expect(hub.comments[0]?.body).toContain(`**Since \`${head.slice(0, 12)}\`**: opt-out \`one\` is another; opt-out \`two\` came to it`)
    expect(hub.checks.at(-1)).toMatchObject({ head_sha: next, conclusion: 'success' })
    const same = world.change({ ...one, '.exeat/opt-outs/two.yaml': optOut('two', { control: 'trivy/CVE-2' }), 'src/more.ts': '' })
    open(same)
    expect(await review(['--publish'])).toMatchObject({ exit: 4 })
    expect(hub.comments[0]?.body).toContain('nothing that is governed changed, and approvals of that head count no more')
  })
  test('what somebody wrote into the comment is shown as text or not at all', async () => {
    open(world.change(one))
    const kept = (value: unknown): string => `<!-- exeat review -->\n<!-- exeat kept ${Buffer.from(JSON.stringify(value)).toString('base64')} -->`
    hub.comments.push({ id: 1, user: actionsBot, body: kept({ head: 'a'.repeat(40), optOuts: { '<script>@acme/security [x](javascript:alert(1))`': 'x' }, policies: {} }) })
    await review(['--publish'])
    const shown = hub.comments[0]?.body.replaceAll(/`+[^`]*`+ ?`*/g, '') ?? ''
    expect(shown).not.toMatch(/<script>|@acme|\]\(javascript/)
    Object.assign(hub.comments[0] ?? {}, { body: kept({ head: '../x', optOuts: [] }) })
    expect(await review(['--publish'])).toMatchObject({ exit: 4 })
    expect(hub.comments[0]?.body).not.toContain('Since')
  })
  test('a job of a fork may only read: it is a preview, and the answer stands', async () => {
    hub.tokens.set('ghs_ofAForkThatReads', { viewer: actionsBot, mayWrite: false })
    open(world.change(one), { from: { id: 2002, full_name: 'mallory/payments' } })
    expect(await review(['--publish'], { EXEAT_FORGE_TOKEN: 'ghs_ofAForkThatReads' })).toMatchObject({ exit: 4, stderr: expect.stringContaining('this run is a preview') as string })
    expect(hub.checks).toEqual([])
  })
})
