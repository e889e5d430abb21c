/** The second factor beside an act. */
import * as z from 'zod'
import { base64url } from '../entry/evidence.ts'

/** WebAuthn's own JSON (Level 3, §5.1.8 to §5.1.10); its library checks what is within. */
export const webauthnJson = z.record(z.string(), z.unknown())
export const id = base64url(64)

/** What came of it. Stands beside the act that it was made for, and is good for that one alone, once. */
export const tapSchema = z.strictObject({
  challenge: id,
  proof: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('webauthn'), response: webauthnJson }),
    z.strictObject({ kind: z.literal('totp'), code: z.string().regex(/^[0-9]{6,8}$/) }),
    z.strictObject({ kind: z.literal('ssh'), signature: z.string().max(8192) }),
    /** The provider's answer came by the browser, and waits at the challenge. */
    z.strictObject({ kind: z.literal('oidc') }),
  ]),
}).meta({ id: 'Tap' })
