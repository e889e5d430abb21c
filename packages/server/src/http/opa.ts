/** Bundles for Open Policy Agent, and the key that it verifies them with. */
import type { RouteConfig } from '@hono/zod-openapi'
import * as z from 'zod'
import { identifier } from '@exeat/core/entry'
import { checkBundle } from '../identity/workload/reach.ts'
import type { MakeOpaBundle } from '../opa/index.ts'
import { tagOf } from './bundle-tag.ts'
import { type App, createRoute, forPoints, plainAnswers } from './parts.ts'

const common = { security: forPoints, tags: ['reads'], method: 'get' as const }

const bundle = createRoute({
  ...common, path: '/v1/opa/bundle.tar.gz', summary: 'Active opt-outs as a signed bundle of Open Policy Agent',
  request: { query: z.strictObject({ audience: z.exactOptional(identifier.meta({ description: 'A repository\'s id; absent: all of the workspace.' })) }) },
  responses: {
    ...plainAnswers('application/gzip', 'The bundle, with `.signatures.json`.'),
    304: { description: 'The bundle that the caller holds says the same, and lives on for at least half of its life.' },
  },
})
const key = createRoute({ ...common, path: '/v1/opa/key.pem', summary: 'The key that signs these bundles', responses: plainAnswers('application/x-pem-file', 'A public key on P-256, for ES256.') })

export const opaRoutes: readonly RouteConfig[] = [bundle, key]

export interface OpaServing {
  readonly make: MakeOpaBundle
  readonly publicPem: string
}

export function addOpa(app: App, { make, publicPem }: OpaServing, now: () => number): void {
  app.openapi(bundle, async (c) => {
    const caller = c.get('caller')
    const query = c.req.valid('query')
    if (caller.kind === 'workload') checkBundle(caller.workload, query)
    const made = await make(query.audience ?? '*')
    const tags = tagOf(made)
    const fields = { etag: tags.tag, 'cache-control': 'private, no-cache', vary: 'authorization' }
    return tags.stillGood(c.req.header('if-none-match'), now()) ? new Response(null, { status: 304, headers: fields }) : new Response(made.bytes as Uint8Array<ArrayBuffer>, { headers: { ...fields, 'content-type': 'application/gzip' } })
  })
  app.openapi(key, () => new Response(publicPem, { headers: { 'content-type': 'application/x-pem-file', 'cache-control': 'private, no-cache' } }))
}
