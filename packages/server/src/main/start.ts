/** The composition root: everything is put together here, and nothing else knows more than its ports. */
import { formatVerifierKey, type SignerKey } from '@exeat/log'
import type { Problem } from '@exeat/core'
import type { WitnessAddress } from '@exeat/client/log'
import type { Delegations } from '@exeat/verify'
import { incidentsOf } from '../alarm/incidents.ts'
import { deliveriesIn } from '../alarm/progress.ts'
import { bundleMaker } from '../bundle/index.ts'
import { serverProblem } from '../config/codes.ts'
import { checkDataFolder, type DataPaths, dataPaths } from '../config/folder.ts'
import { lockFolder } from '../config/lock.ts'
import { readConfig } from '../config/read.ts'
import type { ServerConfig } from '../config/schema.ts'
import { randomOf } from '../genesis/entry.ts'
import { sourceOf } from '../genesis/workspace.ts'
import { growing } from '../events/growth.ts'
import { webhookKeyText } from '../events/standard-webhooks.ts'
import { instruments, type Metrics, metricsOf } from '../metrics/index.ts'
import { measured } from '../metrics/measured.ts'
import type { OpaServing } from '../http/opa.ts'
import { opaBundler, openOpaKey } from '../opa/index.ts'
import { type AskExcuses, type DecideRun, decisionMaker, excuseAsker, rememberingVerifier } from '../decisions/index.ts'
import { createApp } from '../http/app.ts'
import { directory } from '../identity/directory.ts'
import type { App } from '../http/parts.ts'
import { readRandomKey } from '../keys/random.ts'
import type { People } from '../http/people/index.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import type { IdentityRows } from '../ports/identity.ts'
import type { LogStore } from '../ports/log.ts'
import type { Runs } from '../ports/runs.ts'
import { type Receivers, receivers as receiversOf } from '../receive/index.ts'
import { runHistory } from '../runs/index.ts'
import { createUseCases } from '../use/index.ts'
import type { UseCases } from '../use/types.ts'
import { enterHealth } from '../use/health.ts'
import { composeAlarms, composeConnect } from './alarms.ts'
import { type ComposedApp, composeDeployments } from './deployments.ts'
import { composeEvents, type Composing as EventsComposing, type Events } from './events.ts'
import { type Housekeeping, keepHouse } from './housekeeping.ts'
import { incidentsSecretIn, providerSecretIn, readLogKey, readWorkingKeys } from './keys.ts'
import { httpServer, type Listener, listenNetwork, listenSocket, type Tls } from './listen.ts'
import { openServerLog } from './open.ts'
import { composePeople, openIdentityRows } from './people.ts'
import { verifyFounding } from './pins.ts'

export interface StartOptions {
  /** Absolute; founded by `foundServer`. */
  readonly data: string
  /** Port 0 takes any that is free. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly witnesses: readonly WitnessAddress[]
  readonly tls?: Tls
  /** Where the console's pages were built to. */
  readonly pages?: string
  /** `DATABASE_URL`, where the log is kept in PostgreSQL. */
  readonly databaseUrl?: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** What the operator should know: problems of the running server, and failures that nobody knows. */
  readonly report: (problem: Problem | Error) => void
}

export interface RunningServer {
  readonly socket: string
  readonly address: { readonly host: string; readonly port: number }
  readonly origin: string
  /** Of the log when the server started. */
  readonly size: number
  /** C2SP verifier key of the log. */
  readonly key: string
  readonly singleFounder: boolean
  /** Takes nothing more, finishes what runs, closes the log. */
  readonly stop: () => Promise<void>
}

/** Milliseconds that requests have to finish once the server stops. */
const patience = 10_000

/** @throws {ExeatError} with everything that keeps the server from starting: exit 2 where the log or a key is not what was signed */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  checkDataFolder(options.data)
  const release = lockFolder(options.data)
  try {
    return await startLocked(options, release)
  } catch (error) {
    release()
    throw error
  }
}

async function startLocked(options: StartOptions, release: () => void): Promise<RunningServer> {
  const { data, now, report } = options
  const config = readConfig(data)
  const paths = dataPaths(data)
  const signer = readLogKey(paths, config.origin)
  const { log: opened, close } = await openServerLog(data, config, signer, options.databaseUrl === undefined ? {} : { url: options.databaseUrl }, now)
  const measures = instruments()
  const { log, growth } = growing(measured(opened, measures, () => performance.now()))
  try {
    const governance = sourceOf({ repository: config.repository.location, ...(config.repository.ref === undefined ? {} : { ref: config.repository.ref }), now }, paths)
    const { delegations, pins, warnings } = await verifyFounding(log, config, governance)
    for (const warning of warnings) report(warning)
    const rows = await openIdentityRows(config, data, options.databaseUrl)
    const { useCases, decide, ask, opa, webhook, enterHealth: enter } = compose({ config, paths, log, governance, delegations, rows, now })
    const people = composePeople({ config, rows, useCases, governance, sealingKey: readRandomKey(paths.sealing), providerSecret: providerSecretIn(paths), random: randomOf, now, report })
    const alarms = composeAlarms({ config, log, governance, rows, webhook, now, report })
    const events = composeEvents({ config, paths, log, growth, governance, rows, webhook, enterHealth: enter, now, report })
    const runs = runHistory({ rows, now, random: randomOf, ...(config.history === undefined ? {} : { history: config.history }) })
    const app = composeDeployments({ config, paths, rows, runs, decide, governance, now, report })
    const house = keepHouse({ log, useCases, governance, pins, rows, witnesses: options.witnesses, alarms, growth, notices: events.notices, ...(app === undefined ? {} : { deployments: app.deployments }), now, report })
    const streams = { open: 0 }
    const metrics = metricsOf({ log, governed: governance.latest, sinks: events.outbox.statuses, witnesses: house.witnesses, checked: house.checked, streams: () => streams.open, now }, measures)
    const receivers = receiversOf({ receivers: config.receivers ?? [], secretFile: paths.receiver, rows, useCases, now, report })
    const serving = await serve(options, { config, paths, log, events, streams, metrics, app, receivers, useCases: noticing(useCases, events), decide, ask, opa, runs, governance, people, house, webhook, key: formatVerifierKey(signer) })
    const { size } = await log.head()
    return {
      ...serving, origin: config.origin, size, key: formatVerifierKey(signer), singleFounder: delegations.current.singleFounder,
      stop: once(async () => {
        await serving.stop()
        await Promise.all([house.stop(), events.outbox.stop()])
        await rows.close()
        await close()
        release()
      }),
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Composing {
  readonly config: ServerConfig
  readonly paths: DataPaths
  readonly log: LogStore
  readonly governance: GovernanceSource
  readonly delegations: Delegations
  readonly rows: IdentityRows
  readonly now: () => number
}

function compose({ config, paths, log, governance, delegations, rows, now }: Composing): Pick<Serving, 'useCases' | 'decide' | 'ask' | 'opa' | 'webhook'> & Pick<EventsComposing, 'enterHealth'> {
  const { origin } = config
  const logKey = readLogKey(paths, origin)
  const { bundle, webhook } = readWorkingKeys(paths, logKey, delegations.current)
  const pseudonymKey = readRandomKey(paths.pseudonym)
  const writer = { random: randomOf, pseudonymKey, origin }
  const bundleKey = (): SignerKey => bundle
  const opaKey = openOpaKey(paths.opa)
  const useCases = createUseCases({
    ...writer, log, governance, directory: directory(rows, now), deliveries: deliveriesIn(rows, now), incidents: incidentsOf({ connect: composeConnect(config), secret: incidentsSecretIn(paths), now }), now,
    makeBundle: bundleMaker({ log, writer, logKey, bundleKey, now }),
    later: (run, after) => { setTimeout(run, after).unref() },
  })
  const view = { useCases, governance, now, verify: rememberingVerifier() }
  return {
    useCases, decide: decisionMaker({ ...view, useCases, bundleKey }), ask: excuseAsker(view), opa: { make: opaBundler({ ...view, key: opaKey }), publicPem: opaKey.publicPem }, webhook,
    enterHealth: (state, code, message) => enterHealth({ log, ...writer, now }, state, code, message),
  }
}

interface Serving {
  readonly config: ServerConfig
  readonly paths: DataPaths
  readonly log: LogStore
  readonly useCases: UseCases
  readonly decide: DecideRun
  readonly ask: AskExcuses
  readonly opa: OpaServing
  readonly runs: Runs
  readonly events: Events
  readonly streams: { open: number }
  readonly metrics: Metrics
  readonly app: ComposedApp | undefined
  readonly receivers: Receivers
  readonly governance: GovernanceSource
  readonly people: People
  readonly house: Housekeeping
  readonly webhook: SignerKey
  readonly key: string
}

/** Whoever asks for what has ended is told of. */
function noticing(useCases: UseCases, { notices }: Events): UseCases {
  return {
    ...useCases,
    claimUses: async (uses) => {
      const answer = await useCases.claimUses(uses)
      void notices.claimed(uses, answer)
      return answer
    },
  }
}

/** Those that `server.json` names, else those that came along. */
const pagesOf = ({ pages }: ServerConfig, own: string | undefined): { readonly pages?: string } => {
  const folder = pages ?? own
  return folder === undefined ? {} : { pages: folder }
}

async function serve({ listen, tls, pages, now, report }: StartOptions, { config, paths, log, events, streams, metrics, app: gitHub, receivers, useCases, decide, ask, opa, runs, governance, people, house, webhook, key }: Serving) {
  let stopping = false
  const streamsEnd = new AbortController()
  const app: App = createApp({
    useCases, decide, ask, opa, runs, receivers, governance, people, log, feed: events.feed, growth: events.growth, notices: events.told, outbox: events.outbox, pointSeen: (name) => { void events.notices.seen(name) }, streamsEnd: streamsEnd.signal, streams, metrics, gitHubApp: gitHub, key, now, ...pagesOf(config, pages), report: (error) => { report(asError(error)) },
    points: config.points, limits: config.limits, monotonic: () => performance.now(), stopping: () => stopping,
    damage: house.damage,
    health: () => ({ ...house.health(), webhookKey: webhookKeyText(webhook.publicKey) }),
    readiness: async () => ({ problems: [...stopping ? [serverProblem('SERVER_STOPPING', 'the server is stopping')] : [], ...house.problems()], ...checkedAt(house) }),
  })
  const listeners: Listener[] = []
  try {
    listeners.push(await listenSocket(httpServer(app, 'socket'), paths.socket))
    const network = await listenNetwork(httpServer(app, 'network', { tls }), listen.host, listen.port)
    listeners.push(network)
    const address = network.address()
    return {
      socket: paths.socket,
      address: { host: listen.host, port: typeof address === 'string' ? listen.port : address.port },
      stop: async () => {
        stopping = true
        streamsEnd.abort()
        await Promise.all(listeners.map((listener) => listener.drain(patience)))
      },
    }
  } catch (error) {
    await house.stop()
    await Promise.all(listeners.map((listener) => listener.drain(0)))
    throw error
  }
}

function checkedAt(house: Housekeeping): { readonly checkedAt?: string } {
  const { checked } = house.health()
  return checked === undefined ? {} : { checkedAt: checked.at }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= run())
}
