/** The GitHub App that this server is, put together. */
import { serverError } from '../config/codes.ts'
import type { DataPaths } from '../config/folder.ts'
import type { ServerConfig } from '../config/schema.ts'
import { type Deployments, deployments, type DeploymentsOptions } from '../deployments/index.ts'
import { gitHubApp, keyIn } from '../forge/github/app.ts'
import { readSecret } from '../keys/secret.ts'

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
  const secrets = (): readonly string[] => secretsIn(paths.gitHubApp.secrets)
  keyIn(privateKey())
  secrets()
  return { secrets, deployments: deployments({ ...options, api, app: gitHubApp({ api, appId: app.appId, privateKey, now: options.now, clock: options.now }) }) }
}

function secretsIn(path: string): readonly string[] {
  const secrets = readSecret(path).split('\n').filter((each) => each !== '')
  if (secrets.length >= 1 && secrets.length <= 2 && secrets.every((each) => /^[!-~]{16,200}$/.test(each))) return secrets
  throw serverError('KEY_UNREADABLE', `\`${path}\` holds no secrets of a webhook: 16 to 200 printable characters each, one a line, two at most`)
}
