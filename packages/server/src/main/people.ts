/** Everything about people, put together: what is kept of them, how they sign in, and how they tap. */
import type { Identity, Problem, Workspace } from '@exeat/core'
import { apiKeys } from '../identity/api-keys.ts'
import { attempts } from '../identity/attempts.ts'
import { devices } from '../identity/devices.ts'
import { type Directory, directory } from '../identity/directory.ts'
import { issuerFetch } from '../identity/issuer/fetch.ts'
import { issuers } from '../identity/issuer/issuers.ts'
import { links } from '../identity/links.ts'
import { oidc } from '../identity/oidc/index.ts'
import { logout } from '../identity/oidc/logout.ts'
import { sessions } from '../identity/sessions.ts'
import { taps } from '../identity/taps.ts'
import { workloadOf } from '../identity/workload/index.ts'
import type { ServerConfig } from '../config/schema.ts'
import { inFolder } from '../config/read.ts'
import { fileNames } from '../config/folder.ts'
import { taken } from '../genesis/database.ts'
import type { People } from '../http/people/services.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import type { IdentityRows } from '../ports/identity.ts'
import { groupsIn } from '../use/judge.ts'
import type { UseCases } from '../use/types.ts'

/** Made where there is none: what is lost with it is who was signed in. @throws {ExeatError} what the store says */
export async function openIdentityRows(config: Pick<ServerConfig, 'database'>, folder: string, databaseUrl: string | undefined): Promise<IdentityRows> {
  if (config.database.kind === 'sqlite') {
    const { openSqliteIdentity } = await import('../store/sqlite/identity.ts')
    return taken(openSqliteIdentity(inFolder(folder, fileNames.identity)))
  }
  const { openPostgresIdentity } = await import('../store/postgres/index.ts')
  return taken(await openPostgresIdentity(databaseUrl ?? ''))
}

export interface PeopleOptions {
  readonly config: Pick<ServerConfig, 'sessions' | 'attestationRoots' | 'issuers'>
  readonly rows: IdentityRows
  readonly useCases: UseCases
  readonly governance: GovernanceSource
  /** 32 bytes: what the secrets of one-time codes are sealed under. */
  readonly sealingKey: Uint8Array
  /** Of the server's client at an identity provider, by its name; undefined where it has none. */
  readonly providerSecret: (provider: string) => string | undefined
  readonly random: (count: number) => Uint8Array
  readonly now: () => number
  readonly report: (problem: Problem) => void
}

export function composePeople({ config, rows, useCases, governance, sealingKey, providerSecret, random, now, report }: PeopleOptions): People {
  const workspace = async (): Promise<Workspace> => {
    // Read lately enough: whatever grants something reads it anew.
    if (governance.latest() === undefined) await useCases.synchronise()
    const governed = governance.latest()
    if (governed === undefined) throw new Error('a protected ref that was read governs')
    return governed.governance.workspace.document
  }
  const sealing = { key: sealingKey, random }
  const tries = attempts(rows, now, report)
  const said: Directory = directory(rows, now)
  const passkeys = { rows, useCases, workspace, attestationRoots: config.attestationRoots ?? [], random, now, report }
  const open = sessions(rows, now, config.sessions === undefined ? undefined : { absolute: config.sessions.absolute * 1000, idle: config.sessions.idle * 1000 })
  const tapping = taps({ rows, useCases, workspace, attempts: tries, sealing, random, now, report })
  const known = issuers({ fetch: issuerFetch, now, pinned: new Map((config.issuers ?? []).map(({ issuer, keys }) => [issuer, keys])) })
  const providers = { workspace, issuers: known, fetch: issuerFetch, secretOf: providerSecret, rows, now }
  return {
    rows, sealing, workspace, now, passkeys, attempts: tries, sessions: open, taps: tapping,
    oidc: oidc({ ...providers, taps: tapping, attempts: tries, enrolIssuerKey: useCases.enrolIssuerKey }),
    providerLogout: (provider, token) => logout({ ...providers, sessions: open }, provider, token),
    workload: (token, purpose) => workloadOf({ workspace, issuers: known, rows, now }, token, purpose),
    links: links(rows, now), devices: devices(rows, now), apiKeys: apiKeys(rows, now),
    origins: async () => (await workspace()).spec.identity?.relyingParty?.origins ?? [],
    groupsOf: async (person: Identity) => [...new Set([...groupsIn(await workspace(), person), ...await said.groupsOf(person)])].sort(),
  }
}
