/** A point over a real bundle of a real log, and a webhook behind it over real TLS. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fact, Instant, Json } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { verifyBundle } from '@exeat/verify'
import { admissionPoint, type Point, type PointOptions } from '../../src/admission/index.ts'
import { bytesOf, deps, must, type World, world } from '../bundle/world.ts'

export const environments = [{ name: 'staging', proof: 'asserted' }, { name: 'production', protected: true, proof: 'cluster' }]

export const policyOf = (tool: string, more: { readonly [key: string]: Json } = {}): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: tool },
  spec: {
    controls: [`${tool}/*`], environments: ['staging'], effect: 'permit', request: { groups: ['engineering'] }, approve: [{ groups: ['security'], count: 2 }],
    activate: { groups: ['engineering'] }, revoke: { groups: ['security'] }, mfa: 'none', limits: { duration: '14d', findings: 10 }, requires: { impact: false }, wildcards: true, ...more,
  },
})

export interface AdmissionWorld {
  readonly it: World
  readonly point: Point
  readonly claimed: { uid: string; point: string; subject: string }[]
  /** What fetching a bundle does next, in place of fetching it. */
  fail: Error | undefined
  close: () => Promise<void>
}

export async function admissionWorld(policies: readonly Json[], over: Partial<PointOptions> = {}): Promise<AdmissionWorld> {
  const it = await world({ spec: { environments } })
  it.merge(...policies)
  const claimed: AdmissionWorld['claimed'] = []
  const staging: Fact<string> = { value: 'staging', provenance: 'asserted', from: 'a test' }
  const made: AdmissionWorld = {
    it, claimed, fail: undefined, close: it.close,
    point: admissionPoint({
      workspace: it.governed().governance.workspace.document, now: () => it.clock.now, report: () => undefined, name: 'admission/test',
      repository: { value: { name: 'acme/payments', id: '1001' }, provenance: 'asserted', from: 'a test' }, environment: () => staging,
      fetch: async () => {
        if (made.fail !== undefined) throw made.fail
        const nonce = 'ab'.repeat(16)
        const dsse = await it.bundle({ nonce, protected: 'true' })
        return must(verifyBundle(bytesOf(dsse), it.pins, { now: it.clock.now as Instant, audience: '*', nonce, protectedEnvironment: true }, deps))
      },
      claim: async (uses) => {
        claimed.push(...uses)
        const { results } = await it.use.claimUses(uses as never)
        return results.map(({ uid, outcome }) => ({ uid, state: outcome }) as never)
      },
      ...over,
    }),
  }
  return made
}

export const unreachable = (): ExeatError => new ExeatError([{ code: 'BUNDLE_UNREACHABLE', message: 'the server is away' }])

export interface Pair {
  readonly cert: string
  readonly key: string
}

/** A self-signed pair for loopback, in a folder that the caller removes. */
export function pairIn(folder: string, name: string): Pair {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' })
  return { cert, key }
}

export function folderOfPairs(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-admission-'))
  return { folder, remove: () => { rmSync(folder, { recursive: true, force: true }) } }
}

/** A webhook that answers what it is told to; undefined: never. */
export async function webhook({ cert, key }: Pair, answer: (review: { readonly request: { readonly uid: string } }, body: Buffer) => string | Uint8Array | undefined): Promise<{ readonly url: URL; readonly ca: string; readonly server: Server }> {
  const ca = readFileSync(cert, 'utf8')
  const server = createServer({ cert: ca, key: readFileSync(key, 'utf8') }, (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => { pieces.push(piece) })
    request.on('end', () => {
      const body = Buffer.concat(pieces)
      const said = answer(JSON.parse(body.toString()) as never, body)
      if (said !== undefined) response.writeHead(200, { 'content-type': 'application/json' }).end(said)
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return { url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/validate`), ca, server }
}

export interface Sent {
  readonly status: number
  readonly body: string
}

/** A connection of its own for each, as rotation is seen by new handshakes alone. */
export function send(port: number, path: string, ca: string, body?: string | Uint8Array, headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' }): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest({ host: '127.0.0.1', port, path, ca, agent: false, method: body === undefined ? 'GET' : 'POST', headers: body === undefined ? {} : headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece: string) => { text += piece }).on('end', () => { resolve({ status: answer.statusCode ?? 0, body: text }) })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

export const review = (over: { readonly [key: string]: unknown } = {}): Record<string, unknown> => ({
  uid: '705ab4f5-6393-11e8-b7cc-42010a800002', kind: { group: '', version: 'v1', kind: 'Pod' }, resource: { group: '', version: 'v1', resource: 'pods' },
  name: 'web', namespace: 'team-a', operation: 'CREATE', userInfo: { username: 'alice', groups: ['system:authenticated'] },
  object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'team-a' } }, oldObject: null, dryRun: false, ...over,
})
export const reviewText = (request: Record<string, unknown>): string => JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
