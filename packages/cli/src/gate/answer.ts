/** The gate's answer in git trust: opt-outs as they stand at the protected ref, and what people signed. */
import { concerning } from '@exeat/core/run'
import type { Io } from '../edge/io.ts'
import { cacheFolder, type GovernanceFlags } from '../governance/load.ts'
import { signedFor } from '../governance/standing.ts'
import { answerGate, type GateQuestion } from './decide.ts'
import type { GateResult } from './result.ts'

export async function answerGit(question: GateQuestion, flags: GovernanceFlags, io: Io): Promise<GateResult> {
  const { governance, policySet, reports, now } = question
  const concerned = governance.optOuts.filter(concerning(reports.flatMap(({ findings }) => findings), policySet))
  const signed = await signedFor(policySet, governance, concerned, now, { dir: io.cwd, cacheDir: cacheFolder(flags, io) })
  return answerGate(signed === undefined ? question : { ...question, signed })
}
