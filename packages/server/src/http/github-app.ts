/** Where GitHub sends the webhooks of its App: whoever knows the secret is GitHub. */
import type { RouteConfig } from '@hono/zod-openapi'
import * as z from 'zod'
import { parseStrictJson } from '@exeat/formats'
import { serverError } from '../config/codes.ts'
import type { Deployments } from '../deployments/index.ts'
import { isFromGitHub } from '../keys/hub-signature.ts'
import { type App, createRoute, forAnyone, refusals } from './parts.ts'

export const gitHubAppPath = '/v1/forges/github/app'

const webhook = createRoute({
  security: forAnyone, tags: ['decisions'], method: 'post', path: gitHubAppPath, summary: 'Webhooks of the GitHub App: deployment protection rules',
  request: { body: { required: true, content: { 'application/json': { schema: z.looseObject({}).meta({ id: 'GitHubWebhook' }) } } } },
  responses: { 202: { description: 'Taken, or nothing that is asked of Exeat.' }, ...refusals },
})

export const gitHubAppRoutes: readonly RouteConfig[] = [webhook]

export interface GitHubAppServing {
  readonly deployments: Pick<Deployments, 'take'>
  readonly secrets: () => readonly string[]
}

/** `gitHubApp` undefined: there is none. */
export function addGitHubApp(app: App, gitHubApp: GitHubAppServing | undefined): void {
  app.post(gitHubAppPath, async (c) => {
    if (gitHubApp === undefined) throw serverError('RESOURCE_UNKNOWN', 'this server is no GitHub App', 'its operator makes it one: `githubApp` in `server.json`')
    const bytes = new Uint8Array(await c.req.arrayBuffer())
    if (!isFromGitHub(bytes, c.req.header('x-hub-signature-256'), gitHubApp.secrets())) throw serverError('WEBHOOK_FORGED', 'the webhook is not signed by a secret that is known here')
    if (c.req.header('x-github-event') !== 'deployment_protection_rule') return c.body(null, 202)
    if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) throw serverError('REQUEST_MEDIA_TYPE', 'the webhook is not sent as `application/json`', 'choose it as content type of the App\'s webhook')
    const json = parseStrictJson(bytes, 'webhook', { maxDepth: 32, maxValues: 100_000, maxBytes: 1024 * 1024 })
    if (!json.ok) throw serverError('REQUEST_INVALID', `the webhook is not strict JSON: ${json.problem.message}`)
    await gitHubApp.deployments.take(json.value)
    return c.body(null, 202)
  })
}
