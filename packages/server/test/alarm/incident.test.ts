/** The incident behind an emergency, asked about at a system on this machine. */
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { addressGuard } from '../../src/alarm/address.ts'
import { incidentsOf } from '../../src/alarm/incidents.ts'
import { connector } from '../../src/alarm/post.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { createUseCases } from '../../src/use/index.ts'
import { peopleWorkspace } from '../identity/people.ts'
import { sqlite } from '../sqlite-kind.ts'
import { agree, codesOf, eventsOf, newKey } from '../use/support.ts'
import { type AlarmWorld, fire, worlds } from './world.ts'

const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
let made = 0
const world = worlds({ ...sqlite, rows: async () => must(openSqliteIdentity(join(folder, `${made += 1}.sqlite`))) })

let system: Server
let asked: { readonly url: string; readonly authorization: string | undefined }[]
let answer: RequestListener
let at: AlarmWorld
const saying = (body: unknown, status = 200): RequestListener => (_, reply) => { reply.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body)) }

beforeEach(async () => {
  asked = []
  answer = saying({ incident: { status: 'triggered' } })
  system = createServer((request, reply) => {
    asked.push({ url: request.url ?? '', authorization: request.headers.authorization })
    answer(request, reply)
  })
  await new Promise<void>((resolve) => { system.listen(0, '127.0.0.1', resolve) })
  const { port } = system.address() as AddressInfo
  at = await world({ '.exeat/workspace.yaml': `${peopleWorkspace()}  incidents: { url: "http://127.0.0.1:${port}/api/{ticket}?full=1", field: incident.status, open: [triggered, acknowledged] }\n` })
  withSystem()
})
afterEach(() => {
  system.closeAllConnections()
  system.close()
})

function withSystem(patience = 5_000): void {
  const connect = connector({ guard: addressGuard(['127.0.0.1/32']), patience })
  at.useCases = createUseCases({ ...at.dependencies, incidents: incidentsOf({ connect, secret: () => 'Bearer hidden', now: () => at.clock.now }) })
}

async function declare(ticket: string | undefined, name = 'fire') {
  const document = fire(at, name) as { readonly spec: Record<string, unknown> }
  const asking = { document: { ...document, spec: { ...document.spec, ...(ticket === undefined ? {} : { ticket }) } }, team: 'sre' }
  return at.useCases.emergency(await at.tapping('ann', { purpose: 'emergency', asked: asking }), asking, newKey())
}

const entered = async () => (await eventsOf(at.log)).filter(({ type }) => type === 'dev.exeat.emergency.activated.v1')

test('attack-22: an emergency rests on an incident that its system calls open, and the entry says what was answered', async () => {
  expect((await declare('INC 47/11')).optOut.phase).toBe('active')
  expect(asked.at(-1)).toEqual({ url: '/api/INC%2047%2F11?full=1', authorization: 'Bearer hidden' })
  const body = JSON.stringify({ incident: { status: 'triggered' } })
  expect((await entered())[0]?.data).toMatchObject({ incident: { ticket: 'INC 47/11', state: 'triggered', at: at.clock.now, answer: createHash('sha256').update(body).digest('hex') } })
  const [message] = await at.deliver()
  expect(Buffer.from(message?.body ?? []).toString('utf8')).not.toContain('hidden')
  await agree(at.log)
})

describe('attack-22: nothing is granted', () => {
  test.each<readonly [string, RequestListener, string]>([
    ['where the incident is resolved', saying({ incident: { status: 'resolved' } }), 'INCIDENT_NOT_OPEN'],
    ['where the state is spelled otherwise', saying({ incident: { status: 'Triggered' } }), 'INCIDENT_NOT_OPEN'],
    ['where there is none of that number', saying('no', 404), 'INCIDENT_NOT_OPEN'],
    ['where the system fails', saying({ incident: { status: 'triggered' } }, 500), 'INCIDENT_UNASKED'],
    ['where it wants a login', saying({ incident: { status: 'triggered' } }, 401), 'INCIDENT_UNASKED'],
    ['where it leads elsewhere', (_, reply) => { reply.writeHead(302, { location: 'http://169.254.169.254/' }).end() }, 'INCIDENT_UNASKED'],
    ['where the state is missing', saying({ incident: {} }), 'INCIDENT_UNASKED'],
    ['where the state is no text', saying({ incident: { status: ['triggered'] } }), 'INCIDENT_UNASKED'],
    ['where the state stands in a prototype', saying('{"__proto__": {"incident": {"status": "triggered"}}}'), 'INCIDENT_UNASKED'],
    ['where it says two things', saying('{"incident": {"status": "resolved"}, "incident": {"status": "triggered"}}'), 'INCIDENT_UNASKED'],
    ['where the answer is no JSON', saying('<html>triggered</html>'), 'INCIDENT_UNASKED'],
    ['where the answer is nothing', saying(''), 'INCIDENT_UNASKED'],
    ['where the answer is half of one', (_, reply) => { reply.writeHead(200, { 'content-length': '100' }); reply.write('{"incident": {"status": "triggered"}}'); reply.destroy() }, 'INCIDENT_UNASKED'],
    ['where the answer is endless', saying(`{"incident": {"status": "triggered"}, "more": "${'x'.repeat(300_000)}"}`), 'INCIDENT_UNASKED'],
    ['where the state holds escapes', saying({ incident: { status: '\u001b[2Jtriggered' } }), 'INCIDENT_UNASKED'],
  ])('%s', async (_, listener, code) => {
    answer = listener
    expect(await codesOf(declare('INC-1'))).toEqual([code])
    expect(await entered()).toEqual([])
  })

  test('where it never answers', async () => {
    withSystem(50)
    answer = () => {}
    expect(await codesOf(declare('INC-1'))).toEqual(['INCIDENT_UNASKED'])
  })

  test('where nobody is there', async () => {
    system.closeAllConnections()
    await new Promise((resolve) => { system.close(resolve) })
    expect(await codesOf(declare('INC-1'))).toEqual(['INCIDENT_UNASKED'])
  })

  test('without a ticket, or with one that would ask something else', async () => {
    expect(await codesOf(declare(undefined))).toEqual(['INCIDENT_MISSING'])
    for (const ticket of ['.', '..']) expect(await codesOf(declare(ticket))).toEqual(['INCIDENT_NOT_OPEN'])
    expect(asked).toEqual([])
  })

  test('where it was resolved between the challenge and the tap', async () => {
    const document = fire(at, 'fire') as { readonly spec: Record<string, unknown> }
    const asking = { document: { ...document, spec: { ...document.spec, ticket: 'INC-1' } }, team: 'sre' }
    const actor = await at.tapping('ann', { purpose: 'emergency', asked: asking })
    answer = saying({ incident: { status: 'resolved' } })
    expect(await codesOf(at.useCases.emergency(actor, asking, newKey()))).toEqual(['INCIDENT_NOT_OPEN'])
  })
})

test('what is no emergency is not asked about', async () => {
  const { optOut } = await import('../use/support.ts')
  await at.useCases.request(at.person('ann'), { document: optOut('plain', { from: at.clock.now - Date.UTC(2026, 10, 22, 10), until: at.clock.now - Date.UTC(2026, 10, 22, 10) + 3_600_000, more: { ticket: 'INC-1' } }) }, newKey())
  expect(asked).toEqual([])
})
