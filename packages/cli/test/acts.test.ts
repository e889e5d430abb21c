import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWith } from '@exeat/testkit'
import { outputJsonSchemas } from '../../core/src/wire/json-schema.ts'
import { dataPaths, defaultDataFolder } from '../../server/src/config/folder.ts'
import { defaultSocket } from '../src/acts/server.ts'
import { builtCommand } from './built.ts'
import { json, logWorld, optOut, type World } from './log-world.ts'
import { plainEnvironment, type Ran } from './session.ts'

const main = builtCommand()
const schemas = fileURLToPath(new URL('../../../schemas/output/', import.meta.url))
const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
addFormats.default(ajv)
for (const name of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object)

/** An output in JSON, held against the committed schema of its kind. */
function checked(ran: Ran, schema: string, exit = 0): Record<string, unknown> {
  expect(ran.exit, ran.stderr).toBe(exit)
  const value = json(ran)
  const validate = ajv.getSchema(`https://exeat.dev/schemas/output/${schema}.v1.json`)
  if (validate === undefined) throw new Error(`no schema ${schema}`)
  expect(validate(value), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  return value
}

let world: World
const act = (...args: readonly string[]): Ran => world.exeat(args)
const merged = (...names: readonly string[]): void => { world.merge(Object.fromEntries(names.map((name) => [`.exeat/opt-outs/${name}.yaml`, optOut(name)]))) }

beforeAll(async () => { world = await logWorld(main) }, 60_000)
afterAll(async () => { await world.remove() })

test('the schemas of what acts print are those that are committed', () => {
  expect(outputJsonSchemas().size).toBe(12)
  for (const [name, schema] of outputJsonSchemas()) expect(JSON.parse(readFileSync(join(schemas, name), 'utf8')), `${name}: run node tools/schemas.ts`).toEqual(schema)
})

test('the socket that acts go to by themselves is the one that a server listens on', () => {
  for (const env of [{ HOME: process.env['HOME'], XDG_DATA_HOME: '/srv/share' }, { HOME: process.env['HOME'] }, { HOME: process.env['HOME'], XDG_DATA_HOME: 'relative' }]) {
    expect(defaultSocket(env)).toBe(dataPaths(defaultDataFolder(env)).socket)
  }
})

describe('outputs for programs', { timeout: 60_000 }, () => {
  test('every act, status and bundle is as its schema says', () => {
    merged('plain')
    const asked = checked(act('request', 'plain', '--actor', 'alice', '--format', 'json'), 'act-result')
    expect(asked).toMatchObject({ act: 'request', evidence: 'operator-asserted', next: 'exeat approve plain --actor NAME', optOut: { phase: 'proposed' } })
    expect(checked(act('status', 'plain', '--format', 'json'), 'opt-out-status', 4)['code']).toBe(asked['code'])
    const approved = checked(act('approve', 'plain', '--actor', 'bob', '--code', String(asked['code']), '--format', 'json'), 'act-result')
    expect(approved).toMatchObject({ act: 'approve', next: 'exeat activate plain --actor NAME' })
    expect(checked(act('activate', 'plain', '--actor', 'carol', '--yes', '--format', 'json'), 'act-result')['next']).toBeUndefined()
    checked(world.gate('--format', 'json'), 'gate-result')
    checked(act('status', '--format', 'json'), 'server-status')
    expect(checked(act('bundle', '-o', join(world.dir, 'x.bundle'), '--protected', '--audience', '1001', '--format', 'json'), 'bundle-result')).toMatchObject({ active: 1, audience: '1001' })
    checked(act('revoke', 'plain', '--actor', 'bob', '--reason', 'done', '--format', 'json'), 'act-result')
    expect(checked(act('list', '--server', '--format', 'json'), 'server-opt-outs')).toMatchObject({ complete: true, optOuts: [{ name: 'plain', phase: 'revoked' }] })
    expect(checked(act('list', '--format', 'json'), 'opt-out-list')).toMatchObject({ optOuts: [{ name: 'plain', state: 'standing' }] })
    expect(act('list', '--server', `unix:${world.socket}`)).toMatchObject({ exit: 0, stdout: expect.stringMatching(/plain +revoked/) as string })
    expect(act('list').stdout).toMatch(/plain +standing[^]*exeat list --server/)
    expect(act('lint')).toMatchObject({ exit: 0, stdout: expect.not.stringContaining('LINT_REFUSED') as string })
  })

  test('a refusal is a `Problems` with the code of whoever refused', () => {
    const ran = act('approve', 'nobody', '--actor', 'bob', '--yes', '--format', 'json')
    expect(checked(ran, 'problems', 3)).toMatchObject({ problems: [{ code: 'UNKNOWN_OPTOUT' }] })
  })
})

describe('asking', { timeout: 60_000 }, () => {
  test('by file; what is wrong with a document, or not there, is said before anything is sent', () => {
    merged('by-file')
    expect(act('request', '.exeat/opt-outs/by-file.yaml', '--actor', 'alice').exit).toBe(0)
    expect(act('request', 'by-fiel', '--actor', 'alice')).toMatchObject({ exit: 64, stderr: expect.stringContaining('did you mean `by-file`?') as string })
    expect(act('request', 'trivy.json', '--actor', 'alice')).toMatchObject({ exit: 64, stderr: expect.stringContaining('OPTOUT_UNKNOWN') as string })
    writeFileSync(join(world.dir, '.exeat/opt-outs/by-file.yaml'), `${optOut('by-file')}---\n${optOut('by-file-too')}`)
    expect(act('request', '.exeat/opt-outs/by-file.yaml', '--actor', 'alice')).toMatchObject({ exit: 64, stderr: expect.stringContaining('2 opt-outs stand in') as string })
    writeFileSync(join(world.dir, '.exeat/opt-outs/by-file.yaml'), optOut('by-file').replace('waiver', 'waver'))
    expect(act('request', 'by-file', '--actor', 'alice').exit).toBe(3)
    writeFileSync(join(world.dir, '.exeat/opt-outs/by-file.yaml'), optOut('by-file'))
    expect(act('reject', 'by-file', '--actor', 'bob', '--reason', 'no').exit).toBe(0)
  })

  test.for([
    [['request', 'plain'], /--actor/], [['request', 'plain', '--actor', 'two words'], /USAGE/], [['request', 'plain', '--actor', 'a', '--timeout', 'soon'], /USAGE/],
    [['request', 'plain', '--actor', 'a', '--idempotency-key', 'a b'], /USAGE/], [['revoke', 'plain', '--actor', 'bob'], /--reason/],
    [['review', 'plain', '--actor', 'bob', '--reason', 'x', '--verdict', 'maybe'], /USAGE/], [['status', '--server', 'ftp://exeat.example'], /USAGE/],
    [['status', '--server', 'https://user:pass@exeat.example'], /USAGE/],
  ] as const)('%j is wrong usage', ([args, text]) => {
    const ran = act(...args)
    expect(ran.exit, ran.stderr).toBe(64)
    expect(ran.stderr).toMatch(text)
  })

  test('waiting ends with what people decided, or with 4', async () => {
    merged('waits', 'waits-too')
    const asked = world.exeatLater(['request', 'waits', '--actor', 'alice', '--wait', '--timeout', '2m', '--format', 'json'])
    while (act('status', 'waits').exit === 3) { /* until it was asked for */ }
    expect(act('approve', 'waits', '--actor', 'bob', '--yes').exit).toBe(0)
    const ended = await asked
    expect(checked(ended, 'act-result')).toMatchObject({ optOut: { phase: 'approved' } })
    expect(ended.stderr).toContain('waiting for people')

    const rejected = world.exeatLater(['request', 'waits-too', '--actor', 'alice', '--wait', '--timeout', '2m'])
    while (act('status', 'waits-too').exit === 3) { /* until it was asked for */ }
    expect(act('reject', 'waits-too', '--actor', 'bob', '--reason', 'no').exit).toBe(0)
    expect((await rejected).exit).toBe(2)
    expect(act('reject', 'waits', '--actor', 'bob', '--reason', 'no').exit).toBe(0)
  })
})

describe('renewing', { timeout: 60_000 }, () => {
  test('a draft is not accepted until somebody gave it a reason; then it is asked for, and begins where the old one ends', () => {
    world.activate('long')
    const draft = act('renew', 'long', '--actor', 'alice')
    expect(draft).toMatchObject({ exit: 0, stdout: expect.stringContaining('renews: long') as string, stderr: expect.stringContaining('nothing was written') as string })
    expect(act('renew', 'long', '--actor', 'alice', '--write')).toMatchObject({ exit: 0, stdout: expect.stringContaining('long-2.yaml') as string })
    const path = join(world.dir, '.exeat/opt-outs/long-2.yaml')
    const text = readFileSync(path, 'utf8')
    expect(text).toContain(`from: ${/until: (\S+)/.exec(optOut('long'))?.[1]?.slice(0, 10) ?? '?'}`)
    expect(act('request', 'long-2', '--actor', 'alice').exit).toBe(3)
    const unfinished = act('renew', 'long', '--actor', 'alice', '--write')
    expect(unfinished).toMatchObject({ exit: 3, stdout: '', stderr: expect.stringContaining('long-2.yaml') as string })
    writeFileSync(path, optOut('something-else'))
    expect(act('renew', 'long', '--actor', 'alice', '--write')).toMatchObject({ exit: 3, stderr: expect.stringContaining('DRAFT_EXISTS') as string })
    writeFileSync(path, text.replace('reason: ""', 'reason: The base release slipped by a week.'))
    const asked = act('renew', 'long', '--actor', 'alice')
    expect(asked, asked.stderr).toMatchObject({ exit: 0, stdout: expect.stringMatching(/long-2 {2}proposed[^]*renewal\s+number [1-9]/) as string })
    expect(act('withdraw', 'long-2', '--actor', 'alice', '--reason', 'later').exit).toBe(0)
    expect(act('revoke', 'long', '--actor', 'bob', '--reason', 'done').exit).toBe(0)
    expect(act('renew', 'no-such', '--actor', 'alice')).toMatchObject({ exit: 64, stderr: expect.stringContaining('OPTOUT_UNKNOWN') as string })
  })
})

describe('emergencies', { timeout: 60_000 }, () => {
  test('a typed name is no second factor, and there is nothing to review', () => {
    world.merge({ '.exeat/opt-outs/fire.yaml': optOut('fire', { until: 3_600_000 }).replace('waiver', 'emergency').replaceAll(/from: \S+,/g, `from: ${new Date(Date.now() - 60_000).toISOString()},`) })
    const declared = act('emergency', 'fire', '--actor', 'alice', '--team', 'engineering')
    expect(declared).toMatchObject({ exit: 3, stderr: expect.stringContaining('EVIDENCE_TOO_WEAK') as string })
    expect(act('request', 'fire', '--actor', 'alice')).toMatchObject({ exit: 3, stderr: expect.stringContaining('EMERGENCY_REQUESTED') as string })
    merged('calm')
    expect(act('request', 'calm', '--actor', 'alice').exit).toBe(0)
    expect(act('review', 'calm', '--actor', 'bob', '--verdict', 'justified', '--reason', 'x')).toMatchObject({ exit: 3, stderr: expect.stringContaining('REVIEW_NOT_DUE') as string })
  })
})

describeWith('script', 'a person at a terminal', () => {
  /** On a pseudo-terminal, by `script` of util-linux; the answer is typed once it is asked for. */
  async function typed(args: readonly string[], answer: string): Promise<{ readonly exit: number | null; readonly text: string }> {
    const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ')
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: world.dir, env: { ...plainEnvironment(), EXEAT_SERVER: `unix:${world.socket}`, TERM: 'xterm', NO_COLOR: '1' }, stdio: ['pipe', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (piece: Buffer) => {
      const asked = text.includes('[y/N]')
      text += piece.toString()
      if (!asked && text.includes('[y/N]')) child.stdin.write(`${answer}\n`)
    })
    const [exit] = await once(child, 'close') as [number | null]
    return { exit, text }
  }

  test('is asked, and only a yes signs', async () => {
    merged('asked-for')
    expect(act('request', 'asked-for', '--actor', 'alice').exit).toBe(0)
    const refused = await typed(['approve', 'asked-for', '--actor', 'bob'], '')
    expect(refused).toMatchObject({ exit: 64, text: expect.stringContaining('nothing was signed') as string })
    expect(act('status', 'asked-for').stdout).toContain('missing')
    const signed = await typed(['approve', 'asked-for', '--actor', 'bob'], 'y')
    expect(signed.exit, signed.text).toBe(0)
    expect(signed.text).toContain('APPROVED')
  })
})
