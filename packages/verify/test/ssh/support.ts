import { expect } from 'vitest'
import { sshDeps } from '../../../cli/src/ssh/crypto.ts'
import type { VerifyCode } from '../../src/index.ts'
import type { SshSignature, SshWanted } from '../../src/ssh/index.ts'
import { verifySshSignature } from '../../src/ssh/index.ts'

export { sshDeps }

export const namespace = 'exeat-act@v1'
export const message = Buffer.from('{"schema":"exeat/act/v1"}')
export const bytesOf = (text: string): Uint8Array => Buffer.from(text)

export function judge(given: Uint8Array | string, wanted: Partial<SshWanted> = {}, about: Uint8Array = message): VerifyCode | SshSignature {
  const answer = verifySshSignature(typeof given === 'string' ? Buffer.from(given) : given, about, { namespace, ...wanted }, sshDeps)
  return answer.ok ? answer.value : answer.problem.code
}

export function accepted(given: Uint8Array | string, wanted: Partial<SshWanted> = {}): SshSignature {
  const answer = judge(given, wanted)
  if (typeof answer === 'string') expect.unreachable(`refused: ${answer}`)
  return answer as SshSignature
}
