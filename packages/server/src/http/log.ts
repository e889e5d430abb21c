/** The log as C2SP tlog-tiles lays it out, for anyone; and proofs for those who would rather not read tiles. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import * as z from 'zod'
import { encodeBase64, formatNote, openTree, parseNote, parseSignatureLines, parseTilePath, type Answer, TILE_WIDTH } from '@exeat/log'
import { serverProblem } from '../config/codes.ts'
import type { CosignatureLine, LogReader } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import type { Env } from './env.ts'
import { answers, type App, createRoute, forAnyone, plainAnswers, wholeNumber } from './parts.ts'
import { refusal } from './problem.ts'

const common = { security: forAnyone, tags: ['log'], method: 'get' as const }
const text = 'text/plain; charset=utf-8'

const tileParameter = z.string().meta({ description: 'The rest of a C2SP tlog-tiles path; it may hold slashes: `0/x001/x234/067`, `entries/000.p/7`.' })
const proofSchema = z.strictObject({
  size: z.int().min(0), root: z.string().meta({ description: 'Of the newest head, base64; `size` may be an older one\'s.' }), checkpoint: z.string(), proof: z.array(z.string()),
}).meta({ id: 'Proof' })

const checkpoint = createRoute({ ...common, path: '/log/checkpoint', summary: 'The newest checkpoint, with the cosignatures that it has', responses: plainAnswers('text/plain', 'A C2SP signed note.') })
const cosigned = createRoute({ ...common, path: '/log/cosigned-checkpoint', summary: 'The newest checkpoint that a witness signed', responses: plainAnswers('text/plain', 'A C2SP signed note.') })
const vkey = createRoute({ ...common, path: '/log/vkey', summary: 'The log\'s verifier key', responses: plainAnswers('text/plain', 'A C2SP verifier key.') })
const tile = createRoute({
  ...common, path: '/log/tile/{path}', summary: 'A tile, or a bundle of entries', request: { params: z.strictObject({ path: tileParameter }) },
  responses: plainAnswers('application/octet-stream', 'Hashes end to end, or entries behind their lengths.'),
})
const inclusion = createRoute({
  ...common, path: '/log/proof/inclusion', summary: 'That an entry stands below a root (RFC 6962)', request: { query: z.strictObject({ index: wholeNumber, size: z.exactOptional(wholeNumber) }) },
  responses: answers(proofSchema, 'The proof, base64, from the leaf to the root.'),
})
const consistency = createRoute({
  ...common, path: '/log/proof/consistency', summary: 'That one tree extends another (RFC 6962)', request: { query: z.strictObject({ from: wholeNumber, to: z.exactOptional(wholeNumber) }) },
  responses: answers(proofSchema, 'The proof, base64.'),
})

export const logRoutes: readonly RouteConfig[] = [checkpoint, cosigned, vkey, tile, inclusion, consistency]

/** Full tiles never change; what stands at the right edge, and the checkpoint, do within seconds. */
const lasting = { immutable: 'public, max-age=31536000, immutable', brief: 'public, max-age=5' } as const

export interface LogRoutesOptions {
  readonly log: LogReader & { readonly snapshot: <T>(read: (reader: LogReader) => Promise<T>) => Promise<T> }
  /** C2SP verifier key. */
  readonly key: string
}

export function addLog(app: App, { log, key }: LogRoutesOptions): void {
  app.openapi(checkpoint, () => log.snapshot(async (reader) => {
    const head = await reader.head()
    return note(withLines(head.checkpoint, await reader.cosignatures(head.size)))
  }))
  app.openapi(cosigned, async () => {
    const newest = await log.snapshot((reader) => reader.latestCosigned())
    return newest === undefined ? unknown('no witness has signed a checkpoint of this log') : note(withLines(newest.checkpoint, newest.lines))
  })
  app.openapi(vkey, () => new Response(`${key}\n`, { headers: { 'content-type': text, 'cache-control': lasting.brief } }))
  app.get('/log/tile/*', (c) => serveTile(c, log))
  app.openapi(inclusion, (c) => {
    const { index, size } = c.req.valid('query')
    return prove(log, size, (tree, wanted) => tree.inclusionProof(index, wanted))
  })
  app.openapi(consistency, (c) => {
    const { from, to } = c.req.valid('query')
    return prove(log, to, (tree, wanted) => tree.consistencyProof(from, wanted))
  })
}

async function serveTile(c: Context<Env>, log: LogReader): Promise<Response> {
  const path = c.req.path.slice('/log/'.length)
  const parsed = parseTilePath(path)
  if (!parsed.ok) return refusal([serverProblem('RESOURCE_UNKNOWN', parsed.problem.message, parsed.problem.hint)])
  const bytes = await log.readTile(path)
  if (bytes === undefined) return unknown(`the log does not reach \`${path}\``)
  return new Response(new Uint8Array(bytes), {
    // A partial tile of a width never changes either, but it may be asked for before it is there: https://c2sp.org/tlog-tiles, "Partial Tiles".
    headers: { 'content-type': 'application/octet-stream', 'cache-control': parsed.value.width === TILE_WIDTH ? lasting.immutable : 'public, max-age=3600' },
  })
}

type Tree = Extract<Awaited<ReturnType<typeof openTree>>, { ok: true }>['value']

async function prove(log: LogRoutesOptions['log'], size: number | undefined, plan: (tree: Tree, size: number) => Promise<Answer<readonly Uint8Array[]>>): Promise<Response> {
  return log.snapshot(async (reader) => {
    const head = await reader.head()
    const wanted = size ?? head.size
    if (wanted > head.size) return unknown(`the log has ${head.size} entries, and ${wanted} are asked about`)
    const tree = await openTree(sha256, reader, head)
    const proof = tree.ok ? await plan(tree.value, wanted) : tree
    if (!proof.ok) return refusal([proof.problem])
    const { root, checkpoint: signed } = head
    return Response.json({ size: wanted, root: encodeBase64(root), checkpoint: Buffer.from(signed).toString('utf8'), proof: proof.value.map(encodeBase64) },
      { headers: { 'cache-control': lasting.brief } })
  })
}

/** The note with the witnesses' lines beneath its own. */
function withLines(signed: Uint8Array, lines: readonly CosignatureLine[]): Uint8Array {
  const parsed = parseNote(signed)
  const added = parseSignatureLines(lines.map(({ line }) => `${line}\n`).join(''))
  if (!parsed.ok || lines.length === 0 || !added.ok) return signed
  const whole = formatNote({ text: parsed.value.text, signatures: [...parsed.value.signatures, ...added.value] })
  return whole.ok ? whole.value : signed
}

const note = (bytes: Uint8Array): Response => new Response(new Uint8Array(bytes), { headers: { 'content-type': text, 'cache-control': lasting.brief } })

const unknown = (message: string): Response => refusal([serverProblem('RESOURCE_UNKNOWN', message)])
