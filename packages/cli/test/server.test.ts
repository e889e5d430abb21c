/** `exeat init --server` and `exeat serve`, as people type them: the built command, its words, its exit codes, and signals. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeWith, temporaryFolder, temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import { builtCommand } from './built.ts'
import { runExeat } from './session.ts'

const main = builtCommand()

let repository: TemporaryRepository
let folder: string
let running: ChildProcess[]

beforeEach(() => {
  repository = temporaryRepository({ 'README.md': 'x\n' })
  runExeat(main, ['init', '--repo', 'acme/payments'], repository.dir)
  repository.commit()
  folder = temporaryFolder()
  running = []
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  repository.remove()
  rmSync(folder, { recursive: true, force: true })
})

const data = (): string => join(folder, 'data')
const exeat = (...args: readonly string[]) => runExeat(main, args, repository.dir)
const found = (...more: readonly string[]) =>
  exeat('init', '--server', '--origin', 'log.acme.example', '--repository', '.', '--ref', 'main', '--founder', 'alice', '--founder', 'bob', '--data', data(), ...more)

interface Serving {
  readonly child: ChildProcess
  /** What it said once it listened. */
  readonly line: string
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>
}

function serve(...more: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, [main, 'serve', '--data', data(), '--listen', '127.0.0.1:0', ...more], { cwd: repository.dir, stdio: ['ignore', 'pipe', 'pipe'] })
  running.push(child)
  let stderr = ''
  child.stderr.on('data', (piece: Buffer) => { stderr += piece.toString() })
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => { child.on('close', (code) => { resolve({ code, stderr }) }) })
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (piece: Buffer) => { resolve({ child, line: piece.toString(), ended }) })
    void ended.then(({ code, stderr: said }) => { reject(new Error(`it ended with ${code}: ${said}`)) })
  })
}

describe('exeat init --server', () => {
  test('says what to do next, and prints the token once', () => {
    const { exit, stdout, stderr } = found()
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout).toMatch(/^founded the log log\.acme\.example of the workspace acme\/payments in /)
    expect(stdout).toMatch(/ {2}token {4}exeat_point_[\w-]{43}\n/)
    expect(stdout).toMatch(/ {7}log:\n {9}origin: log\.acme\.example\n {9}keys:\n {11}- alice\+[0-9a-f]{8}\+\S+\n {11}- bob\+[0-9a-f]{8}\+\S+\n/)
    for (const name of ['alice', 'bob']) expect(stdout).toContain(join(data(), 'founders', `${name}.key`))
    expect(stdout).toContain('Move each founder\'s key off this machine')
    expect(stdout).not.toContain('single-founder')
  })
  test('the snippet goes into the workspace document as it is', () => {
    const { stdout } = found()
    const snippet = /^ {7}(log:\n(?: {9}.*\n)+)/m.exec(stdout)?.[1] ?? ''
    const path = '.exeat/workspace.yaml'
    const before = execFileSync('git', ['show', `main:${path}`], { cwd: repository.dir }).toString()
    repository.commit({ [path]: `${before}\n  ${snippet.replaceAll(/^ {7}/gm, '  ')}` })
    expect(exeat('lint')).toMatchObject({ exit: 0 })
  })
  test('with --url the snippet says where passkeys are made for, and fits too', () => {
    const { stdout } = exeat('init', '--server', '--origin', 'log.acme.example', '--repository', '.', '--ref', 'main', '--founder', 'alice', '--founder', 'bob', '--url', 'http://localhost:8080', '--data', data())
    const snippet = /merge it:\n((?: {7}.*\n)+)/.exec(stdout)?.[1] ?? ''
    const path = '.exeat/workspace.yaml'
    const before = execFileSync('git', ['show', `main:${path}`], { cwd: repository.dir }).toString()
    repository.commit({ [path]: `${before}\n${snippet.replaceAll(/^ {7}/gm, '  ')}` })
    expect(snippet).toContain('relyingParty: { id: localhost, origins: ["http://localhost:8080"] }')
    expect(exeat('lint')).toMatchObject({ exit: 0 })
  })
  test('a single founder is named', () => {
    const { stdout } = exeat('init', '--server', '--origin', 'log.acme.example', '--repository', '.', '--ref', 'main', '--founder', 'alice', '--data', data())
    expect(stdout).toContain('single-founder: whoever holds this one key can replace every other')
  })
  test.each([
    [['--origin', 'x'], 64, 'USAGE'], [['--founder', 'alice'], 64, 'USAGE'], [['--server'], 64, 'USAGE'], [['--server', '--origin', 'x'], 64, 'USAGE'],
    [['--server', '--origin', 'https://x', '--repository', '.', '--founder', 'a'], 64, 'ORIGIN_INVALID'],
    [['--server', '--origin', 'x', '--repository', '.'], 64, 'FOUNDER_INVALID'], [['--server', '--rotate', 'root'], 64, 'USAGE'], [['--server', '--rotate', 'log'], 64, 'ROTATE_LOG_KEY'],
    [['--server', '--root-key', 'x'], 64, 'USAGE'], [['--server', '--rotate', 'bundle'], 1, 'DATA_MISSING'], [['--server', '--database', 'mysql'], 64, 'USAGE'],
    [['--server', '--origin', 'x', '--repository', '/nowhere', '--founder', 'a'], 1, 'REPOSITORY_MISSING'],
  ] as const)('%j exits %i with %s', (args, exit, code) => {
    const ran = exeat('init', ...args, ...(args[0] === '--server' ? ['--data', data()] : []))
    expect(ran.stderr).toContain(`error[${code}]`)
    expect(ran.exit).toBe(exit)
    expect(existsSync(data())).toBe(false)
  })
  test('a second founding refuses, and a folder in the repository', () => {
    found()
    expect(found()).toMatchObject({ exit: 3, stderr: expect.stringContaining('error[DATA_EXISTS]') as string })
    expect(exeat('init', '--server', '--origin', 'x', '--repository', '.', '--ref', 'main', '--founder', 'a', '--data', 'server'))
      .toMatchObject({ exit: 3, stderr: expect.stringContaining('error[DATA_IN_WORK_TREE]') as string })
  })
  test('a rotation says which file is needed no more', () => {
    found()
    const keys = ['alice', 'bob'].flatMap((name) => ['--root-key', join(data(), 'founders', `${name}.key`)])
    const { exit, stdout } = exeat('init', '--server', '--rotate', 'bundle', ...keys, '--data', data())
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^replaced the bundle key: epoch 2, from entry 1 on\n/)
    const old = /delete (\S+)\n/.exec(stdout)?.[1] ?? ''
    expect(existsSync(old)).toBe(true)
    expect(readdirSync(join(data(), 'keys')).filter((name) => name.startsWith('bundle-'))).toHaveLength(2)
  })
})

describe('exeat serve', () => {
  test('says one line, and ends at a signal with 0', async () => {
    found()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { child, line, ended } = await serve()
      expect(line).toMatch(/^exeat serves log\.acme\.example on http:\/\/127\.0\.0\.1:\d+ and \/\S+\/admin\.sock: \d+ entr(?:y|ies), key log\.acme\.example\+[0-9a-f]{8}\+\S+\n$/)
      child.kill(signal)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await ended).toMatchObject({ code: 0 })
    }
  })
  test('as a program reads it: an object a line, with what people are told and no secret', async () => {
    const founded = found()
    const token = /exeat_point_\S+/.exec(founded.stdout)?.[0] ?? 'no token'
    const { child, line, ended } = await serve('--log-format', 'json')
    expect(JSON.parse(line)).toMatchObject({ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string, level: 'info', event: 'started', origin: 'log.acme.example', protocol: 'http', size: 1, singleFounder: false })
    let printed = line
    child.stdout?.on('data', (piece: Buffer) => { printed += piece.toString() })
    child.kill('SIGTERM')
    const { code, stderr } = await ended
    expect(code).toBe(0)
    const told = stderr.trim().split('\n').map((each) => JSON.parse(each) as Record<string, unknown>)
    expect(told).toMatchObject([{ level: 'warning', event: 'problem', code: 'WORKSPACE_PINS', message: expect.stringContaining('pins no log') as string }])
    expect(printed).toContain('"event":"stopped"')
    const secrets = [token, ...readdirSync(join(data(), 'keys')).map((name) => readFileSync(join(data(), 'keys', name), 'utf8').trim().slice(-40))]
    expect(secrets.length).toBeGreaterThan(4)
    for (const secret of secrets) expect(`${printed}${stderr}`.includes(secret)).toBe(false)
  })
  test('a second one on the folder is refused; after a kill it starts again', async () => {
    found()
    const { child, ended } = await serve()
    expect(exeat('serve', '--data', data())).toMatchObject({ exit: 1, stderr: expect.stringContaining('error[SERVER_RUNNING]') as string })
    child.kill('SIGKILL')
    await ended
    const again = await serve()
    again.child.kill('SIGTERM')
    expect(await again.ended).toMatchObject({ code: 0 })
  })
  test('a log that was cut exits 2 and says what differs', () => {
    found()
    const database = new DatabaseSync(join(data(), 'log.sqlite'))
    for (const { name } of database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()) database.exec(`DROP TRIGGER ${String(name)}`)
    database.exec('DELETE FROM entry')
    database.close()
    expect(exeat('serve', '--data', data())).toMatchObject({ exit: 2, stderr: expect.stringContaining('error[HEAD_INCONSISTENT]') as string, stdout: '' })
  })
  test.each([
    [['--listen', 'here'], 64, 'USAGE'], [['--listen', '127.0.0.1:99999'], 64, 'USAGE'], [['--witness', 'x'], 3, 'CONFIG_INVALID'], [['--tls-cert', 'x'], 64, 'USAGE'],
    [['--tls-cert', '/nowhere', '--tls-key', '/nowhere'], 3, 'INPUT_UNREADABLE'],
  ] as const)('%j exits %i', (args, exit, code) => {
    found()
    expect(exeat('serve', '--data', data(), ...args)).toMatchObject({ exit, stderr: expect.stringContaining(`error[${code}]`) as string })
  })
  test('without a folder', () => {
    expect(exeat('serve', '--data', data())).toMatchObject({ exit: 1, stderr: expect.stringContaining('hint: run: exeat init --server') as string })
  })
})

describeWith('openssl', 'exeat serve with a certificate of its own', (openssl) => {
  test('speaks TLS', async () => {
    found()
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    execFileSync(openssl, ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' })
    const { child, line, ended } = await serve('--tls-cert', cert, '--tls-key', key)
    const port = Number(/https:\/\/127\.0\.0\.1:(\d+) /.exec(line)?.[1])
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/healthz', agent: false, rejectUnauthorized: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      }).on('error', reject).end()
    })
    expect(status).toBe(200)
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
  })
})
