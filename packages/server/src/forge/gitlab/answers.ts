/** What is read of GitLab's answers (REST API v4): no more than is used, and everything that is used is checked. */
import * as z from 'zod'

const id = z.int().positive()
const sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
const name = z.string().min(1).max(255)
/** In milliseconds since the epoch. */
const instant = z.string().transform((text) => Date.parse(text)).refine((time) => Number.isFinite(time))

export const user = z.object({ id, username: name })
export type User = z.output<typeof user>
export const userInFull = z.object({ id, username: name, bot: z.boolean().optional() })

export const mergeRequest = z.object({
  iid: id, state: z.string(), author: user.nullable(), sha, source_branch: name, target_branch: name, source_project_id: id.nullable(), target_project_id: id,
})
export const listedCommit = z.object({ id: sha })
export const approvals = z.object({ approved_by: z.array(z.object({ user })) })
export const version = z.object({ head_commit_sha: sha, created_at: instant })
export const note = z.object({ id, body: z.string(), author: user.nullable(), system: z.boolean(), created_at: instant })
export const member = z.object({ id, username: name, state: z.string() })

/** A push; bulk ones do not say what came of it. */
export const push = z.object({
  author: user.nullable().optional(),
  push_data: z.object({ ref: z.string().nullable(), ref_type: z.string(), commit_to: z.string().nullable() }).optional(),
})

const graphUser = z.object({ id: z.string(), username: name }).nullable()
export const graphCommits = z.object({
  data: z.object({
    project: z.object({
      mergeRequest: z.object({
        commits: z.object({ nodes: z.array(z.object({ sha, author: graphUser, authorEmail: z.string().nullable(), committerEmail: z.string().nullable() })), pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }) }),
      }).nullable(),
    }).nullable(),
  }),
})
