/** Jobs, by the tokens that their forge or cluster signs for them (design §4): who they are, and what they prove of the run. None of them ever acts for a person. */
import type { Instant, Workspace } from '@exeat/core'
import type { JWTPayload } from 'jose'
import type { IdentityRows } from '../../ports/identity.ts'
import type { Issuers } from '../issuer/issuers.ts'
import { tolerance, unverifiedClaims, verifyToken } from '../issuer/token.ts'
import { spendTokenId } from '../token-ids.ts'
import type { Workload } from '../types.ts'
import { admit, type Established, fromGithub, fromGitlab, refused, type WorkloadSource } from './forge.ts'
import { admitAccount } from './kubernetes.ts'

export interface WorkloadDependencies {
  readonly workspace: () => Promise<Workspace>
  readonly issuers: Issuers
  readonly rows: IdentityRows
  readonly now: () => number
}

/**
 * `purpose`: `METHOD /path`. Whatever a forge's token is used for beside reading, it is used for once; a cluster's stands in a file for an hour and is meant to be
 * sent again, so that what it may do is bounded by what it is sent for alone.
 * @throws {ExeatError} WORKLOAD_*, ISSUER_AWAY
 */
export async function workloadOf({ workspace, issuers, rows, now }: WorkloadDependencies, token: string, purpose: string): Promise<Workload> {
  const governed = await workspace()
  const source = sourceOf(token, governed.spec.identity?.workloads ?? [])
  const verified = await verifyToken(issuers, token, source, now())
  if (!verified.ok) throw refused('WORKLOAD_TOKEN', `the token of \`${source.name}\` does not verify: ${verified.because}`)
  const { claims } = verified
  const established = byKind(claims, source, governed)
  const until = (claims.exp ?? 0) * 1000
  if (source.kind !== 'kubernetes' && !/^(?:GET|HEAD) /.test(purpose)) await spend(rows, source.issuer, claims, purpose, until, now())
  return { ...established, provider: source.name, subject: claims.sub ?? '', until: until as Instant }
}

/** Of one issuer there may be several, for audiences of their own. */
function sourceOf(token: string, sources: readonly WorkloadSource[]): WorkloadSource {
  const { iss, aud } = unverifiedClaims(token) ?? {}
  const named = sources.filter(({ issuer }) => issuer === iss)
  const audience = Array.isArray(aud) ? aud : [aud]
  const found = named.find((each) => audience.includes(each.audience)) ?? named[0]
  if (found === undefined) throw refused('WORKLOAD_TOKEN', 'the token is of no issuer that the workspace names', 'see `identity.workloads` in the workspace')
  return found
}

function byKind(claims: JWTPayload, source: WorkloadSource, workspace: Workspace): Established {
  switch (source.kind) {
    case 'github': return admit(fromGithub(claims), source, workspace)
    case 'gitlab': return admit(fromGitlab(claims), source, workspace)
    case 'kubernetes': return admitAccount(claims, source, workspace)
  }
}

async function spend(rows: IdentityRows, issuer: string, { jti = '' }: JWTPayload, purpose: string, until: number, now: number): Promise<void> {
  if (await spendTokenId(rows, issuer, `${purpose} ${jti}`, until + tolerance, now)) return
  throw refused('WORKLOAD_REPLAYED', `the token was used for \`${purpose}\` before`, 'ask the runner for another one; each is good once')
}
