/** A real server with active opt-outs, and points that ask it over its real port. */
import { evidenceDeps } from '../../../git/src/crypto/index.ts'
import { readGovernance } from '../../../git/src/index.ts'
import type { Finding, Problem } from '@exeat/core'
import { bundlePins, type BundlePins } from '@exeat/verify'
import { by, type Reply, type Site, site } from '../../../server/test/main/support.ts'
import { fileOf, optOut } from '../../../server/test/use/support.ts'
import { fetchTransport, type HttpRequest, type Transport } from '../../src/index.ts'
import { excusePoint, type Point, type PointOptions } from '../../src/middleware/index.ts'

export const finding = (rule: string, over: Partial<Finding> = {}): Finding => ({ tool: 'trivy', rule, title: 'a flaw', severity: 'high', path: 'pom.xml', ...over })

export interface Kit {
  readonly at: Site
  readonly problems: Problem[]
  readonly asked: HttpRequest[]
  /** Answers in place of the server, while it is set. */
  fault: ((request: HttpRequest) => Promise<never> | undefined) | undefined
  readonly activated: (name: string, parts?: Parameters<typeof optOut>[1]) => Promise<void>
  readonly revoke: (name: string) => Promise<Reply>
  readonly counted: (name: string) => Promise<number>
  readonly point: (over?: Partial<PointOptions>) => Promise<Point>
  readonly pins: () => Promise<BundlePins>
}

export async function kit(): Promise<Kit> {
  const at = await site()
  await at.start()
  const post = (path: string, body: unknown, who: string): Promise<Reply> => at.ask(path, { method: 'POST', body, headers: by(who) })
  const problems: Problem[] = []
  const asked: HttpRequest[] = []
  const made: Kit = {
    at, problems, asked, fault: undefined,
    activated: async (name, parts = {}) => {
      const document = optOut(name, parts)
      const binding = async (): Promise<unknown> => ((await at.ask(`/v1/opt-outs/${name}`)).json() as { binding: unknown }).binding
      await post('/v1/opt-outs', { document }, 'alice')
      await post(`/v1/opt-outs/${name}/approvals`, { signed: await binding() }, 'bob')
      at.repository.commit({ [fileOf(name)]: JSON.stringify(document) })
      const { status, text } = await post(`/v1/opt-outs/${name}/activation`, { signed: await binding() }, 'dave')
      if (status !== 200) throw new Error(text)
    },
    revoke: (name) => post(`/v1/opt-outs/${name}/revocation`, { reason: 'mended' }, 'bob'),
    counted: async (name) => ((await at.ask(`/v1/opt-outs/${name}`)).json()['uses'] as { counted: number }).counted,
    pins: async () => {
      const { workspace } = await readGovernance({ dir: at.repository.dir, sha256: evidenceDeps.sha256, ref: 'main' })
      const pins = bundlePins(workspace.document, evidenceDeps.sha256)
      if (!pins.ok) throw new Error(pins.problem.message)
      return pins.value
    },
    point: async (over = {}) => {
      const address = at.server?.address
      const transport: Transport = async (request) => {
        asked.push(request)
        await made.fault?.(request)
        return fetchTransport(request)
      }
      return excusePoint({
        server: { transport, base: `http://127.0.0.1:${address?.port ?? 0}`, name: 'the server', token: at.founded.pointToken }, pins: await made.pins(), crypto: evidenceDeps,
        facts: { repository: { value: { name: 'acme/payments', id: '1001' }, provenance: 'asserted', from: 'configuration' }, environment: { value: 'test', provenance: 'asserted', from: 'configuration' } },
        now: () => at.clock.now, report: (problem) => { problems.push(problem) }, ...over,
      })
    },
  }
  return made
}

/** Nobody answers. */
export const away = async (): Promise<never> => { throw new Error('nobody listens') }
