/** A real PostgreSQL for one test file, from the npm package that `tools/ci-setup` puts into `.tools`. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Server {
  initialise(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

interface Package {
  readonly default: new (options: Record<string, unknown>) => Server
}

export interface TestPostgres {
  /** A connection as the superuser, or as the role given. */
  readonly url: (database: string, role?: string) => string
  readonly stop: () => Promise<void>
}

/** The password of the superuser and of every role that a test makes. */
export const password = 'test'

/** Initialises and starts a cluster in a temporary folder; `folder` is that of the npm package. */
export async function startPostgres(folder: string): Promise<TestPostgres> {
  const { default: Postgres } = (await import(pathToFileURL(join(folder, 'dist', 'index.js')).href)) as Package
  const parent = mkdtempSync(join(tmpdir(), 'exeat-postgres-'))
  // As root the server runs as a user of its own, who must be able to reach its data.
  chmodSync(parent, 0o755)
  const port = await freePort()
  const said: string[] = []
  const server = new Postgres({
    databaseDir: join(parent, 'data'), port, user: 'postgres', password, persistent: false, createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--locale=C', '--encoding=UTF8'], postgresFlags: ['-c', 'max_connections=200'],
    onLog: (message: unknown) => { said.push(String(message)) }, onError: (message: unknown) => { said.push(String(message)) },
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${said.join('\n')}`, { cause: error })
  }
  return {
    url: (database, role = 'postgres') => `postgres://${role}:${password}@127.0.0.1:${port}/${database}`,
    stop: async () => {
      await server.stop()
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => { resolve(port) })
    })
  })
}
