/** What an auditor checks from files alone: everything that people signed, after the server, its database and its keys are gone. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Acted, begin, evidence, exported, forget } from './evidence-world.ts'
import type { Ran } from './command.ts'
import { vkey } from './support.ts'

interface Told {
  readonly exit: number
  readonly outcome: string
  readonly founders: { readonly keys: readonly string[]; readonly pinned: boolean }
  readonly content: { readonly held: number; readonly erased: number; readonly missing: number }
  readonly acts: readonly { readonly index: number; readonly type: string; readonly state: string; readonly name?: string; readonly by?: { readonly sub: string }; readonly code?: string; readonly because?: string; readonly evidence?: Readonly<Record<string, unknown>> }[]
  readonly totals: readonly Readonly<Record<string, unknown>>[]
  readonly faults: readonly { readonly code: string; readonly kind: string; readonly index?: number }[]
}

let acted: Acted
let exports: readonly Ran[] = []
beforeAll(async () => {
  acted = await begin()
  exports = [await exported(acted), await exported(acted, '--bodies'), await exported(acted, '--bodies')]
  await forget(acted)
}, 120_000)
afterAll(async () => {
  await acted.at.close()
  rmSync(acted.folder, { recursive: true, force: true })
})

const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
const validate = ajv.compile(JSON.parse(readFileSync(fileURLToPath(new URL('../../../../schemas/output/log-evidence.v1.json', import.meta.url)), 'utf8')) as object)

const indexOf = (name: string): number => acted.entries.get(name) ?? Number.NaN
function json(ran: Ran): Told {
  const told = JSON.parse(ran.stdout) as Told
  validate(told)
  expect(validate.errors).toBeNull()
  return told
}
const all = async (from = 'export', ...more: readonly string[]): Promise<Told> => json(await evidence(acted, '--all', '--from', from, '--format', 'json', ...more))
const files = (folder: string): readonly string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name).slice(folder.length + 1)).sort()

let copies = 0
/** A copy of the export that something was done to. */
function changed(change: (folder: string) => void): string {
  const name = `copy-${copies += 1}`
  const folder = join(acted.folder, name)
  cpSync(join(acted.folder, 'export'), folder, { recursive: true })
  change(folder)
  return name
}

/** Still base64, which not every bit that is flipped leaves it. */
function otherLetter(path: string, at: number): void {
  const bytes = readFileSync(path)
  const place = bytes.length + at
  bytes[place] = bytes[place] === 0x41 ? 0x42 : 0x41
  writeFileSync(path, bytes)
}

function flip(path: string, at: number, bit = 1): void {
  const bytes = readFileSync(path)
  const place = at < 0 ? bytes.length + at : at
  bytes[place] = (bytes[place] ?? 0) ^ bit
  writeFileSync(path, bytes)
}

/** File of the body of the entry at an index. */
function bodyAt(index: number): string {
  const [entries = ''] = files(join(acted.folder, 'export')).filter((file) => file.startsWith('tile/entries/'))
  const digest = [...readFileSync(join(acted.folder, 'export', entries)).toString('latin1').matchAll(/"body":"([0-9a-f]{64})"/g)][index]?.[1] ?? ''
  return `bodies/${digest.slice(0, 2)}/${digest}`
}

const bodyOf = (act: string): string => bodyAt(indexOf(act))

describe('an export with bodies', () => {
  test('says what it holds, asks for nothing twice, and is for its owner alone', () => {
    expect(exports.map(({ exit, stderr }) => [exit, stderr])).toEqual([[0, ''], [0, ''], [0, '']])
    expect(exports[0]?.stdout).toContain('the public tree alone')
    expect(exports[1]?.stdout).toMatch(/bodies: 32, documents: 8, 40 files written; erased: 3\n/)
    expect(exports[2]?.stdout).toMatch(/nothing new.*\nbodies: 32, documents: 8, 0 files written; erased: 3\n/)
    const folder = join(acted.folder, 'export')
    for (const file of files(folder).filter((each) => /^(?:bodies|documents)\//.test(each))) expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600)
    expect(statSync(join(folder, 'bodies')).mode & 0o777).toBe(0o700)
  })
  test('takes bodies from the socket of the server\'s own machine alone', async () => {
    const { exit, stderr } = await evidence(acted, '--all', '--from', 'nowhere')
    expect([exit, stderr]).toEqual([64, expect.stringContaining('is no folder')])
  })
})

describe('all acts, from files alone', () => {
  test('hold, each with its strength; what nobody signed is told as such, and what was erased as erased', async () => {
    const told = await all()
    expect([told.exit, told.outcome, told.faults]).toEqual([0, 'holds', []])
    expect(told.content).toEqual({ held: 40, erased: 3, missing: 0 })
    const act = (name: string) => told.acts.find(({ index }) => index === indexOf(name))
    for (const name of ['tapped/approve', 'tapped/activate', 'fire/emergency', 'fire/review']) expect(act(name), name).toMatchObject({ state: 'verified', evidence: { strength: 'user-signed', kind: 'webauthn', userVerified: true } })
    for (const name of ['federated/approve', 'federated/activate']) expect(act(name), name).toMatchObject({ state: 'verified', evidence: { strength: 'idp-signed', kind: 'oidc', acr: 'urn:acme:phr' } })
    expect(act('coded/approve')).toMatchObject({ state: 'asserted', evidence: { strength: 'server-asserted', kind: 'totp' }, because: 'the server says that the code was typed' })
    expect(act('tapped/revoke')).toMatchObject({ state: 'asserted', evidence: { strength: 'none' } })
    for (const name of ['gone/request', 'gone/reject']) expect(act(name)).toMatchObject({ state: 'unchecked', because: 'erased' })
    expect(told.totals).toContainEqual({ strength: 'user-signed', verified: 8, asserted: 0, unchecked: 0, wrong: 0 })
  })
  test('hold under founders that a clone pins, without any key being named', async () => {
    const told = await all('export', '--clone', acted.at.repository.dir, '--ref', 'main')
    expect([told.exit, told.founders.pinned, told.founders.keys.length]).toEqual([0, true, 2])
  })
  test('one of them, by its index and by its id, with everything that shows who it was', async () => {
    const one = json(await evidence(acted, String(indexOf('tapped/approve')), '--from', 'export', '--format', 'json'))
    expect(one.acts).toMatchObject([{ name: 'tapped', by: { sub: 'ben' }, state: 'verified', evidence: { relyingParty: 'exeat.acme.example', origin: 'https://exeat.acme.example', key: { label: 'laptop', attested: false } } }])
    const { entry } = one as Told & { readonly entry: { readonly id: string } }
    const { exit, stdout } = await evidence(acted, entry.id, '--from', 'export')
    expect([exit, stdout]).toEqual([0, expect.stringMatching(/act +ben \(exeat:local\) approved `tapped`[^]*verdict +verified[^]*strength +user-signed, webauthn[^]*owner +verified by the key; counter \d[^]*compare +\S{5}-/)])
  })
  test('an entry that nobody signs, one that was erased, and one that is none', async () => {
    expect((await evidence(acted, '0', '--from', 'export')).stdout).toContain('no person signs such an entry')
    const gone = await evidence(acted, String(indexOf('gone/reject')), '--from', 'export')
    expect([gone.exit, gone.stdout]).toEqual([0, expect.stringContaining('unchecked (erased)')])
    expect((await evidence(acted, '4000', '--from', 'export')).stderr).toContain('ENTRY_UNKNOWN')
  })
  test.each([[[]], [['1', '--all']], [['one']], [['-1']]])('wrong words on the line: %j', async (words) => {
    expect((await evidence(acted, ...words, '--from', 'export')).exit).toBe(64)
  })
})

describe('what was done to an export is found out', () => {
  const cases: readonly (readonly [string, number, string | undefined, (folder: string) => void])[] = [
    ['a byte of a body', 2, 'ENTRY_NOT_COVERED', (folder) => { flip(join(folder, bodyOf('tapped/approve')), 200) }],
    ['a byte of a salt', 2, 'ENTRY_NOT_COVERED', (folder) => { flip(join(folder, bodyOf('tapped/approve')), 0) }],
    ['a body cut short', 2, 'ENTRY_NOT_COVERED', (folder) => { truncateSync(join(folder, bodyOf('tapped/approve')), 100) }],
    ['a body of 2 GiB', 2, 'ENTRY_NOT_COVERED', (folder) => { truncateSync(join(folder, bodyOf('tapped/approve')), 2 ** 31) }],
    ['the bodies of two approvals exchanged', 2, 'ENTRY_NOT_COVERED', (folder) => {
      const [one, other] = [join(folder, bodyOf('tapped/approve')), join(folder, bodyOf('federated/approve'))]
      renameSync(one, `${one}.kept`)
      renameSync(other, one)
      renameSync(`${one}.kept`, other)
    }],
    ['an approval\'s body removed', 1, 'AUDIT_MISSING', (folder) => { rmSync(join(folder, bodyOf('tapped/approve'))) }],
    ['the body of a key\'s entry removed', 1, 'AUDIT_MISSING', (folder) => { rmSync(join(folder, bodyAt(6))) }],
    ['all bodies removed', 1, 'AUDIT_MISSING', (folder) => { rmSync(join(folder, 'bodies'), { recursive: true }) }],
    ['a link in a body\'s place', 1, 'AUDIT_MISSING', (folder) => {
      const path = join(folder, bodyOf('tapped/approve'))
      renameSync(path, `${path}.kept`)
      symlinkSync(`${path}.kept`, path)
    }],
    ['a document removed', 1, 'AUDIT_MISSING', (folder) => { rmSync(join(folder, 'documents/OptOut'), { recursive: true }) }],
    ['a byte of a document', 2, 'OPTOUT_DIGEST', (folder) => { for (const file of files(join(folder, 'documents/OptOut'))) flip(join(folder, 'documents/OptOut', file), 60) }],
    ['white space in a document', 2, 'OPTOUT_DIGEST', (folder) => { for (const file of files(join(folder, 'documents/Workspace'))) writeFileSync(join(folder, 'documents/Workspace', file), `${readFileSync(join(folder, 'documents/Workspace', file), 'utf8')} `) }],
    ['a byte of a tile', 2, undefined, (folder) => { flip(join(folder, files(folder).find((file) => file.startsWith('tile/0/')) ?? ''), 40) }],
    ['a byte of an entry', 2, undefined, (folder) => { flip(join(folder, files(folder).find((file) => file.startsWith('tile/entries/')) ?? ''), 40) }],
    ['the entries cut short', 2, undefined, (folder) => { truncateSync(join(folder, files(folder).find((file) => file.startsWith('tile/entries/')) ?? ''), 500) }],
    ['the entries removed', 2, undefined, (folder) => { rmSync(join(folder, 'tile/entries'), { recursive: true }) }],
    ['a byte of the checkpoint', 2, undefined, (folder) => { otherLetter(join(folder, 'checkpoint'), -10) }],
    ['another key in the folder', 2, 'EXPORT_KEY', (folder) => { writeFileSync(join(folder, 'vkey'), `${vkey()}\n`) }],
  ]
  test.each(cases)('%s', async (_, exit, code, change) => {
    const ran = await evidence(acted, '--all', '--from', changed(change), '--format', 'json')
    expect(ran.exit).toBe(exit)
    if (code !== undefined) expect(json(ran).faults.map((fault) => fault.code)).toContain(code)
    expect(ran.stdout).not.toContain('"outcome":"holds"')
  })
  test('a key of another log is not honoured, nor are founders of another workspace', async () => {
    const ran = await evidence(acted, '--all', '--from', 'export', '--key', vkey())
    expect([ran.exit, ran.stdout]).toEqual([2, expect.stringContaining('WRONG')])
  })
  test('a byte anywhere: it never verifies as whole', async () => {
    const paths = files(join(acted.folder, 'export'))
    await fc.assert(fc.asyncProperty(fc.constantFrom(...paths), fc.nat(), fc.integer({ min: 0, max: 7 }), async (file, place, bit) => {
      const copy = changed((folder) => { flip(join(folder, file), place % statSync(join(folder, file)).size, 1 << bit) })
      // 3: a checkpoint that is no signed note.
      const { exit } = await evidence(acted, '--all', '--from', copy)
      rmSync(join(acted.folder, copy), { recursive: true })
      expect([1, 2, 3]).toContain(exit)
    }), { numRuns: 60, examples: paths.map((file) => [file, 7, 0] as [string, number, number]).slice(0, 8) })
  }, 120_000)
})
