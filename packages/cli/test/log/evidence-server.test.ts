/** Exports that grow, and evidence from a server that runs: nothing of what it says is believed. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { by } from '../../../server/test/main/support.ts'
import { day, optOut, start } from '../../../server/test/use/support.ts'
import { exeat } from './command.ts'
import { type Acted, begin, evidence, exported } from './evidence-world.ts'

let acted: Acted
beforeAll(async () => { acted = await begin() }, 60_000)
afterAll(async () => {
  await acted.at.close()
  rmSync(acted.folder, { recursive: true, force: true })
})

const socket = (): string => `unix:${acted.at.server?.socket ?? ''}`
const kept = (kind: string): readonly string[] => readdirSync(join(acted.folder, 'export', kind), { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name)).sort()

describe('evidence from a server', () => {
  test('at its socket: all of it, and one entry', async () => {
    const all = await evidence(acted, '--all', '--from', socket())
    expect([all.exit, all.stdout]).toEqual([0, expect.stringMatching(/^HOLDS[^]*user-signed +8 verified\n/)])
    const one = await evidence(acted, String(acted.entries.get('federated/approve')), '--from', socket())
    expect([one.exit, one.stdout]).toEqual([0, expect.stringMatching(/idp-signed, oidc[^]*provider +http[^]*acr urn:acme:phr/)])
  })
  test('over the network, as an enforcement point that may read', async () => {
    const { host, port } = acted.at.server?.address ?? { host: '', port: 0 }
    const one = await exeat({ cwd: acted.folder, env: { EXEAT_TOKEN: acted.at.founded.pointToken } }, 'log', 'evidence', String(acted.entries.get('tapped/approve')), '--from', `http://${host}:${port}`, '--key', acted.key)
    expect([one.exit, one.stdout]).toEqual([0, expect.stringContaining('user-signed, webauthn')])
  })
  test('many bodies at once are for the server\'s own machine', async () => {
    expect((await acted.at.ask('/v1/entries?from=0&limit=256')).json()).toMatchObject({ items: expect.any(Array) })
    expect((await acted.at.ask('/v1/entries?from=1000000')).json()).toEqual({ items: [] })
    const refused = await acted.at.ask('/v1/entries', { over: 'network' })
    expect([refused.status, refused.json()['code']]).toEqual([403, 'CALLER_REFUSED'])
    for (const query of ['from=-1', 'limit=0', 'limit=257', 'limit=x', 'more=1', 'from=1e400']) expect((await acted.at.ask(`/v1/entries?${query}`)).status, query).toBe(400)
  })
  test('bodies are exported from the socket alone', async () => {
    const { exit, stderr } = await exeat({ cwd: acted.folder }, 'log', 'export', 'other', '--log', 'https://exeat.example/log', '--key', acted.key, '--bodies')
    expect([exit, stderr]).toEqual([64, expect.stringContaining('is no socket')])
  })
})

describe('an export with bodies', () => {
  test('is taken up where it stopped, mends what was damaged, and asks for nothing else', async () => {
    expect((await exported(acted, '--bodies')).exit).toBe(0)
    const [first = '', second = '', third = ''] = kept('bodies')
    rmSync(first)
    truncateSync(second, 10)
    const [document = ''] = kept('documents')
    writeFileSync(document, '{}')
    writeFileSync(join(acted.folder, 'export', `.part-${process.pid}`), 'half of something')
    const before = statSync(third).mtimeMs
    expect((await exported(acted, '--bodies')).stdout).toContain('3 files written')
    expect(statSync(third).mtimeMs).toBe(before)
    expect((await evidence(acted, '--all', '--from', 'export')).exit).toBe(0)
  })
  test('loses what was erased since', async () => {
    const from = acted.at.clock.now - start
    const reply = await acted.ann.ask('POST', '/v1/opt-outs', { document: optOut('later', { from, until: from + day }) })
    const { uid } = reply.json()['optOut'] as { uid: string }
    expect((await exported(acted, '--bodies')).exit).toBe(0)
    const [bodies, documents] = [kept('bodies').length, kept('documents').length]
    expect((await acted.ben.ask('POST', '/v1/opt-outs/later/rejection', { reason: 'no' })).status).toBe(200)
    expect((await acted.at.ask('/v1/erasures', { method: 'POST', body: { uid, reason: 'asked to' }, headers: { ...by('keeper'), 'idempotency-key': 'erase-later' } })).status).toBe(200)
    const ran = await exported(acted, '--bodies')
    expect(ran.stdout).toContain('erased: 6, 2 files of an earlier export removed')
    // What was told of the request and of its document went; the erasure's own body came.
    expect([kept('bodies').length, kept('documents').length]).toEqual([bodies, documents - 1])
    const all = await evidence(acted, '--all', '--from', 'export')
    expect([all.exit, all.stdout]).toEqual([0, expect.stringContaining('6 erased; 0 missing')])
  })
  test('goes into no folder that it did not make, and through no link', async () => {
    mkdirSync(join(acted.folder, 'mine'))
    writeFileSync(join(acted.folder, 'mine', 'letter.txt'), 'dear')
    const refused = async (folder: string) => exeat({ cwd: acted.folder }, 'log', 'export', folder, '--log', socket(), '--key', acted.key, '--bodies')
    expect((await refused('mine')).stderr).toContain('EXPORT_TARGET')
    mkdirSync(join(acted.folder, 'elsewhere'))
    expect((await exeat({ cwd: acted.folder }, 'log', 'export', 'linked', '--log', socket(), '--key', acted.key)).exit).toBe(0)
    symlinkSync(join(acted.folder, 'elsewhere'), join(acted.folder, 'linked', 'bodies'))
    expect((await refused('linked')).stderr).toContain('EXPORT_TARGET')
    expect(readdirSync(join(acted.folder, 'elsewhere'))).toEqual([])
    expect(existsSync(join(acted.folder, 'mine', 'bodies'))).toBe(false)
  })
  test('of the public tree alone says nothing of anybody, and is no evidence', async () => {
    const ran = await evidence(acted, '--all', '--from', 'linked')
    expect([ran.exit, ran.stdout]).toEqual([1, expect.stringMatching(/^NOT WHOLE[^]*AUDIT_MISSING/)])
  })
  test('of the public tree alone does not say to whom the founders delegate', async () => {
    const ran = await evidence(acted, '--all', '--from', 'linked', '--clone', acted.at.repository.dir, '--ref', 'main')
    expect([ran.exit, ran.stderr]).toEqual([1, expect.stringContaining('error[EVIDENCE_FROM]')])
  })
  test('of another log is told by its key', async () => {
    const ran = await evidence(acted, '--all', '--from', 'export', '--clone', acted.at.repository.dir, '--ref', 'main', '--key', acted.key.replace('log.acme.example', 'log.other.example'))
    expect(ran.exit).toBe(64)
  })
})
