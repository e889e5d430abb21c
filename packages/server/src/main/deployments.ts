/** The GitHub App that this server is, put together. */
import type { DataPaths } from '../config/folder.ts'
import type { ServerConfig } from '../config/schema.ts'
import { type Deployments, deployments, type DeploymentsOptions } from '../deployments/index.ts'
import { gitHubApp, keyIn } from '../forge/github/app.ts'
import { readSecret, readSecrets } from '../keys/secret.ts'

export interface ComposedApp {
  readonly deployments: Deployments
  readonly secrets: () => readonly string[]
}

type Composing = Omit<DeploymentsOptions, 'app' | 'api'> & { readonly config: Pick<ServerConfig, 'githubApp'>; readonly paths: DataPaths }

/** Undefined where there is none. @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN, FORGE_SETTINGS */
export function composeDeployments({ config: { githubApp: app }, paths, ...options }: Composing): ComposedApp | undefined {
  if (app === undefined) return undefined
  const api = app.api ?? 'https://api.github.com'
  // Read at each use, so that both can be replaced; and once now, so that a server without them does not start.
  const privateKey = (): string => readSecret(paths.gitHubApp.key)
  const secrets = (): readonly string[] => readSecrets(paths.gitHubApp.secrets, shared)
  keyIn(privateKey())
  secrets()
  return { secrets, deployments: deployments({ ...options, api, app: gitHubApp({ api, appId: app.appId, privateKey, now: options.now, clock: options.now }) }) }
}

const shared = { of: 'a webhook', is: (each: string) => /^[!-~]{16,200}$/.test(each), shape: '16 to 200 printable characters each', most: 2 }
