/** A grant judged as the gate will judge it, were it asked now for the commit that it names. */
import type { Facts } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { ReadOfflineGrant } from '@exeat/core/offline'
import { bundlePins } from '@exeat/verify'
import { checkOfflineRun, judgeOffline, type SignedOfflineGrant } from '@exeat/verify/offline'
import { row } from '../acts/page.ts'
import { exitOf } from '../edge/code-table.ts'
import type { Io } from '../edge/io.ts'
import { problemLines } from '../edge/report.ts'
import { sha256, verifySignature } from '../log/crypto.ts'
import { sshDeps } from '../ssh/crypto.ts'
import { rememberedHead } from '../trust/seen.ts'
import { shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { filesAs, governing, grantFiles, readGrant } from './files.ts'
import { keptLog } from './kept.ts'
import { grantJson, grantPage } from './page.ts'
import { refusedThen } from './then.ts'

export interface VerifyFlags {
  readonly ref?: string
  readonly format: 'text' | 'json'
}

/** The exit code: 0 where it would be honoured. @throws {ExeatError} OFFLINE_UNREADABLE, OFFLINE_SCOPE, OFFLINE_OTHER, and why governance cannot be read */
export async function verifyOffline(file: string, { ref, format }: VerifyFlags, io: Io): Promise<number> {
  const given = await governing(ref === undefined ? {} : { ref }, io)
  const files = grantFiles(file, io)
  const read = readGrant(files.grant, file, given)
  const merged = filesAs(read.digest, files)
  const signed = judgeOffline(merged, given.governed, io.now, sshDeps)
  const pins = bundlePins(given.governed.workspace, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  const { last } = rememberedHead(pins.value.workspace, pins.value.origin, io)
  const kept = keptLog(pins.value, read.grant.repositoryId, io.now, io)
  const holds = signed.ok ? checkOfflineRun(signed.value, { facts: factsOf(read), now: io.now, pins: pins.value, last, kept }, { sha256, verify: verifySignature }) : signed
  const then = signed.ok && holds.ok ? await refusedThen(merged, signed.value, given.tip, io) : undefined
  const problems = holds.ok ? (then === undefined ? [] : [then]) : [holds.problem]
  const people = signed.ok ? signed.value.people : []
  if (format === 'json') io.stdout.write(grantJson('verify', read, { file, signedBy: people.map(({ identity }) => identity.sub), holds: problems.length === 0, problems }))
  else writeText(read, people, problems, io)
  return problems.length === 0 ? 0 : exitOf(problems.map(({ code }) => code))
}

/** Of the run that it names. */
function factsOf({ grant: { repositoryId, commit, environment } }: ReadOfflineGrant): Facts {
  const fact = <T>(value: T) => ({ value, provenance: 'asserted' as const, from: 'the grant' })
  return { repository: fact({ name: repositoryId, id: repositoryId }), commit: fact(commit), environment: fact(environment) }
}

function writeText(read: ReadOfflineGrant, people: readonly SignedOfflineGrant['people'][number][], problems: Parameters<typeof problemLines>[0], io: Io): void {
  const styles = stylesFor(io.stdout, io.env)
  const signers = people.map(({ identity, groups }) => row('signed by', `${shown(identity.sub)} of ${groups.map(shown).join(', ')}`, io.stdout.columns))
  const end = problems.length === 0 ? `${styles.good('HOLDS')}  for this commit, while no bundle can be had, once it stands at the protected branch\n` : ''
  io.stdout.write(`${[grantPage(read, 'GRANT', io), ...signers].join('\n')}\n\n${end}`)
  io.stderr.write(problemLines(problems, 'error', stylesFor(io.stderr, io.env)))
}
