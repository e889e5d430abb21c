import { verifyAuthenticationResponse, verifyRegistrationResponse, type AuthenticationResponseJSON, type RegistrationResponseJSON } from '@simplewebauthn/server'
import { expect, test } from 'vitest'
import { createAuthenticator } from '../src/software-authenticator.ts'

const origin = 'https://exeat.acme.example'
const rpId = 'exeat.acme.example'
const challenge = Buffer.alloc(32, 7).toString('base64url')
const wanted = { expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: rpId, requireUserVerification: true } as const

test.each(['ES256', 'EdDSA', 'RS256'] as const)('%s: a registration and an assertion that the library takes', async (algorithm) => {
  const device = createAuthenticator({ origin, rpId, algorithm })
  const made = await verifyRegistrationResponse({ ...wanted, response: device.create({ challenge }) as unknown as RegistrationResponseJSON, supportedAlgorithmIDs: [-7, -8, -257] })
  expect(made).toMatchObject({ verified: true, registrationInfo: { credential: { id: device.id }, userVerified: true, credentialDeviceType: 'singleDevice' } })
  const credential = made.registrationInfo?.credential
  if (credential === undefined) throw new Error('nothing was registered')
  const shown = await verifyAuthenticationResponse({ ...wanted, response: device.get({ challenge }) as unknown as AuthenticationResponseJSON, credential })
  expect(shown).toMatchObject({ verified: true, authenticationInfo: { newCounter: 2, userVerified: true } })
})

test.each([{ origin: 'https://evil.example' }, { rpId: 'evil.example' }, { userVerified: false }, { userPresent: false }, { challenge: Buffer.alloc(32, 8).toString('base64url') }, { type: 'webauthn.create' }, { counter: 1 }])(
  'the library refuses %j', async (twist) => {
    const device = createAuthenticator({ origin, rpId })
    const { registrationInfo } = await verifyRegistrationResponse({ ...wanted, response: device.create({ challenge }) as unknown as RegistrationResponseJSON })
    if (registrationInfo === undefined) throw new Error('nothing was registered')
    await expect(verifyAuthenticationResponse({ ...wanted, response: device.get({ challenge }, twist) as unknown as AuthenticationResponseJSON, credential: registrationInfo.credential })).rejects.toThrow()
  })

test('a key that nobody enrolled does not verify', async () => {
  const device = createAuthenticator({ origin, rpId })
  const { registrationInfo } = await verifyRegistrationResponse({ ...wanted, response: device.create({ challenge }) as unknown as RegistrationResponseJSON })
  if (registrationInfo === undefined) throw new Error('nothing was registered')
  const { verified } = await verifyAuthenticationResponse({ ...wanted, response: device.get({ challenge }, { otherKey: true }) as unknown as AuthenticationResponseJSON, credential: registrationInfo.credential })
  expect(verified).toBe(false)
})
