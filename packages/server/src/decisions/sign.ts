/** What was decided, as it is signed. */
import { type Block, type Decision, fingerprints, type Instant, utf8 } from '@exeat/core'
import { type Summary, weakestEvidence } from '@exeat/core/run'
import type { SignerKey } from '@exeat/log'
import { decisionSchema, decisionType, type Dsse, longestDecision, longestLife, signDsse, type SignedDecision } from '@exeat/verify'
import { sha256, signerOf } from '../store/ed25519.ts'
import type { Run } from './decide.ts'
import type { Requester } from './types.ts'

export interface DecidedRun extends Run {
  readonly requester: Requester
  readonly decisions: readonly Decision[]
  readonly blocks: readonly Block[]
  readonly summary: Summary
  readonly nonce: string | null
}

export function signDecision(run: DecidedRun, key: SignerKey): Dsse {
  const text = JSON.stringify(decisionSchema.encode(payloadOf(run)))
  return signDsse(decisionType, utf8(text), [key], signerOf(key.seed))
}

function payloadOf({ governed, bundle, facts, sent, closed, now, requester, decisions, blocks, summary, nonce }: DecidedRun): SignedDecision {
  const { workspace: { document: { spec: { id, log } } } } = governed.governance
  const { repository, commit, environment, ref, actor } = facts
  return {
    schema: 'exeat/decision/v1', workspace: id, origin: log?.origin ?? '', issuedAt: now, notAfter: endOf(decisions, closed, now), nonce,
    preview: requester.preview, caller: requester.caller,
    facts: {
      repository, commit, ...(environment === undefined ? {} : { environment }), ...(ref === undefined ? {} : { ref }), ...(actor === undefined ? {} : { actor }),
    },
    reports: [...sent.digests], governance: { ref: governed.ref, commit: governed.commit }, bundle: { content: bundle.content, size: bundle.seen.size }, delegation: bundle.delegation,
    decisions: decidedOf(decisions, facts.repository.value.id),
    blocks: blocks.map(({ code, message, tool, input }) => ({ code, message, ...(tool === undefined ? {} : { tool }), ...(input === undefined ? {} : { input }) })),
    summary: { ...summary, evidence: weakestEvidence(decisions) },
    exit: summary.outcome === 'blocked' ? 2 : 0,
  }
}

/** Revocations are bounded as by a bundle; and no decision outlives what it rests on: time always wins. */
function endOf(decisions: readonly Decision[], closed: boolean, now: Instant): Instant {
  let end = now + Math.min(longestDecision, closed ? longestLife.protected : Infinity)
  for (const { optOut } of decisions) if (optOut !== undefined) end = Math.min(end, optOut.until)
  return end as Instant
}

function decidedOf(decisions: readonly Decision[], repositoryId: string): SignedDecision['decisions'] {
  const fingerprintAt = fingerprints(decisions.map(({ finding }) => finding), repositoryId, sha256)
  return decisions.map(({ control, outcome, reasons, optOut }, index) => ({
    fingerprint: fingerprintAt(index), control, outcome, reasons: reasons.map(({ code }) => code),
    ...(optOut === undefined ? {} : { optOut: { name: optOut.name, uid: optOut.uid, until: optOut.until, evidence: optOut.evidence } }),
  }))
}
