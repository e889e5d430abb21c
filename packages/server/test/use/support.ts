/** A workspace in a real repository, a real log, and use cases between them; the clock is the test's. */
import { randomBytes } from 'node:crypto'
import { fold, type OptOutRecord } from '@exeat/core'
import { commitment, decodeEvent, decodeLeaf, lifecycleOf, type LogEvent, SALT_SIZE } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import type { ActAnswer } from '@exeat/core/wire'
import { fsck } from '@exeat/log'
import { expect } from 'vitest'
import { must, testSigner, type StoreKind, type TestDatabase } from '../../../testkit/src/log-store-kit.ts'
import { temporaryFolder, temporaryRepository, type TemporaryRepository } from '../../../testkit/src/index.ts'
import { noDirectory } from '../../src/identity/directory.ts'
import { governanceSource } from '../../src/governance/index.ts'
import type { GovernanceSource } from '../../src/ports/governance.ts'
import type { LogStore } from '../../src/ports/log.ts'
import type { LogTables } from '../../src/ports/tables.ts'
import { sha256 } from '../../src/store/ed25519.ts'
import { foundLog, openLog } from '../../src/store/log.ts'
import { createUseCases, fromBytes, operatorIssuer, type Actor, type StoredOptOut, type UseCases, type UseDependencies } from '../../src/use/index.ts'

export const hour = 3_600_000
export const day = 24 * hour
export const start = Date.UTC(2026, 10, 22, 10)
export const instant = (after: number): string => new Date(start + after).toISOString()
export const origin = 'log.example/acme'

export const actor = (name: string): Actor => ({ identity: { iss: operatorIssuer, sub: name }, evidence: { strength: 'operator-asserted', name } })

const member = (name: string): string => `{ iss: ${operatorIssuer}, sub: ${name} }`
export const groups: Readonly<Record<string, readonly string[]>> = {
  engineering: ['alice', 'dave'], security: ['bob', 'carol', 'alice@acme.example'], sre: ['dave', 'erin'],
}

export interface WorkspaceParts {
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** Names of one person each. */
  readonly people?: readonly (readonly string[])[]
}

export const workspace = (parts: WorkspaceParts = {}): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: acme }
spec:
  id: acme-1
  protectedRef: main
  sources:
    - { name: acme/payments, forge: github, repositoryId: "1001" }
    - { name: acme/ledger, forge: github, repositoryId: "1002" }
  environments:
    - { name: test, proof: asserted }
    - { name: production, proof: workload, protected: true }
  groups:
${Object.entries(parts.groups ?? groups).map(([name, members]) => `    ${name}: [${members.map(member).join(', ')}]`).join('\n')}
${parts.people === undefined ? '' : `  identity: { people: [${parts.people.map((names) => `{ label: one, identities: [${names.map(member).join(', ')}] }`).join(', ')}] }
`}`

/** One security approval, no second factor. `more` goes into the spec. */
export const policy = (more = '', limits = 'duration: 14d, findings: 10', approve = '[{ groups: [security], count: 1 }]'): string => `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: trivy }
spec:
  controls: ["trivy/*"]
  environments: [test]
  effect: permit
  request: { groups: [engineering] }
  approve: ${approve}
  activate: { groups: [engineering, sre] }
  revoke: { groups: [security] }
  mfa: none
  limits: { ${limits} }
  requires: { impact: false }
${more}`

/** In an environment that asks for a second factor, and knows emergencies. */
export const strictPolicy = `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: production }
spec:
  controls: ["trivy/*"]
  environments: [production]
  effect: permit
  request: { groups: [engineering] }
  approve: [{ groups: [security], count: 1 }]
  activate: { groups: [engineering, sre] }
  mfa: { evidence: user-signed }
  limits: { duration: 14d, findings: 10 }
  requires: { impact: false }
  emergency: { groups: [sre], duration: 4h, mfa: { evidence: user-signed }, reviewers: [security], reviewWithin: 72h }
`

export interface DocumentParts {
  readonly controls?: readonly string[]
  readonly environments?: readonly string[]
  readonly repositories?: readonly string[]
  readonly category?: string
  readonly reason?: string
  readonly from?: number
  readonly until?: number
  readonly limits?: Readonly<Record<string, number>>
  readonly more?: Readonly<Record<string, unknown>>
}

export const optOut = (name: string, parts: DocumentParts = {}): Record<string, unknown> => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name },
  spec: {
    controls: parts.controls ?? [`trivy/${name.toUpperCase()}`],
    targets: { environments: parts.environments ?? ['test'], repositories: parts.repositories ?? ['acme/payments'] },
    category: parts.category ?? 'waiver',
    reason: parts.reason ?? `The fix breaks ${name}.`,
    owner: 'alice@acme.example',
    window: { from: instant(parts.from ?? 0), until: instant(parts.until ?? 2 * day) },
    limits: parts.limits ?? { findings: 3 },
    ...parts.more,
  },
})

export const fileOf = (name: string): string => `.exeat/opt-outs/${name}.json`

export interface World {
  readonly repository: TemporaryRepository
  readonly database: TestDatabase
  readonly clock: { now: number }
  log: LogStore
  useCases: UseCases
  readonly source: GovernanceSource
  readonly dependencies: UseDependencies
  /** What asked to be run later. */
  readonly planned: (() => void)[]
  /** Merges files into the protected branch. */
  merge(files: Readonly<Record<string, unknown>>): string
  /** Opens the log again, as a new process does, over tables that `wrap` may change. */
  restart(wrap?: (tables: LogTables) => LogTables): Promise<void>
  /** Another process on the same database. */
  beside(): Promise<{ readonly log: LogStore; readonly useCases: UseCases }>
  close(): Promise<void>
}

export const governanceFiles = { '.exeat/workspace.yaml': workspace(), '.exeat/policies/trivy.yaml': policy(), '.exeat/policies/production.yaml': strictPolicy }

/** Events of the whole log, in order, and whether all of it verifies. */
export async function eventsOf(log: LogStore): Promise<readonly LogEvent[]> {
  const { size } = await log.head()
  const events: LogEvent[] = []
  for (let index = 0; index < size; index++) {
    const leaf = decodeLeaf(Buffer.from((await log.entry(index))?.entry ?? []).toString('utf8'))
    const body = leaf === undefined ? undefined : await log.body('event', leaf.body)
    if (leaf === undefined || body === undefined) continue
    expect(commitment(body.subarray(0, SALT_SIZE), body.subarray(SALT_SIZE), sha256)).toBe(leaf.body)
    const decoded = decodeEvent(Buffer.from(body.subarray(SALT_SIZE)).toString('utf8'))
    if (!decoded.ok) throw new Error(`entry ${index}: ${decoded.because}`)
    const { event } = decoded
    expect({ id: event.id, type: event.type, time: event.time, uid: event.subject }).toEqual({ id: leaf.id, type: leaf.type, time: leaf.time, uid: leaf.uid })
    events.push(event)
  }
  return events
}

/** The records are what the log's events add up to, and the log is whole. */
export async function agree(log: LogStore): Promise<void> {
  await log.snapshot(async (reader) => {
    const events = (await eventsOf(reader as LogStore)).flatMap((event) => lifecycleOf(event) ?? [])
    const ledger = fold(events)
    const records = await reader.records('optout', { limit: 1000 })
    expect(new Map(records.map(({ key, value }) => [key, fromBytes<StoredOptOut>(value).record]))).toEqual(ledger.records)
    for (const { key, value } of records) expect(fromBytes<StoredOptOut>(value).uses).toBe(ledger.uses.get(key)?.size ?? 0)
    for (const { key, value } of await reader.records('open', { limit: 1000 })) expect(fromBytes<OptOutRecord>(value)).toEqual(ledger.records.get(key))
    const names = await reader.records('name', { limit: 1000 })
    expect(new Map(names.map(({ key, value }) => [key, Buffer.from(value).toString('utf8')]))).toEqual(ledger.names)
    expect(await fsck(sha256, reader, await reader.head())).toMatchObject({ ok: true })
  })
}

export async function world(kind: StoreKind, files: Readonly<Record<string, unknown>> = {}): Promise<World> {
  const repository = temporaryRepository(texts({ ...governanceFiles, ...files }))
  const database = await kind.create()
  const clock = { now: start }
  const options = { origin, signer: testSigner(1, origin), now: () => clock.now }
  const tables = await database.open()
  const founded = await foundLog(tables, options)
  if (!founded.ok) throw new Error(founded.problem.message)
  const source = governanceSource({ repository: repository.dir, ref: 'main', mirrorDir: '/nonexistent', now: () => clock.now })
  const planned: (() => void)[] = []
  const pseudonymKey = new Uint8Array(randomBytes(32))
  const dependenciesOf = (log: LogStore): UseDependencies => ({
    log, governance: source, directory: noDirectory, deliveries: async () => [], incidents: async () => { throw new Error('no incident system is asked here') }, random: (count) => new Uint8Array(randomBytes(count)), pseudonymKey, origin, now: () => clock.now,
    bundles: { make: async () => { throw new Error('no bundle is asked for here') }, says: async () => { throw new Error('no bundle is asked for here') } },
    later: (run) => { planned.push(run) },
  })
  const others: LogStore[] = []
  const opened = must(await openLog(tables, options))
  const made: World = {
    repository, database, clock, source, planned, log: opened, useCases: createUseCases(dependenciesOf(opened)), dependencies: dependenciesOf(opened),
    merge: (changes) => repository.commit(texts(changes)),
    restart: async (wrap = (same) => same) => {
      await made.log.close()
      made.log = must(await openLog(wrap(await database.open()), options))
      made.useCases = createUseCases(dependenciesOf(made.log))
    },
    beside: async () => {
      const log = must(await openLog(await database.open(), options))
      others.push(log)
      return { log, useCases: createUseCases(dependenciesOf(log)) }
    },
    close: async () => {
      await Promise.all([made.log, ...others].map((each) => each.close()))
      await database.drop()
      repository.remove()
    },
  }
  return made
}

const texts = (files: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [path, typeof content === 'string' ? content : JSON.stringify(content, null, 2)]))

let keys = 0
export const newKey = (): string => `key-${keys += 1}`

/** The codes of the refusal that `run` must end with. */
export async function codesOf(run: Promise<unknown>): Promise<readonly string[]> {
  const error: unknown = await run.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof ExeatError)) throw error instanceof Error ? error : new Error('it was not refused')
  return error.problems.map(({ code }) => code)
}

export const refused = async (run: Promise<unknown>, code: string): Promise<void> => { expect((await codesOf(run))[0]).toBe(code) }

/** Asked for by alice; approved by bob; both where `until` says so. */
export async function requested(at: World, name: string, parts: DocumentParts = {}): Promise<ActAnswer> {
  return at.useCases.request(actor('alice'), { document: optOut(name, parts) }, newKey())
}

export async function approved(at: World, name: string, parts: DocumentParts = {}): Promise<ActAnswer> {
  const { optOut: { binding } } = await requested(at, name, parts)
  return at.useCases.approve(actor('bob'), name, binding, newKey())
}

/** Merged by a bot, so that nobody here wrote it. */
export async function activated(at: World, name: string, parts: DocumentParts = {}): Promise<ActAnswer> {
  await approved(at, name, parts)
  return activate(at, name, parts)
}

export async function activate(at: World, name: string, parts: DocumentParts = {}, who = 'dave'): Promise<ActAnswer> {
  at.merge({ [fileOf(name)]: optOut(name, parts) })
  const { binding } = await at.useCases.optOut(name)
  return at.useCases.activate(actor(who), name, binding, newKey())
}

export { temporaryFolder }
