/** What the routes about people work with. */
import type { ApiKeys } from '../../identity/api-keys.ts'
import type { Devices } from '../../identity/devices.ts'
import type { Links } from '../../identity/links.ts'
import type { Oidc } from '../../identity/oidc/index.ts'
import type { PasskeyDependencies } from '../../identity/passkeys.ts'
import type { Sessions } from '../../identity/sessions.ts'
import type { Attempts, Taps } from '../../identity/taps.ts'
import type { Seal } from '../../identity/totp.ts'
import type { Workload } from '../../identity/types.ts'
import type { IdentityRows } from '../../ports/identity.ts'

export interface People {
  readonly rows: IdentityRows
  readonly sessions: Sessions
  readonly links: Links
  readonly devices: Devices
  readonly apiKeys: ApiKeys
  readonly taps: Taps
  readonly attempts: Attempts
  readonly passkeys: PasskeyDependencies
  readonly sealing: Seal
  readonly workspace: PasskeyDependencies['workspace']
  /** Where people sign in and tap, as the workspace says; none where it says nothing. */
  readonly origins: () => Promise<readonly string[]>
  /** Groups of a person: the workspace's own, and those that an identity provider gave. */
  readonly groupsOf: (person: { readonly iss: string; readonly sub: string }) => Promise<readonly string[]>
  /** Signing in, and confirming an act, at an identity provider. */
  readonly oidc: Oidc
  /** A back-channel logout, by the provider's name. @throws {ExeatError} */
  readonly providerLogout: (provider: string, token: string) => Promise<void>
  /** Who a job is, by its token, and what it is for: `METHOD /path`. @throws {ExeatError} */
  readonly workload: (token: string, purpose: string) => Promise<Workload>
  readonly now: () => number
}
