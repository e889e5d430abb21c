/**
 * GitHub's custom deployment protection rule: whether a deployment may go ahead is decided as any run is, over what tools reported of its very commit. The
 * repository, the commit and the environment are GitHub's word, which its signature on the webhook shows; the reports are those that a job recorded
 * (`POST /v1/runs`) by its own token. While there are none it waits, for a day; then, and where anything blocks, the answer is no.
 *
 * What is owed stands in a row before GitHub hears that it was taken, is decided once, and is said until GitHub has heard it.
 */
import type { Problem, Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { decisionSchema } from '@exeat/verify'
import { serverError, serverProblem } from '../config/codes.ts'
import type { DecideRun, Requester } from '../decisions/index.ts'
import { forgeError } from '../forge/codes.ts'
import type { GitHubApp } from '../forge/github/app.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import type { Runs } from '../ports/runs.ts'
import { fromBytes, toBytes } from '../use/stored.ts'
import { verdictOf } from './comment.ts'
import { type Owed, protectionRuleSchema } from './payload.ts'

export interface DeploymentsOptions {
  readonly app: GitHubApp
  /** Of the API, without a slash at its end. */
  readonly api: string
  readonly rows: Pick<IdentityRows, 'get' | 'put' | 'all'>
  readonly runs: Pick<Runs, 'latest' | 'reportsOf'>
  readonly decide: DecideRun
  readonly governance: Pick<GovernanceSource, 'current'>
  readonly now: () => number
  readonly report: (problem: Problem) => void
}

export interface Deployments {
  /** Takes what GitHub sent, and has checked that GitHub did. Durable once it answered. @throws {ExeatError} REQUEST_INVALID, FORGE_REPOSITORY, FORGE_MOVED */
  readonly take: (payload: unknown) => Promise<void>
  /** Answers what can be answered. */
  readonly round: () => Promise<void>
}

/** In milliseconds. What is over is kept for as long as GitHub could send it again. */
const times = { look: 5_000, longest: 60_000, patience: 24 * 3_600_000, kept: 7 * 86_400_000 } as const

export function deployments(options: DeploymentsOptions): Deployments {
  const { rows, governance, now } = options
  return {
    take: async (payload) => {
      const parsed = protectionRuleSchema.safeParse(payload)
      if (!parsed.success) throw serverError('REQUEST_INVALID', `the webhook is none of a deployment protection rule, at \`${parsed.error.issues[0]?.path.join('.') ?? ''}\``)
      const { repository, environment, deployment, deployment_callback_url: callback, installation } = parsed.data
      sourceOf((await governance.current()).governance.workspace.document, repository.id)
      const at = now()
      const owed: Owed = {
        repositoryId: repository.id, repository: repository.full_name, installation: installation.id, environment, commit: deployment.sha, deployment: deployment.id,
        path: callbackPath(callback, options.api, repository.full_name), asked: at, next: at, attempts: 0,
      }
      // The same once more changes nothing of what was decided.
      await rows.put(rowKinds.deployment, keyOf(owed), { value: toBytes(owed), expires: at + times.kept }, 0, at)
    },
    round: async () => {
      for (let after: string | undefined; ;) {
        const page = await rows.all(rowKinds.deployment, now(), { limit: 100, ...(after === undefined ? {} : { after }) })
        for (const { key, version, value } of page) {
          const owed = fromBytes<Owed>(value)
          if (owed.over === undefined && owed.next <= now()) await attend(options, key, version, owed)
        }
        after = page.at(-1)?.key
        if (page.length < 100) return
      }
    },
  }
}

const keyOf = ({ repositoryId, deployment, environment, path }: Owed): string => `${repositoryId}/${deployment}/${environment}/${path}`

/** @throws {ExeatError} FORGE_REPOSITORY */
function sourceOf({ spec: { sources } }: Workspace, id: number) {
  const source = sources.find(({ repositoryId }) => repositoryId === String(id))
  if (source === undefined) throw forgeError('FORGE_REPOSITORY', `the workspace names no source with the number ${id}`, 'name it under `sources`, or take the rule out of its environments')
  return source
}

/** Below the API that the operator named, and of this very repository: the token goes nowhere else. @throws {ExeatError} FORGE_MOVED */
function callbackPath(url: string, api: string, repository: string): string {
  const path = url.startsWith(`${api}/`) ? url.slice(api.length) : ''
  const [, of] = /^\/repos\/([\w.-]+\/[\w.-]+)\/actions\/runs\/\d{1,20}\/deployment_protection_rule$/.exec(path) ?? []
  if (of?.toLowerCase() === repository.toLowerCase()) return path
  throw forgeError('FORGE_MOVED', `the callback of the deployment is none of \`${repository}\` at \`${api}\``, 'see whether `githubApp.api` of `server.json` is the address of its API')
}

/** One step with one deployment: nobody else takes it while the row is the one that was read. */
async function attend(options: DeploymentsOptions, key: string, version: number, owed: Owed): Promise<void> {
  const { rows, now, report } = options
  const keep = (next: Owed, expected: number): Promise<boolean> => rows.put(rowKinds.deployment, key, { value: toBytes(next), expires: owed.asked + times.kept }, expected, now())
  const wait = Math.min(times.longest, times.look * 2 ** Math.min(owed.attempts, 10))
  const claimed: Owed = { ...owed, attempts: owed.attempts + 1, next: now() + wait }
  if (!await keep(claimed, version)) return
  try {
    const verdict = owed.verdict ?? await decided(options, owed)
    if (verdict === undefined) {
      if (owed.told !== true) {
        await say(options, owed, { comment: `Waiting for what tools report of ${owed.commit.slice(0, 12)}: record it in a job with \`exeat gate REPORTS --record\`, before this one.` })
        await keep({ ...claimed, told: true }, version + 1)
      }
      return
    }
    // What was decided is written before it is said: whoever dies between says the same again.
    const told: Owed = { ...claimed, verdict }
    if (owed.verdict === undefined && !await keep(told, version + 1)) return
    await say(options, owed, verdict)
    await keep({ ...told, over: verdict.state }, owed.verdict === undefined ? version + 2 : version + 1)
  } catch (error) {
    if (!(error instanceof ExeatError)) throw error
    const [problem] = error.problems
    report(serverProblem('DEPLOYMENT_UNANSWERED', `the deployment ${owed.deployment} of \`${owed.repository}\` to \`${owed.environment}\` is not answered: ${problem.message}`, 'it is tried again for a day; until then it waits'))
    const isOver = now() - owed.asked > times.patience
    if (isOver) await finish(options, key)
  }
}

/** Given up: GitHub keeps it waiting, and lets it time out. */
async function finish({ rows, now }: DeploymentsOptions, key: string): Promise<void> {
  const row = await rows.get(rowKinds.deployment, key, now())
  if (row === undefined) return
  const owed = fromBytes<Owed>(row.value)
  await rows.put(rowKinds.deployment, key, { value: toBytes({ ...owed, over: 'failed' } satisfies Owed), expires: owed.asked + times.kept }, row.version, now())
}

type Verdict = NonNullable<Owed['verdict']>

/** Undefined while there is nothing to decide it by. @throws {ExeatError} where it cannot be decided now */
async function decided({ runs, decide, governance, now }: DeploymentsOptions, owed: Owed): Promise<Verdict | undefined> {
  const { governance: { workspace: { document } } } = await governance.current()
  const { name } = sourceOf(document, owed.repositoryId)
  if (!document.spec.environments.some((each) => each.name === owed.environment)) return { state: 'rejected', comment: 'The workspace of Exeat knows no environment of this name.' }
  const run = await runs.latest({ repositoryId: String(owed.repositoryId), commit: owed.commit, environment: owed.environment })
  const kept = run === undefined ? undefined : await runs.reportsOf(run.id)
  if (run === undefined || kept === undefined) return now() - owed.asked > times.patience ? { state: 'rejected', comment: `Nothing was recorded of ${owed.commit.slice(0, 12)} within a day.` } : undefined
  const asked = { ...(run.root === undefined ? {} : { root: run.root }), reports: kept.reports.map(({ name: file, format, base64 }) => ({ name: file, ...(format === undefined ? {} : { format }), base64 })) }
  const { decision, blocked } = await decide(asked, requesterOf(owed, name))
  return verdictOf(decisionSchema.parse(JSON.parse(Buffer.from(decision.payload, 'base64').toString('utf8'))), blocked)
}

/** What GitHub says, and has signed: of the environment nobody else could know before the job that it is for has begun. */
function requesterOf({ repositoryId, commit, environment }: Owed, name: string): Requester {
  const from = 'GitHub\'s deployment'
  return {
    caller: { kind: 'workload', provider: 'github', subject: `deployment:${repositoryId}:${environment}`, refProtected: false }, preview: false,
    proven: { repository: { value: { name, id: String(repositoryId) }, provenance: 'verified', from }, commit: { value: commit, provenance: 'verified', from }, environment: { value: environment, provenance: 'verified', from } },
  }
}

/** Without a state it is shown, and decides nothing. @throws {ExeatError} FORGE_* */
async function say({ app }: DeploymentsOptions, { installation, repositoryId, environment, path }: Owed, { state, comment }: { readonly state?: Verdict['state']; readonly comment: string }): Promise<void> {
  const http = await app.as({ id: installation, repositoryId })
  await http.ask(path, { method: 'POST', body: { environment_name: environment, ...(state === undefined ? {} : { state }), comment } })
}
