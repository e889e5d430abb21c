/** The composition root: the log is opened and verified, the parts are put together, and the doors are opened. */
import { formatVerifierKey } from '@exeat/log'
import type { Problem } from '@exeat/core'
import type { WitnessAddress } from '@exeat/client/log'
import { checkDataFolder, dataPaths } from '../config/folder.ts'
import { lockFolder } from '../config/lock.ts'
import { readConfig } from '../config/read.ts'
import type { ServerConfig } from '../config/schema.ts'
import { growing } from '../events/growth.ts'
import { sourceOf } from '../genesis/workspace.ts'
import { createApp } from '../http/app.ts'
import { addRoutes } from '../http/routes.ts'
import { instruments } from '../metrics/index.ts'
import { measured } from '../metrics/measured.ts'
import { type Composed, compose } from './compose.ts'
import { readLogKey } from './keys.ts'
import { httpServer, type Listener, listenNetwork, listenSocket, type Tls } from './listen.ts'
import { openServerLog } from './open.ts'
import { openIdentityRows } from './people.ts'
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
  const { data, databaseUrl, witnesses, now, report } = options
  const config = readConfig(data)
  const paths = dataPaths(data)
  const signer = readLogKey(paths, config.origin)
  const key = formatVerifierKey(signer)
  const { log: opened, close } = await openServerLog(data, config, signer, databaseUrl === undefined ? {} : { url: databaseUrl }, now)
  try {
    const measures = instruments()
    const { log, growth } = growing(measured(opened, measures, () => performance.now()))
    const governance = sourceOf({ repository: config.repository.location, ...(config.repository.ref === undefined ? {} : { ref: config.repository.ref }), now }, paths)
    const { delegations, pins, warnings } = await verifyFounding(log, config, governance)
    for (const warning of warnings) report(warning)
    const rows = await openIdentityRows(config, data, databaseUrl)
    const streamsEnd = new AbortController()
    const stopping = (): boolean => streamsEnd.signal.aborted
    const composed = compose({ config, paths, log, growth, governance, delegations, rows, now, report }, { measures, pins, witnesses, key, stopping, streamsEnd: streamsEnd.signal })
    const doors = await openDoors(options, config, composed, stopping)
    const { size } = await log.head()
    return {
      socket: paths.socket, address: doors.address, origin: config.origin, size, key, singleFounder: delegations.current.singleFounder,
      stop: once(async () => {
        streamsEnd.abort()
        await doors.close()
        await composed.stop()
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

interface Doors {
  readonly address: RunningServer['address']
  /** Lets requests finish that are under way. */
  readonly close: () => Promise<void>
}

async function openDoors({ data, listen, tls, pages, report }: StartOptions, config: ServerConfig, { services, edge, stop }: Composed, stopping: () => boolean): Promise<Doors> {
  const app = createApp({ ...edge, ...pagesOf(config, pages), points: config.points, limits: config.limits, monotonic: () => performance.now(), stopping, report: (error) => { report(asError(error)) } }, (added) => { addRoutes(added, services) })
  const listeners: Listener[] = []
  try {
    listeners.push(await listenSocket(httpServer(app, 'socket'), dataPaths(data).socket))
    const network = await listenNetwork(httpServer(app, 'network', { tls }), listen.host, listen.port)
    listeners.push(network)
    const address = network.address()
    return {
      address: { host: listen.host, port: typeof address === 'string' ? listen.port : address.port },
      close: async () => { await Promise.all(listeners.map((listener) => listener.drain(patience))) },
    }
  } catch (error) {
    await stop()
    await Promise.all(listeners.map((listener) => listener.drain(0)))
    throw error
  }
}

/** Those that `server.json` names, else those that came along. */
const pagesOf = ({ pages }: ServerConfig, own: string | undefined): { readonly pages?: string } => {
  const folder = pages ?? own
  return folder === undefined ? {} : { pages: folder }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= run())
}
