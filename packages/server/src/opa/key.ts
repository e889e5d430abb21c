/** The key that signs bundles for OPA: ECDSA on P-256, as OPA takes no Ed25519 key. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { serverError } from '../config/codes.ts'
import { stands } from '../config/folder.ts'
import { readSecret, writeSecret } from '../keys/secret.ts'

export interface OpaKey {
  readonly privateKey: KeyObject
  /** PEM of a SubjectPublicKeyInfo: what OPA is given. */
  readonly publicPem: string
}

/** Made where none stands yet: nobody delegates to it, and it signs nothing that another point believes. @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN, DATA_UNWRITABLE */
export function openOpaKey(path: string): OpaKey {
  if (!stands(path)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeSecret(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  }
  const privateKey = keyIn(path)
  if (privateKey?.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw serverError('KEY_UNREADABLE', `\`${path}\` holds no private key on P-256`, 'move it away, and a new one is made; OPA must then be given that')
  return { privateKey, publicPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString() }
}

function keyIn(path: string): KeyObject | undefined {
  const text = readSecret(path)
  try {
    return createPrivateKey(text)
  } catch {
    return undefined
  }
}
