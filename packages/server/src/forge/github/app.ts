/** A GitHub App: a token of its installation, for one repository and what one task needs, and no longer than that (https://docs.github.com/apps, "Generating an installation access token"). */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import * as z from 'zod'
import { forgeError } from '../codes.ts'
import { type ForgeAccess, forgeHttp, type ForgeHttp } from '../http.ts'
import { dialect, read } from './hub.ts'

export interface AppOptions extends Omit<ForgeAccess, 'token'> {
  readonly appId: string
  /** PEM; read anew each time, so that it can be replaced. */
  readonly privateKey: () => string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Installation {
  readonly id: number
  readonly repositoryId: number
}

export interface GitHubApp {
  /** Asks as the installation, for this repository alone, with permission to review deployments alone. */
  readonly as: (installation: Installation) => Promise<ForgeHttp>
}

const tokenSchema = z.object({ token: z.string(), expires_at: z.iso.datetime({ offset: true }) })

/** Seconds: GitHub takes ten minutes at most, and clocks differ. */
const [life, drift] = [540, 60]
/** Milliseconds before its end from which on a token is not used any more. */
const spare = 5 * 60_000

export function gitHubApp({ appId, privateKey, now, ...access }: AppOptions): GitHubApp {
  const tokens = new Map<string, { readonly token: string; readonly until: number }>()

  async function tokenOf({ id, repositoryId }: Installation): Promise<string> {
    const name = `${id}/${repositoryId}`
    const held = tokens.get(name)
    if (held !== undefined && now() < held.until - spare) return held.token
    const at = Math.floor(now() / 1000)
    const jwt = await new SignJWT({}).setProtectedHeader({ alg: 'RS256' }).setIssuer(appId).setIssuedAt(at - drift).setExpirationTime(at + life).sign(keyIn(privateKey()))
    const answer = await forgeHttp({ ...access, token: jwt }, dialect).ask(`/app/installations/${id}/access_tokens`, { method: 'POST', isRead: true, body: { repository_ids: [repositoryId], permissions: { deployments: 'write' } } })
    const { token, expires_at: until } = read(tokenSchema, answer, 'access_tokens')
    tokens.set(name, { token, until: Date.parse(until) })
    return token
  }

  return {
    as: async (installation) => {
      const http = forgeHttp({ ...access, token: await tokenOf(installation) }, dialect)
      // One that was taken back is not offered again.
      const forgetting = async <T>(asked: Promise<T>): Promise<T> => asked.catch((error: unknown) => {
        tokens.delete(`${installation.id}/${installation.repositoryId}`)
        throw error
      })
      return { ask: (path, asked) => forgetting(http.ask(path, asked)), find: (path, asked) => forgetting(http.find(path, asked)), list: (path, query) => forgetting(http.list(path, query)), findList: (path, query) => forgetting(http.findList(path, query)) }
    },
  }
}

/** @throws {ExeatError} FORGE_SETTINGS */
export function keyIn(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // What the library says could repeat what the file holds.
  }
  throw forgeError('FORGE_SETTINGS', 'the private key of the GitHub App is no RSA key in PEM', 'download it from the App\'s settings')
}
