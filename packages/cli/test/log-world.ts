/** A real server process beside a real repository: founded, pinned in the workspace, serving on a socket and on loopback. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { temporaryFolder, temporaryRepository } from '@exeat/testkit'
import { plainEnvironment, type Ran, runExeat } from './session.ts'

/** A finding of severity critical among five; the others pass. */
const report = fileURLToPath(new URL('../../../vectors/scanner-outputs/trivy/scheme_2_many_vulns.json', import.meta.url))

/** Nobody listens there, and the server would not go there. */
const nobody = 'http://127.0.0.1:9/'

export const workspace = (id: string, oncall = nobody): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: ${id}
  protectedRef: main
  sources: [{ name: acme/payments, forge: none, repositoryId: "1001" }]
  environments:
    - { name: development, proof: asserted }
    - { name: production, protected: true, proof: workload }
  gates: [{ thresholds: [{ tools: [trivy], severity: critical }] }]
  alerts: [{ name: oncall, url: "${oncall}" }]
  groups:
    engineering: [{ iss: "exeat:operator", sub: alice }, { iss: "exeat:operator", sub: carol }]
    security: [{ iss: "exeat:operator", sub: bob }, { iss: "exeat:operator", sub: dora }]
`

export const policy = `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: development }
spec:
  controls: ["trivy/*"]
  environments: [development]
  effect: permit
  request: { groups: [engineering] }
  approve: [{ groups: [security], count: 1 }]
  activate: { groups: [engineering] }
  revoke: { groups: [engineering, security] }
  mfa: none
  limits: { duration: 14d, findings: 10 }
  requires: { targets: [repositories, environments], impact: false }
  emergency: { groups: [engineering], duration: 4h, mfa: { evidence: idp-signed }, reviewers: [security], reviewWithin: 72h }
  alerts: [oncall]
`

const hour = 3_600_000
export const instant = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

interface Extra {
  readonly limits?: string
  readonly spec?: string
  /** Milliseconds from now. */
  readonly until?: number
}

/** An opt-out of the one finding, begun an hour ago. */
export const optOut = (name: string, { limits = '{ findings: 1 }', spec = '', until = 48 * hour }: Extra = {}): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: [trivy/CVE-2019-12900]
  targets: { repositories: [acme/payments], environments: [development], resources: ["pkg:apk/*libbz2*"] }
  category: waiver
  reason: The image is rebuilt on the next base release (${name}).
  owner: alice@acme.example
  window: { from: ${instant(Date.now() - hour)}, until: ${instant(Date.now() + until)} }
  limits: ${limits}
${spec}`

export interface World {
  readonly dir: string
  readonly data: string
  readonly state: string
  readonly socket: string
  readonly url: string
  /** Of the enforcement point. */
  readonly token: string
  /** Runs the command with server, bundle and token set. */
  exeat(args: readonly string[], env?: Readonly<Record<string, string>>): Ran
  /** The same, without waiting for it to end. */
  exeatLater(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>
  /** The same; `told` is what `find` makes of its output while it runs. */
  exeatTold(args: readonly string[], find: (said: string) => string | undefined, env?: Readonly<Record<string, string>>): { readonly told: Promise<string>; readonly ended: Promise<Ran> }
  gate(...args: readonly string[]): Ran
  /** Commits files on the protected branch. */
  merge(files?: Readonly<Record<string, string>>): string
  /** Requests, approves and activates an opt-out whose document is merged first. */
  activate(name: string, extra?: Extra): void
  start(): Promise<void>
  /** Starts the server again with these members of `server.json`. */
  configure(members: object): Promise<void>
  /** Of the server that runs. */
  pid(): number | undefined
  stop(): Promise<void>
  remove(): Promise<void>
}

export interface Founding {
  /** Documents instead of those above; `spec` is put at the end of the workspace's. */
  readonly workspace?: (id: string) => string
  readonly policy?: string
  /** Port on loopback; default: any that is free. */
  readonly port?: number
  /** Where people sign in. */
  readonly url?: string
  /** Variables of every process. */
  readonly env?: Readonly<Record<string, string>>
}

export async function logWorld(main: string, id = 'acme/payments', founding: Founding = {}): Promise<World> {
  const workspaceText = founding.workspace ?? ((of: string) => workspace(of))
  const folder = temporaryFolder()
  const repository = temporaryRepository({ '.exeat/workspace.yaml': workspaceText(id), '.exeat/policies.yaml': founding.policy ?? policy })
  const { dir } = repository
  repository.git('remote', 'add', 'origin', 'https://forge.example/acme/payments.git')
  copyFileSync(report, join(dir, 'trivy.json'))
  const [data, state] = [join(folder, 'data'), join(folder, 'state')]
  const publish = (): void => {
    repository.git('update-ref', 'refs/remotes/origin/main', 'HEAD')
    repository.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main')
  }
  const merge = (files: Readonly<Record<string, string>> = {}): string => {
    const commit = repository.commit(files)
    publish()
    return commit
  }
  publish()
  const home = { HOME: folder, XDG_STATE_HOME: state, XDG_CACHE_HOME: join(folder, 'cache'), XDG_DATA_HOME: join(folder, 'share'), ...founding.env }
  const founded = runExeat(main, ['init', '--server', '--origin', `log.${id.replace('/', '.')}.example`, '--repository', dir, '--ref', 'main', '--founder', 'ann', '--founder', 'ben', ...(founding.url === undefined ? [] : ['--url', founding.url]), '--data', data], folder, home)
  const snippet = /merge it:\n((?: {7}.*\n)+)/.exec(founded.stdout)?.[1]
  const token = /token {4}(\S+)/.exec(founded.stdout)?.[1]
  if (snippet === undefined || token === undefined) throw new Error(`nothing was founded: ${founded.stdout}${founded.stderr}`)
  merge({ '.exeat/workspace.yaml': `${workspaceText(id)}${snippet.replaceAll(/^ {5}/gm, '')}` })

  let server: ChildProcess | undefined
  let address = `127.0.0.1:${founding.port ?? 0}`
  const socket = join(data, 'admin.sock')
  const variables = (): Readonly<Record<string, string>> =>
    ({ ...home, EXEAT_SERVER: `unix:${socket}`, EXEAT_BUNDLE: `http://${address}`, EXEAT_TOKEN: token })

  const world: World = {
    dir, data, state, socket, token, get url() { return `http://${address}` }, merge,
    exeat: (args, env = {}) => runExeat(main, args, dir, { ...variables(), ...env }),
    exeatLater: (args, env) => world.exeatTold(args, () => undefined, env).ended,
    exeatTold: (args, find, env = {}) => {
      const child = spawn(process.execPath, [main, ...args], { cwd: dir, env: { ...plainEnvironment(), ...variables(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
      const text = { stdout: '', stderr: '' }
      const { promise: told, resolve, reject } = Promise.withResolvers<string>()
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].on('data', (piece: Buffer) => {
          text[name] += piece.toString()
          const found = find(text.stdout + text.stderr)
          if (found !== undefined) resolve(found)
        })
      }
      const ended = once(child, 'close').then((closed) => {
        const [exit] = closed as [number | null]
        reject(new Error(`exeat ${args.join(' ')} ended: ${text.stdout}${text.stderr}`))
        return { exit, ...text }
      })
      // Whoever waits for the end alone does not wait for what it tells.
      told.catch(() => undefined)
      return { told, ended }
    },
    gate: (...args) => world.exeat(['gate', 'trivy.json', '--env', 'development', ...args]),
    activate(name, extra) {
      merge({ [`.exeat/opt-outs/${name}.yaml`]: optOut(name, extra) })
      for (const args of [['request', name, '--actor', 'alice'], ['approve', name, '--actor', 'bob', '--yes'], ['activate', name, '--actor', 'carol', '--yes']]) {
        const ran = world.exeat(args)
        if (ran.exit !== 0) throw new Error(`exeat ${args.join(' ')}: ${ran.stdout}${ran.stderr}`)
      }
    },
    async start() {
      server = spawn(process.execPath, [main, 'serve', '--data', data, '--listen', address], { cwd: folder, env: { ...plainEnvironment(), ...home }, stdio: ['ignore', 'pipe', 'inherit'] })
      const { stdout } = server
      if (stdout === null) throw new Error('a pipe was asked for')
      for await (const line of createInterface({ input: stdout })) {
        const told = /http:\/\/([\d.]+:\d+)/.exec(line)?.[1]
        if (told === undefined) continue
        address = told
        stdout.resume()
        return
      }
      throw new Error('the server ended before it served')
    },
    async configure(members) {
      await world.stop()
      const file = join(data, 'server.json')
      writeFileSync(file, JSON.stringify({ ...readJson(file), ...members }))
      await world.start()
    },
    pid: () => server?.pid,
    async stop() {
      if (server === undefined || server.exitCode !== null) return
      const ended = once(server, 'exit')
      server.kill('SIGTERM')
      await ended
    },
    async remove() {
      await world.stop()
      repository.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await world.start()
  return world
}

/** Files under a folder of the gate's state: `uses`, `seen`. */
export function stateFiles({ state }: World, kind: 'uses' | 'seen'): readonly string[] {
  const folder = join(state, 'exeat', 'gate', kind)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')).map((name) => join(folder, name))
}

export const json = (ran: Ran): Record<string, unknown> => JSON.parse(ran.stdout) as Record<string, unknown>

/** How many uses the server has counted for an opt-out. */
export function countedUses(world: World, name: string): number {
  const { optOut: view } = json(world.exeat(['status', name, '--format', 'json'])) as { readonly optOut: { readonly uses: { readonly counted: number } } }
  return view.uses.counted
}

export const readJson = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
