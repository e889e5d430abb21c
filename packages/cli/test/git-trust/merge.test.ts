/** Approvals of a merge, and what they are once it is done (docs/review.md): nothing, and in nobody's way. */
import { afterEach, expect, test } from 'vitest'
import { formatInstant, type Instant, judgeGitOptOuts } from '@exeat/core'
import { compilePolicies } from '../../src/governance/load.ts'
import { signedFor } from '../../src/governance/standing.ts'
import { builtCommand } from '../built.ts'
import { digestsOf, gitWorld, type GitWorld, mail, type Name, optOutText } from './world.ts'

const main = builtCommand()
let world: GitWorld | undefined
afterEach(() => { world?.repository.remove() })

async function look(of: GitWorld): Promise<{ readonly active: readonly string[]; readonly codes: readonly string[] }> {
  const governance = await of.governance()
  const policySet = await compilePolicies(governance)
  const answer = (await signedFor(policySet, governance, governance.optOuts, of.now(), { dir: of.repository.dir }))?.(of.now())
  return { active: judgeGitOptOuts(policySet, governance.optOuts, of.now(), answer?.shown).active.map(({ document }) => document.metadata.name), codes: (answer?.problems ?? []).map(({ code }) => code) }
}

/** The opt-out, and beside it what Bob signed for its merge, each in a commit of its author's on one branch. */
async function mergedWithApproval(signer: Name, more: Readonly<Record<string, string>> = {}): Promise<GitWorld> {
  const made = gitWorld(main)
  world = made
  const { repository } = made
  repository.git('checkout', '--quiet', '-B', 'change', 'main')
  made.merge({ '.exeat/hotfix.yaml': optOutText() })
  const approval = await made.act('approve', signer)
  repository.git('update-ref', 'refs/heads/main', 'main~1')
  repository.git('checkout', '--quiet', '--force', 'change')
  for (const [path, content] of Object.entries({ ...approval, ...more })) repository.write(path, content)
  const env = { GIT_AUTHOR_EMAIL: mail(signer), GIT_COMMITTER_EMAIL: mail(signer), GIT_AUTHOR_DATE: formatInstant(made.now()), GIT_COMMITTER_DATE: formatInstant(made.now()) }
  repository.git('add', '--all')
  repository.gitWith({ env }, 'commit', '--quiet', '-m', 'Approve the merge')
  repository.git('checkout', '--quiet', 'main')
  repository.gitWith({ env: { ...env, GIT_AUTHOR_EMAIL: mail('eve'), GIT_COMMITTER_EMAIL: mail('eve') } }, 'merge', '--quiet', '--no-ff', '-m', 'merge', 'change')
  repository.git('update-ref', 'refs/remotes/origin/main', 'refs/heads/main')
  return made
}

test('an approval of the merge is none of what stands; its signer approves that again, and nothing warns', async () => {
  const made = await mergedWithApproval('bob')
  expect(await look(made)).toEqual({ active: [], codes: ['ACT_NOT_AFTER'] })
  const approval = await made.act('approve', 'bob', { at: (made.now() + 1000) as Instant })
  made.merge(approval, { by: 'bob' })
  made.merge(await made.act('activate', 'carol', { approvals: [...digestsOf(approval)] }), { by: 'carol' })
  expect(await look(made)).toEqual({ active: ['hotfix'], codes: [] })
})

test('whoever did more than sign took part in the merge', async () => {
  const made = await mergedWithApproval('bob', { '.exeat/other.yaml': optOutText('other') })
  const approval = await made.act('approve', 'bob', { at: (made.now() + 1000) as Instant })
  made.merge(approval, { by: 'bob' })
  made.merge(await made.act('activate', 'carol', { approvals: [...digestsOf(approval)] }), { by: 'carol' })
  expect(await look(made)).toMatchObject({ active: [], codes: expect.arrayContaining(['ACT_SEPARATION']) as string[] })
})
