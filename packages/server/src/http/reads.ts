/** What enforcement points and people may read, and the uses that points claim. */
import type { RouteConfig } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  bundleQuerySchema, entriesAnswerSchema, entriesQuerySchema, entryViewSchema, listAnswerSchema, listQuerySchema, optOutViewSchema, receiptSchema, statusSchema, usesAnswerSchema, usesSchema,
} from '@exeat/core/wire'
import { fingerprint } from '@exeat/core/entry'
import { checkBundle, claimedBy } from '../identity/workload/reach.ts'
import type { UseCases } from '../use/types.ts'
import { bundleTags } from './bundle-tag.ts'
import type { People } from './people/services.ts'
import { answers, type App, bodyOf, createRoute, dsse, forOperators, forPoints, idParameter, wholeNumber } from './parts.ts'

const common = { security: forPoints, tags: ['reads'] }
const indexParameter = z.strictObject({ index: wholeNumber })
const documentKinds = ['OptOut', 'OptOutPolicy', 'Workspace', 'Aliases', 'Impact'] as const

const list = createRoute({
  ...common, method: 'get', path: '/v1/opt-outs', summary: 'List opt-outs', request: { query: listQuerySchema },
  responses: answers(listAnswerSchema, 'One page. `next`, and the header `Link` (RFC 8288), lead to the one behind it.'),
})
const one = createRoute({ ...common, method: 'get', path: '/v1/opt-outs/{id}', summary: 'One opt-out', request: { params: idParameter }, responses: answers(optOutViewSchema, 'As it stands now.') })
const claim = createRoute({
  ...common, method: 'post', path: '/v1/uses', summary: 'Claim uses', request: { body: bodyOf(usesSchema) }, responses: answers(usesAnswerSchema, 'What was counted, in the order of the request.'),
})
const bundle = createRoute({
  ...common, method: 'get', path: '/v1/bundle', summary: 'The signed bundle that a gate decides by', request: { query: bundleQuerySchema },
  responses: {
    ...answers(dsse, 'A DSSE envelope around the bundle.'),
    304: { description: 'The bundle that the caller holds says the same, and lives on for at least half of its life. Never where a nonce was sent.' },
  },
})
const entry = createRoute({ ...common, method: 'get', path: '/v1/entries/{index}', summary: 'An entry of the log with its body', request: { params: indexParameter }, responses: answers(entryViewSchema, 'The entry.') })
const entries = createRoute({
  ...common, security: forOperators, method: 'get', path: '/v1/entries', summary: 'Entries with their bodies, from an index on', request: { query: entriesQuerySchema },
  responses: answers(entriesAnswerSchema, 'In the order of the log; empty behind the last.'),
})
const receipt = createRoute({
  ...common, method: 'get', path: '/v1/receipts/{index}', summary: 'The receipt of an entry', request: { params: indexParameter }, responses: answers(receiptSchema, 'A C2SP tlog-proof@v1.'),
})
const document = createRoute({
  ...common, method: 'get', path: '/v1/documents/{kind}/{digest}', summary: 'A document or impact by its digest',
  request: { params: z.strictObject({ kind: z.enum(documentKinds), digest: fingerprint }) }, responses: answers(z.record(z.string(), z.unknown()), 'As JSON, spelled as in YAML.'),
})
const status = createRoute({ ...common, method: 'get', path: '/v1/status', summary: 'What the server is, and how it is', responses: answers(statusSchema, 'The status.') })

export const readRoutes: readonly RouteConfig[] = [list, one, claim, bundle, entry, entries, receipt, document, status]

export interface ReadOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** What the server adds to the status of the use cases. */
  readonly health: () => Pick<z.output<typeof statusSchema>, 'checked' | 'witnesses' | 'webhookKey'>
}

export function addReads(app: App, uses: UseCases, people: Pick<People, 'workspace'>, { now, health }: ReadOptions): void {
  app.openapi(list, async (c) => {
    const page = await uses.optOuts(c.req.valid('query'))
    return c.json(page, 200, page.next === undefined ? fresh : { ...fresh, link: `<${nextUrl(c.req.url, page.next)}>; rel="next"` })
  })
  app.openapi(one, async (c) => c.json(await uses.optOut(c.req.valid('param').id), 200, fresh))
  app.openapi(claim, async (c) => {
    const caller = c.get('caller')
    const claimed = c.req.valid('json').uses
    const answer = caller.kind === 'workload' ? await claimedBy(caller.workload, claimed, await people.workspace(), (own) => uses.claimUses([...own])) : await uses.claimUses(claimed)
    return c.json(answer, 200, fresh)
  })
  app.openapi(bundle, async (c) => {
    const caller = c.get('caller')
    const query = c.req.valid('query')
    if (caller.kind === 'workload') checkBundle(caller.workload, query)
    const envelope = await uses.bundle(query)
    if (query.nonce !== undefined) return c.json(envelope, 200, fresh)
    const tags = bundleTags(envelope, query)
    const fields = { etag: tags.tag, 'cache-control': 'private, no-cache', vary: 'authorization' }
    return tags.stillGood(c.req.header('if-none-match'), now()) ? c.body(null, 304, fields) : c.json(envelope, 200, fields)
  })
  app.openapi(entry, async (c) => c.json(await uses.entry(c.req.valid('param').index), 200, fresh))
  app.openapi(entries, async (c) => c.json(await uses.entries(c.req.valid('query')), 200, fresh))
  app.openapi(receipt, async (c) => c.json(await uses.receipt(c.req.valid('param').index), 200, fresh))
  app.openapi(document, async (c) => {
    const { kind, digest } = c.req.valid('param')
    return Response.json(await uses.document(kind, digest), { headers: fresh })
  })
  app.openapi(status, async (c) => c.json({ ...await uses.status(), ...health() }, 200, fresh))
}

const fresh = { 'cache-control': 'no-store' }

/** Relative, as the server does not know under which address a proxy shows it. */
function nextUrl(url: string, after: string): string {
  const { pathname, searchParams } = new URL(url)
  searchParams.set('after', after)
  return `${pathname}?${searchParams.toString()}`
}
