/** Entering an offline grant once there is a log again (design §6): judged by what governed when it was written, whoever brings it. */
import { agreedTerms, askedOf, encodeDocument, type HexDigest, type Instant, transition } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { type OfflineGrant, offlineGrantBytes, offlineGrantDigest, offlineGrantSchema } from '@exeat/core/offline'
import { offlineImportSchema, type Wire } from '@exeat/core/wire'
import { evidenceDeps } from '@exeat/git/crypto'
import { type Answer, bundlePins } from '@exeat/verify'
import { judgeOffline, offlinePath, openGrantLog, type SignedOfflineGrant } from '@exeat/verify/offline'
import { type AllowedSigner, parseAllowedSigners, rawSshSignature } from '@exeat/verify/ssh'
import { sha256, verifySignature } from '../store/ed25519.ts'
import { type Act, type Done, perform } from './act.ts'
import type { UseDependencies } from './context.ts'
import { shaped } from './input.ts'
import { strongest } from './judge.ts'
import { loadOpen, readOptOut } from './load.ts'
import { demand, useError } from './problem.ts'
import { bodyKinds, toBytes } from './stored.ts'
import type { Actor, IdempotencyKey } from './types.ts'

type Sent = Wire['offlineImportSchema']

/** One that was entered before is answered as it was entered, whoever asks again and under whatever key. */
export async function importOffline(deps: UseDependencies, actor: Actor, given: Sent, key: IdempotencyKey): Promise<Done> {
  const sent = shaped(offlineImportSchema, given)
  const signed = await judged(deps, sent)
  const { digest, optOut: { uid } } = signed
  const earlier = await standing(deps, uid)
  if (earlier !== undefined) return earlier
  try {
    return await perform(deps, { act: 'offline', actor, key, content: { grant: digest } }, entering(signed))
  } catch (error) {
    const meanwhile = error instanceof ExeatError && error.problems[0].code === 'ALREADY_STANDS' ? await standing(deps, uid) : undefined
    if (meanwhile === undefined) throw error
    return meanwhile
  }
}

async function standing({ log }: UseDependencies, uid: HexDigest): Promise<Done | undefined> {
  const [index] = (await readOptOut(log, uid))?.value.entries ?? []
  return index === undefined ? undefined : { uid, index, strength: 'user-signed' }
}

/** @throws {ExeatError} INPUT_INVALID, OFFLINE_*, SSH_*, ACT_*, SIGNERS_INVALID: nothing is entered */
async function judged(deps: UseDependencies, { grant: text, signatures }: Sent): Promise<SignedOfflineGrant> {
  const bytes = bytesOf(text)
  const grant = shaped(offlineGrantSchema, jsonOf(bytes))
  const then = await governedWhen(deps, grant)
  const files = { path: offlinePath(digestOf(grant)), grant: bytes, signatures: signatures.map((each, i) => ({ path: `signature ${i + 1}`, bytes: bytesOf(each) })) }
  const signed = held(judgeOffline(files, then, undefined, evidenceDeps))
  const pins = held(bundlePins(then.workspace, sha256))
  held(openGrantLog(signed.grant.log, pins, { sha256, verify: verifySignature }))
  return signed
}

/** By the commit that it names, where the protected branch stood once: signers, groups and policies as they were for those who signed. */
async function governedWhen({ governance }: UseDependencies, { governance: { commit } }: OfflineGrant) {
  await governance.current()
  const then = await governance.at(commit)
  if (then === undefined) throw useError('OFFLINE_UNKNOWN', `the grant was prepared by the commit \`${commit.slice(0, 12)}\`, where the protected ref never stood`)
  return { workspace: then.governance.workspace.document, policySet: then.policySet, signers: signersOf(then.signers ?? '') }
}

function signersOf(text: string): readonly AllowedSigner[] {
  const read = parseAllowedSigners(text, '.exeat/allowed_signers')
  if (read.ok) return read.signers
  throw new ExeatError(read.problems)
}

const entering = (signed: SignedOfflineGrant): Act => {
  const { grant, digest, binding, terms, optOut: { uid, document, impact }, people: [first, second] } = signed
  const by = first.identity
  return {
    tap: 'taken',
    people: [],
    look: async () => undefined,
    judge: async ({ moment }) => {
      const { ledger, over } = await loadOpen(moment, { uid, names: [document.metadata.name] })
      const agreed = agreedTerms(terms)
      const facts = { actor: by, groups: first.groups, evidence: 'user-signed' as const, binding, terms: agreed, groupsOf: () => [] }
      const verdict = transition(ledger, { kind: 'offline', uid, asked: askedOf(document), team: grant.team, second: second.identity, grant: digest }, facts, moment.at as Instant)
      return {
        verdict, over, before: undefined, alerts: terms.alerts.map(({ value }) => value), mfa: terms.emergency?.value.mfa ?? strongest,
        particulars: {
          repositoryId: grant.repositoryId, repositoryIds: [grant.repositoryId], category: 'emergency', owner: document.spec.owner, origin: { file: offlinePath(digest), line: 1, column: 1 }, ...(document.spec.expected === undefined ? {} : { expected: document.spec.expected }),
        },
        offline: { by, evidence: { strength: 'user-signed', kind: 'offline', grant: base64url(offlineGrantBytes(grant)), signatures: [first, second].map(({ bytes }) => base64url(rawSshSignature(bytes) ?? bytes)) } },
        keep: async (tx) => {
          demand(await tx.keep(bodyKinds.optOut, binding.optOut, toBytes(encodeDocument(document))))
          if (binding.impact !== null) demand(await tx.keep(bodyKinds.impact, binding.impact, toBytes({ schemaVersion: 1, kind: 'Impact', optOut: binding.optOut, fingerprints: [...impact].sort() })))
        },
      }
    },
  }
}

function held<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value
  throw new ExeatError([answer.problem])
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** Base64 of one spelling. */
function bytesOf(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw useError('INPUT_INVALID', 'a file that was sent is not in base64')
  return new Uint8Array(bytes)
}

/** What no canonical text can hold is thrown for. */
function digestOf(grant: OfflineGrant): HexDigest {
  try {
    return offlineGrantDigest(grant, sha256)
  } catch {
    throw useError('INPUT_INVALID', 'the grant that was sent holds what JSON cannot')
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw useError('INPUT_INVALID', 'the grant that was sent is no JSON')
  }
}
