/** What is read of GitHub's answers (REST API 2022-11-28): no more than is used, and everything that is used is checked. */
import * as z from 'zod'

const id = z.int().positive()
const sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
const name = z.string().min(1).max(256)

export const user = z.object({ id, login: name, type: z.string() })
export type User = z.output<typeof user>
/** Gone with its account. */
export const someone = user.nullable()

export const pull = z.object({
  number: id, state: z.string(), user: someone,
  head: z.object({ sha, ref: name, repo: z.object({ id, full_name: name }).nullable() }),
  base: z.object({ ref: name, repo: z.object({ id }) }),
})

/** As a list of a commit's pulls has it. */
export const listedPull = pull.extend({ merged_at: z.string().nullable() })
export const listedCommit = z.object({ sha })

export const review = z.object({ id: z.int(), user: someone, state: z.string(), commit_id: z.string().nullable() })

/** A push, of which `after` is what the branch held then. */
export const activity = z.object({ after: z.string(), activity_type: z.string(), actor: someone })

export const app = z.object({ owner: z.object({ id, login: name, type: z.string() }).nullable() })

export const comment = z.object({ id, body: z.string().nullish(), user: someone, html_url: z.string() })
export const checkRun = z.object({ id, html_url: z.string().nullable() })

const account = z.object({ databaseId: id, login: name }).nullable()
const actor = z.object({ email: z.string().nullable(), user: account })
const graphCommit = z.object({ oid: sha, committer: actor.nullable(), authors: z.object({ totalCount: z.int(), nodes: z.array(actor) }) })
export type GraphCommit = z.output<typeof graphCommit>

/** GraphQL. A commit that the repository does not have is null. */
export const graphCommits = z.object({ data: z.object({ repository: z.record(z.string(), graphCommit.nullable()).nullable() }) })
export const graphViewer = z.object({ data: z.object({ viewer: z.object({ login: name }) }) })
