/** SSH keys as second factors for acts at the server: what such a key signs over a challenge's envelope, and every wrong twin of it. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { rmSync } from 'node:fs'
import type { Binding } from '@exeat/core'
import { envelopeBytes } from '@exeat/core/envelope'
import { credentialDigest } from '@exeat/core/enrolment'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { temporaryFolder } from '../../../testkit/src/index.ts'
import { flag, sshKey, type SshKey, type SshSigning } from '../../../testkit/src/ssh-authenticator.ts'
import { actorOfSession } from '../../src/identity/signed-in.ts'
import type { Session } from '../../src/identity/types.ts'
import { composePeople } from '../../src/main/people.ts'
import type { People } from '../../src/http/people/services.ts'
import type { IdentityRows } from '../../src/ports/identity.ts'
import { sha256 } from '../../src/store/ed25519.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { sqlite } from '../sqlite-kind.ts'
import { day, newKey, refused } from '../use/support.ts'
import { askedFor, type PeopleWorld, peopleWorld, who } from './people.ts'

let at: PeopleWorld
let people: People
let rows: IdentityRows
let folder: string
let key: SshKey
let software: SshKey
let digest: string
let signed: Binding
const told: unknown[] = []

beforeEach(async () => {
  at = await peopleWorld(sqlite)
  folder = temporaryFolder()
  rows = must(openSqliteIdentity(join(folder, 'identity.db')))
  people = composePeople({
    config: {}, rows, useCases: at.useCases, governance: at.source, sealingKey: new Uint8Array(32), providerSecret: () => undefined,
    random: (count) => new Uint8Array(randomBytes(count)), now: () => at.clock.now, report: (problem) => { told.push(problem) },
  })
  await at.founder('ann')
  await at.founder('ben')
  key = sshKey('sk-ed25519')
  digest = await enrolled(key)
  software = sshKey('ed25519')
  await enrolled(software)
  at.clock.now += day
  signed = await askedFor(at, 'log4j')
})
afterEach(async () => {
  told.length = 0
  await rows.close()
  rmSync(folder, { recursive: true, force: true })
  await at.close()
})

/** As cleo's, vouched for by ben, who governs. */
async function enrolled({ blob }: SshKey): Promise<string> {
  const credential = { kind: 'ssh', publicKey: Buffer.from(blob).toString('base64url') } as const
  await at.useCases.enrol(at.person('cleo'), { credential, label: 'key' }, newKey())
  const made = credentialDigest(who('cleo'), credential, sha256)
  await at.vouch('ben', made)
  return made
}

const sessionOf = (name: string): Session => {
  const moment = at.clock.now as Session['createdAt']
  const later = (at.clock.now + day) as Session['until']
  return { id: 'a'.repeat(64) as Session['id'], person: who(name), label: name, method: 'passkey', authenticatedAt: moment, createdAt: moment, until: later, idleUntil: later }
}

interface Wrong {
  readonly signing?: Partial<SshSigning>
  readonly by?: SshKey
  readonly text?: string
}

/** Asks for a challenge and signs it; what comes back sends the approval. */
async function approval({ signing = {}, by = key, text }: Wrong = {}): Promise<() => Promise<unknown>> {
  const session = sessionOf('cleo')
  const wanted = { purpose: 'approve', id: 'log4j', signed } as const
  const challenge = await people.taps.challenge(session, wanted)
  expect(challenge.factors.ssh).toEqual({ namespace: 'exeat-act@v1' })
  const signature = text ?? by.sign(envelopeBytes(challenge.envelope), { namespace: 'exeat-act@v1', ...signing })
  const tap = people.taps.made(session, wanted, { challenge: challenge.id, proof: { kind: 'ssh', signature } }, '192.0.2.1')
  return () => at.useCases.approve({ ...actorOfSession(session), tap }, 'log4j', signed, newKey())
}
const approve = async (wrong?: Wrong): Promise<unknown> => (await approval(wrong))()

test('approves by a FIDO2 key of OpenSSH that was touched and knew its owner', async () => {
  expect(await approve()).toMatchObject({ evidence: 'user-signed', optOut: { phase: 'approved' } })
})

test.each([
  ['for git', (): Wrong => ({ signing: { namespace: 'git' } })], ['without its owner', (): Wrong => ({ signing: { flags: flag.present } })], ['without a touch', (): Wrong => ({ signing: { flags: flag.verified } })],
  ['of a key that nobody enrolled', (): Wrong => ({ by: sshKey('sk-ed25519') })], ['that claims the key', (): Wrong => ({ by: sshKey('sk-ed25519'), signing: { claimed: key.blob } })],
  ['over something else', (): Wrong => ({ signing: { digest: new Uint8Array(64) } })], ['that is none', (): Wrong => ({ text: 'x' })],
] as const)('attack-02: a signature %s approves nothing, and the way is open to an honest one', async (_, wrong) => {
  await refused(approve(wrong()), 'TAP_WRONG')
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'proposed', approvals: [] })
  expect(await approve()).toMatchObject({ optOut: { phase: 'approved' } })
})

test('attack-01: a forged signature is a wrong try: five lock the person out of every factor', async () => {
  for (let i = 0; i < 5; i++) await refused(approve({ by: sshKey('sk-ed25519') }), 'TAP_WRONG')
  await refused(approve(), 'TRIES_LOCKED')
})

test('a software key is no second factor, enrolled or not', async () => {
  for (const by of [software, sshKey('ed25519'), sshKey('rsa')]) await refused(approve({ by }), 'TAP_WRONG')
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'proposed' })
})

test('attack-15: a counter that goes back is of a copied key: refused, and reported', async () => {
  const [earlier, later] = [await approval(), await approval()]
  expect(await later()).toMatchObject({ optOut: { phase: 'approved' } })
  await refused(earlier(), 'TAP_COUNTER')
  expect(told).toContainEqual(expect.objectContaining({ code: 'TAP_COUNTER' }))
})

test('a key that was removed between the challenge and the act signs nothing', async () => {
  const send = await approval()
  await at.useCases.removeKey(at.person('cleo'), digest, 'lost', newKey())
  await refused(send(), 'TAP_WRONG')
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'proposed', approvals: [] })
})
