import { expect, test } from 'vitest'
import { sshKey } from '../../../testkit/src/ssh-authenticator.ts'
import { requesterOf, type SignedCommit } from '../../src/ssh/index.ts'
import { governed, groups, instant, keys, mail, now, signers } from './acts-world.ts'
import { sshDeps } from './support.ts'

const key = sshKey('ed25519')
const payload = Buffer.from('tree 0\nauthor Alice <alice@acme.example> 1 +0000\n\nask\n')
const listed = (options = ''): string => `${signers}${mail('alice')} ${options}${key.line}\n`
const at = instant('2026-06-01T00:00:00Z')
const commit = (given: Partial<SignedCommit> = {}): SignedCommit => ({ payload, at, signature: Buffer.from(key.sign(payload, { namespace: 'git' })), ...given })

function requester(given: Partial<SignedCommit> = {}, before = governed({ signers: listed() }), tip = governed({ signers: listed() })): unknown {
  const answer = requesterOf(commit(given), before, tip, now, sshDeps)
  return answer.ok ? answer.value : answer.problem.code
}

test('whoever signed the commit, by a software key too, with the groups of then and now', () => {
  expect(requester()).toEqual({ identity: { iss: 'git', sub: mail('alice') }, groups: ['engineering'] })
  expect(requester({ signature: Buffer.from(keys.carol.sign(payload, { namespace: 'git' })) })).toEqual({ identity: { iss: 'git', sub: mail('carol') }, groups: ['engineering', 'sre'] })
  const others = governed({ signers: listed(), groups: { ...groups, engineering: ['carol'] } })
  for (const [before, tip] of [[others, undefined], [undefined, others]] as const) expect(requester({}, before, tip)).toMatchObject({ groups: [] })
})

test('is nobody for a signature over something else, for something else, or by a key that is not listed at all of the times', () => {
  expect(requester({ payload: Buffer.from('tree 1') })).toBe('SSH_SIGNATURE')
  expect(requester({ signature: Buffer.from(key.sign(payload, { namespace: 'exeat-act@v1' })) })).toBe('SSH_NAMESPACE')
  expect(requester({ signature: Buffer.from('-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n') })).toBe('SSH_MALFORMED')
  const unlisted = governed()
  expect(requester({}, unlisted)).toBe('ACT_SIGNER')
  expect(requester({}, undefined, unlisted)).toBe('ACT_SIGNER')
  for (const options of ['namespaces="exeat-act@v1" ', 'valid-before="20260601Z" ', 'valid-after="20260602Z" ', 'valid-before="20260605Z" ']) {
    const tip = governed({ signers: listed(options) })
    expect(requester({}, tip, tip), options).toBe('ACT_SIGNER')
  }
})
