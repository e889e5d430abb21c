/** A world whose emergencies are told of: the network and its answers are the test's, rows and log are real. */
import { afterEach } from 'vitest'
import { deliverer, type Deliverer, type DelivererOptions } from '../../src/alarm/deliver.ts'
import { deliveriesIn, progressIn } from '../../src/alarm/progress.ts'
import type { Posted } from '../../src/ports/alarm.ts'
import type { IdentityRows } from '../../src/ports/identity.ts'
import { publicKeyOf, signerOf } from '../../src/store/ed25519.ts'
import { sinksOf } from '../../src/use/alarm.ts'
import { testSigner, type StoreKind } from '../../../testkit/src/log-store-kit.ts'
import { peopleWorld, type PeopleWorld } from '../identity/people.ts'
import { day, hour, newKey, optOut, origin, start } from '../use/support.ts'
import { createUseCases, type Actor } from '../../src/use/index.ts'
import type { ActAnswer } from '@exeat/core/wire'

export interface AlarmKind extends StoreKind {
  /** Empty ones. */
  readonly rows: () => Promise<IdentityRows>
}

export const webhook = testSigner(31, `${origin}/webhook`)
export const webhookKey = publicKeyOf(webhook.seed)

export interface Sent extends Posted {
  readonly url: string
}

export interface AlarmWorld extends PeopleWorld {
  readonly rows: IdentityRows
  readonly sent: Sent[]
  readonly told: string[]
  /** Status by host name; 200 where there is none, an error where it is one. */
  readonly answers: Map<string, number | Error | Promise<number>>
  /** Of a process of its own. */
  newDeliverer(over?: Partial<DelivererOptions>): Deliverer
  /** A round, and what it began. */
  deliver(): Promise<readonly Sent[]>
}

export async function alarmWorld(kind: AlarmKind, files: Readonly<Record<string, unknown>> = {}): Promise<AlarmWorld> {
  const at = await peopleWorld(kind, files)
  const rows = await kind.rows()
  const sent: Sent[] = []
  const told: string[] = []
  const answers: AlarmWorld['answers'] = new Map()
  const now = () => at.clock.now
  at.useCases = createUseCases({ ...at.dependencies, deliveries: deliveriesIn(rows, now) })
  const newDeliverer = (over: Partial<DelivererOptions> = {}): Deliverer => deliverer({
    log: at.log, progress: progressIn(rows, now), sign: (bytes) => signerOf(webhook.seed)(webhook.seed, bytes), now, jitter: () => 0.999,
    sinks: () => {
      const governed = at.source.latest()
      return governed === undefined ? [] : sinksOf(governed)
    },
    post: async (url, posted) => {
      sent.push({ url, ...posted })
      const answer = await (answers.get(new URL(url).hostname) ?? 200)
      if (typeof answer !== 'number') throw answer
      return answer
    },
    report: ({ message }) => { told.push(message) },
    ...over,
  })
  const own = newDeliverer()
  await at.founder('ann')
  await at.founder('ben')
  for (const name of ['cleo', 'dora']) await at.vouch('ben', await at.enrol(name))
  at.clock.now += day
  const closing = at.close.bind(at)
  return Object.assign(at, {
    rows, sent, told, answers, newDeliverer,
    deliver: async () => {
      const before = sent.length
      await own.round()
      await own.settled()
      return sent.slice(before)
    },
    close: async () => {
      await closing()
      await rows.close()
    },
  })
}

export interface FireParts {
  readonly reason?: string
  readonly hours?: number
  readonly control?: string
}

export const fire = (at: AlarmWorld, name: string, { reason = 'The site is down.', hours = 4, control = `trivy/${name.toUpperCase()}` }: FireParts = {}) => {
  const from = at.clock.now - start
  return optOut(name, { category: 'emergency', controls: [control], environments: ['production'], from, until: from + hours * hour, reason })
}

export async function declared(at: AlarmWorld, name: string, parts: FireParts = {}, by = 'ann'): Promise<ActAnswer> {
  const asked = { document: fire(at, name, parts), team: 'sre' }
  return at.useCases.emergency(await at.tapping(by, { purpose: 'emergency', asked }), asked, newKey())
}

export const typed = (name: string): Actor => ({ identity: { iss: 'exeat:operator', sub: name }, evidence: { strength: 'operator-asserted', name } })

/** The CloudEvent that was sent. */
export const eventOf = ({ body }: Sent) => JSON.parse(Buffer.from(body).toString('utf8')) as { readonly id: string; readonly type: string; readonly source: string; readonly subject?: string; readonly data: Record<string, unknown> }

export const minute = 60_000

/** A world for each test, closed behind it. */
export function worlds(kind: AlarmKind): (files?: Readonly<Record<string, unknown>>) => Promise<AlarmWorld> {
  const open: AlarmWorld[] = []
  afterEach(async () => { for (const each of open.splice(0)) await each.close() })
  return async (files) => {
    const made = await alarmWorld(kind, files)
    open.push(made)
    return made
  }
}
