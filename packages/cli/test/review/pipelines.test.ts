/** `action.yml` and `templates/review.yml`: what they promise, and their scripts run by a real shell on real clones, beside forges on loopback. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { describeWith } from '@exeat/testkit'
import { type GitHubWorld, gitHubWorld, type GitLabWorld, gitLabWorld, hubUser, type LabUser } from '@exeat/testkit/forge'
import { builtCommand } from '../built.ts'
import { plainEnvironment, type Ran } from '../session.ts'
import { governed, optOut, reviewWorld, type ReviewWorld, workspace } from './world.ts'

const main = builtCommand()
const root = fileURLToPath(new URL('../../../../', import.meta.url))
const forged = (kind: string, id: string): string => workspace(`  identity: { forges: [{ kind: ${kind}, issuer: "https://${kind}.com", teams: { acme/security: security } }] }\n`).replace('forge: none, repositoryId: "1001"', `forge: ${kind}, repositoryId: "${id}"`)

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>
  readonly runs: { readonly steps: readonly { readonly uses?: string; readonly run?: string; readonly shell?: string; readonly env?: Readonly<Record<string, string>>; readonly with?: Readonly<Record<string, unknown>> }[] }
}
interface Job { readonly script: readonly string[]; readonly variables: Readonly<Record<string, string>> }

const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as Action
const [, component] = parseAllDocuments(readFileSync(join(root, 'templates/review.yml'), 'utf8')).map((document) => document.toJS() as Readonly<Record<string, Job>>)
const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8')) as { readonly version: string }

test('the action pins what it uses, checks out the base alone, and puts nothing of an event into a script', () => {
  const uses = action.runs.steps.flatMap((step) => step.uses ?? [])
  expect(uses.length).toBeGreaterThan(0)
  for (const each of uses) expect(each).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40}$/)
  expect(action.runs.steps[0]?.with?.['ref']).not.toMatch(/head/)
  for (const { run } of action.runs.steps) expect(run ?? '').not.toContain('${{')
  expect(action.inputs['version']?.default).toBe(version)
  expect(readFileSync(join(root, 'templates/review.yml'), 'utf8')).toContain(`version: { default: "${version}"`)
})

let world: ReviewWorld
let bin: string
/** An `npm` that installs the command as it was built, and notes where it was called. */
beforeEach(() => {
  world = reviewWorld(main, { ...governed, '.npmrc': 'registry=http://127.0.0.1:1/\n' })
  bin = join(world.repository.dir, '..', 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'npm'), `#!/bin/sh
echo "npm $PWD $*" >> "$NPM_CALLS"
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/exeat/bin"
printf 'import(%s)\\n' '${JSON.stringify(main)}' > "$2/node_modules/exeat/bin/exeat.mjs"
`)
  chmodSync(join(bin, 'npm'), 0o755)
})
afterEach(() => { world.remove() })

const calls = (): string => readFileSync(join(world.repository.dir, '..', 'calls'), 'utf8')

function shell(script: string, cwd: string, env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const plain = plainEnvironment()
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
      cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 110_000,
      env: { ...plain, PATH: [bin, join(process.execPath, '..'), plain['PATH'] ?? ''].join(delimiter), NPM_CALLS: join(world.repository.dir, '..', 'calls'), XDG_CACHE_HOME: join(cwd, '.git', 'cache'), ...env },
    })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => { said[name] += text })
    child.on('error', reject)
    child.on('close', (exit) => { resolve({ exit, ...said }) })
  })
}

/** A clone of the base alone, as a runner has it: the change is known by its ref. */
function runner(ref: string, head: string): string {
  const { repository } = world
  repository.git('update-ref', ref, head)
  repository.git('branch', '--quiet', '-D', 'change')
  const dir = join(repository.dir, '..', 'runner')
  repository.git('clone', '--quiet', '--no-local', repository.dir, dir)
  return dir
}

describeWith('bash', 'the scripts', () => {
  describe('of the action', { timeout: 60_000 }, () => {
    const [alice, ben] = [hubUser(11, 'alice'), hubUser(12, 'ben')]
    let hub: GitHubWorld
    beforeEach(async () => {
      hub = await gitHubWorld()
      hub.teams.set('acme/security', [ben])
      world.merge({ '.exeat/workspace.yaml': forged('github', '1001') })
    })
    afterEach(() => hub.close())

    /** Expressions as the runner fills them in, for a pull request. */
    async function run(head: string, cwd: string): Promise<Ran> {
      const files = join(world.repository.dir, '..')
      writeFileSync(join(files, 'event.json'), JSON.stringify({ pull_request: { number: 42, head: { sha: head } } }))
      const known: Readonly<Record<string, string>> = { HEAD_REF: 'refs/pull/42/head', HEAD_SHA: head, EXEAT_FORGE_TOKEN: 'ghs_aTokenOfAJob', EXEAT_VERSION: version, FINDINGS: '', PUBLISH: 'true' }
      let ran: Ran = { exit: 0, stdout: '', stderr: '' }
      for (const { run: script, env = {} } of action.runs.steps) {
        if (script === undefined || ran.exit !== 0) continue
        expect(Object.keys(env).filter((name) => known[name] === undefined)).toEqual([])
        // oxlint-disable-next-line no-await-in-loop -- steps come one after the other
        ran = await shell(script, cwd, { ...hub.env(), GITHUB_EVENT_PATH: join(files, 'event.json'), RUNNER_TEMP: join(files, 'temp'), CI: 'true', ...Object.fromEntries(Object.keys(env).map((name) => [name, known[name] ?? ''])) })
      }
      return ran
    }
    test('review a pull request, install nothing by what stands in a work tree, and write the verdict', async () => {
      const head = world.change({ '.exeat/opt-outs/one.yaml': optOut('one') })
      hub.pulls.set(42, { head, ref: 'change', into: 'main', state: 'open', user: alice, from: hub.repository, reviews: [] })
      hub.commits.set(head, { committer: { email: 'a@acme.example', user: alice }, authors: [{ email: 'a@acme.example', user: alice }] })
      hub.pushes.set('acme/payments', [{ after: head, ref: 'refs/heads/change', actor: alice }])
      const cwd = runner('refs/pull/42/head', head)
      expect(await run(head, cwd)).toMatchObject({ exit: 4, stdout: expect.stringContaining('WAITS FOR PEOPLE') as string })
      hub.pulls.get(42)?.reviews.push({ user: ben, state: 'APPROVED', commit_id: head })
      expect(await run(head, cwd)).toMatchObject({ exit: 0 })
      expect(hub.checks.map(({ conclusion }) => conclusion)).toEqual(['action_required', 'success'])
      expect(hub.comments).toHaveLength(1)
      expect(calls()).toMatch(new RegExp(`^npm \\S+/temp/exeat install .*--ignore-scripts.* exeat@${version.replaceAll('.', '\\.')}$`, 'm'))
      expect(calls()).not.toContain(`npm ${cwd} `)
    })
  })

  describe('of the component', { timeout: 60_000 }, () => {
    const user = (id: number, username: string): LabUser => ({ id, username, bot: false })
    const [alice, ben] = [user(11, 'alice'), user(12, 'ben')]
    let lab: GitLabWorld
    beforeEach(async () => {
      lab = await gitLabWorld()
      for (const each of [alice, ben]) lab.users.set(each.id, each)
      lab.groups.set('acme/security', [ben])
      world.merge({ '.exeat/workspace.yaml': forged('gitlab', '2001') })
    })
    afterEach(() => lab.close())

    test('review a merge request, write the note and the code quality', async () => {
      const job = component?.['exeat-review']
      expect(job?.variables).toMatchObject({ GIT_DEPTH: '0', GIT_CHECKOUT: 'false' })
      const head = world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { findings: 99 }) })
      lab.mergeRequests.set(7, { sha: head, branch: 'change', into: 'main', state: 'opened', author: alice, from: 2001, approvedBy: [] })
      lab.commits = [{ sha: head, author: alice, authorEmail: 'alice@acme.example', committerEmail: 'alice@acme.example' }]
      lab.versions.push({ head_commit_sha: head, created_at: '2026-11-22T10:00:00Z' })
      lab.pushes.set(2001, [{ author: alice, ref: 'change', commit_to: head }])
      lab.approve(7, ben, '2026-11-22T10:05:00Z')
      const cwd = runner('refs/merge-requests/7/head', head)
      const ran = await shell((job?.script ?? []).join('\n'), cwd, { ...lab.env(), CI: 'true', CI_MERGE_REQUEST_IID: '7', CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main', EXEAT_VERSION: version, EXEAT_PUBLISH: 'true' })
      expect(ran).toMatchObject({ exit: 2, stdout: expect.stringMatching(/approvals +ben/) as string })
      expect(lab.notes.at(-1)?.body).toContain('may not merge')
      expect(JSON.parse(readFileSync(join(cwd, 'gl-code-quality-report.json'), 'utf8'))).toMatchObject([{ check_name: 'REVIEW_TERMS', severity: 'blocker', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string, location: { path: '.exeat/opt-outs/one.yaml', lines: { begin: 1 } } }])
      expect(calls()).not.toContain(`npm ${cwd} `)
    })
  })
})
