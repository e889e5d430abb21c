/** What an opt-out declares raises no alarm: only where it was in force, and only where its scope holds all of what was reported. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { by, pinnedWorkspace } from '../main/support.ts'
import { fileOf, hour, optOut, policy } from '../use/support.ts'
import { branchProtection, dismissed, receivingSite, type ReceivingSite, reopened } from './support.ts'

let at: ReceivingSite
let sink: Server
let heard: Record<string, unknown>[]

beforeEach(async () => {
  heard = []
  sink = createServer((request, reply) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => { pieces.push(piece) })
    request.on('end', () => {
      heard.push(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Record<string, unknown>)
      reply.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => { sink.listen(0, '127.0.0.1', resolve) })
  at = await receivingSite()
  // Without a protected environment, so that acts at the socket do.
  const workspace = pinnedWorkspace(at.founded).replace(/ {4}- \{ name: production.*\n/, '')
  at.repository.commit({
    '.exeat/workspace.yaml': `${workspace}  alerts: [{ name: oncall, url: "http://127.0.0.1:${(sink.address() as AddressInfo).port}/hook" }]\n`,
    '.exeat/policies/production.yaml': '',
    '.exeat/policies/trivy.yaml': policy().replace('["trivy/*"]', '["trivy/*", "github-branch-protection/*"]'),
  })
  at.configure((config) => ({ ...config, alarms: { allow: ['127.0.0.1/32'] } }))
  await at.start()
  await at.ask('/v1/synchronise', { method: 'POST', body: {} })
})
afterEach(async () => {
  await at.close()
  sink.closeAllConnections()
  sink.close()
})

const act = async (path: string, body: unknown, actor: string): Promise<Record<string, unknown>> => {
  const reply = await at.ask(path, { method: 'POST', body, headers: by(actor) })
  if (reply.status > 201) throw new Error(`${path}: ${reply.text}`)
  return reply.json()
}

async function activated(name: string, more: Parameters<typeof optOut>[1] = {}): Promise<void> {
  const document = optOut(name, more)
  at.repository.commit({ [fileOf(name)]: JSON.stringify(document) })
  const { optOut: { binding } } = await act('/v1/opt-outs', { document }, 'alice') as { optOut: { binding: unknown } }
  await act(`/v1/opt-outs/${name}/approvals`, { signed: binding }, 'bob')
  await act(`/v1/opt-outs/${name}/activation`, { signed: binding }, 'dave')
}

const patient = { timeout: 20_000, interval: 50 }

/** Of any environment: what happens at a forge is in all of them. */
const anywhere = (name: string, targets: object = {}, controls = ['trivy/CVE-2021-44228']): Promise<void> => activated(name, { controls, more: { targets: { repositories: ['acme/payments'], ...targets } } })
const states = async (payload: unknown, event?: string) => (await at.taken(payload, event === undefined ? {} : { event })).items.map(({ state }) => state)

test('what an opt-out in force declares is entered as declared, and nobody is told', { timeout: 60_000 }, async () => {
  await anywhere('log4j')
  expect(await states(dismissed({ at: at.clock.now }))).toEqual(['covered'])
  expect(await states(dismissed({ at: at.clock.now }))).toEqual(['known'])
  expect(await at.shadows()).toMatchObject([{ state: 'covered', optOut: { name: 'log4j' } }])
  expect(await states(dismissed({ at: at.clock.now, number: 2, rule: 'CVE-2024-1' }))).toEqual(['detected'])
  await expect.poll(() => heard.length, patient).toBe(1)
  expect(heard[0]).toMatchObject({ data: { control: 'trivy/CVE-2024-1' } })
  at.clock.now += 60_000
  expect(await states(reopened({ at: at.clock.now }))).toEqual(['resolved'])
})

test.each<[string, object, Parameters<typeof dismissed>[0]]>([
  ['another path', { paths: ['services/**'] }, { at: 0 }], ['a resource that GitHub does not name', { resources: ['pkg:maven/a/b@1'] }, { at: 0 }], ['another repository', {}, { at: 0, repository: 1002 }], ['another rule', {}, { at: 0, rule: 'CVE-2021-45046' }], ['another tool', {}, { at: 0, tool: 'Grype' }], ['a tool that nobody knows', {}, { at: 0, tool: 'trivy/CVE-2021-44228' }],
])('an opt-out does not declare %s', async (_, targets, parts) => {
  await anywhere('log4j', targets)
  expect(await states(dismissed({ ...parts, at: at.clock.now }))).toEqual(['detected'])
})

test('an opt-out declares what lies in its paths', async () => {
  await anywhere('log4j', { paths: ['services/**'] })
  expect(await states(dismissed({ at: at.clock.now, path: 'services/ledger/pom.xml' }))).toEqual(['covered'])
  expect(await states(dismissed({ at: at.clock.now, number: 2, path: '../services/pom.xml' }))).toEqual(['detected'])
})

test('an opt-out declares nothing from before its activation, nor from its end on', async () => {
  const before = at.clock.now - 60_000
  await anywhere('log4j')
  expect(await states(dismissed({ at: before }))).toEqual(['detected'])
  expect(await states(dismissed({ at: at.clock.now, number: 2 }))).toEqual(['covered'])
  await act('/v1/opt-outs/log4j/revocation', { reason: 'over' }, 'bob')
  at.clock.now += 1_000
  expect(await states(dismissed({ at: at.clock.now, number: 3 }))).toEqual(['detected'])
  // What it declared is told of once it is reported again.
  expect(await states(dismissed({ at: at.clock.now, number: 2 }))).toEqual(['detected'])
  expect(await at.shadows('?state=open')).toHaveLength(3)
})

test('what an opt-out declared is told of once that is over, unless another declares it then', { timeout: 60_000 }, async () => {
  await anywhere('log4j')
  await anywhere('spring', {}, ['trivy/CVE-2022-22965'])
  expect(await states(dismissed({ at: at.clock.now }))).toEqual(['covered'])
  expect(await states(dismissed({ at: at.clock.now, number: 2, rule: 'CVE-2022-22965' }))).toEqual(['covered'])
  await anywhere('spring-again', {}, ['trivy/CVE-2022-22965'])
  for (const name of ['log4j', 'spring']) await act(`/v1/opt-outs/${name}/revocation`, { reason: 'over' }, 'bob')
  // The server looks when it starts.
  await at.stop()
  at.clock.now += 1_000
  await at.start()
  await expect.poll(async () => (await at.shadows()).map(({ state, optOut: by, control }) => [state, by?.name, control]), patient).toEqual([
    ['resolved', 'log4j', 'trivy/CVE-2021-44228'], ['resolved', 'spring', 'trivy/CVE-2022-22965'], ['open', undefined, 'trivy/CVE-2021-44228'], ['covered', 'spring-again', 'trivy/CVE-2022-22965'],
  ])
  await expect.poll(() => heard.length, patient).toBe(1)
})

test('one rule does not declare that all rules are off', async () => {
  const event = 'branch_protection_configuration'
  await anywhere('main', {}, ['github-branch-protection/main'])
  expect(await states(branchProtection('disabled'), event)).toEqual(['detected'])
  await states(branchProtection('enabled'), event)
})

test('an opt-out for one environment does not declare what was dismissed in all of them', async () => {
  await activated('log4j', { controls: ['trivy/CVE-2021-44228'] })
  expect((await at.taken(dismissed({ at: at.clock.now }))).items).toMatchObject([{ state: 'detected' }])
})

test('the sinks of the workspace hear of the first at once, and of all that follow within a minute together', { timeout: 60_000 }, async () => {
  await at.taken(dismissed({ at: at.clock.now, number: 1 }))
  await expect.poll(() => heard.length, patient).toBe(1)
  expect(heard[0]).toMatchObject({ type: 'dev.exeat.shadow.detected.v1', data: { what: 'code-scanning.dismissed', control: 'trivy/CVE-2021-44228' } })
  await Promise.all(Array.from({ length: 100 }, (_, index) => at.taken(dismissed({ at: at.clock.now, number: 2 + index }))))
  await at.taken(reopened({ at: at.clock.now, number: 1 }))
  at.clock.now += 59_999
  await at.taken(branchProtection('disabled'), { event: 'branch_protection_configuration' })
  await at.stop()
  await at.start()
  expect(heard).toHaveLength(1)
  at.clock.now += 1
  await expect.poll(() => heard.length, patient).toBe(2)
  expect(heard[1]).toMatchObject({ type: 'dev.exeat.shadow.detected.v1', data: { others: 100 } })
  // Once is enough: nobody acknowledges it, and nobody is called again.
  at.clock.now += hour
  await at.taken(dismissed({ at: at.clock.now, number: 500 }))
  await expect.poll(() => heard.length, patient).toBe(3)
  expect(heard[2]).not.toHaveProperty('data.others')
})

test('a workspace without alerts has it entered all the same', async () => {
  at.repository.commit({ '.exeat/workspace.yaml': pinnedWorkspace(at.founded) })
  await at.ask('/v1/synchronise', { method: 'POST', body: {} })
  expect((await at.taken(dismissed({ at: at.clock.now }))).items).toMatchObject([{ state: 'detected' }])
})
