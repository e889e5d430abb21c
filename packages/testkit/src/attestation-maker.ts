/** A maker of authenticators: a root, an intermediate and leaf certificates for packed attestation (WebAuthn Level 3, §8.2), by the real `openssl`. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How a leaf differs from an honest one. */
export interface LeafTwist {
  /** Hexadecimal; undefined: the extension is left out. */
  readonly aaguid?: string | undefined
  readonly ca?: boolean
  readonly unit?: string
  /** Instants as openssl takes them, `YYYYMMDDHHMMSSZ`. */
  readonly from?: string
  readonly until?: string
  /** Signed by the root itself. */
  readonly direct?: boolean
}

export interface Leaf {
  readonly key: KeyObject
  /** DER, from the leaf to the last one under the root. */
  readonly chain: readonly Uint8Array[]
}

export interface AttestationMaker {
  /** PEM. */
  readonly root: string
  leaf(twist?: LeafTwist): Leaf
}

/** id-fido-gen-ce-aaguid (§8.2.2): an octet string within the extension's own. */
const aaguidLine = (aaguid: string | undefined): string => (aaguid === undefined ? '' : `1.3.6.1.4.1.45724.1.1.4 = DER:0410${aaguid}\n`)
const past = '20200101000000Z'
const future = '20990101000000Z'

export interface MakerOptions {
  readonly openssl: string
  /** Empty, and the caller's to remove. */
  readonly folder: string
  readonly aaguid: string
  /** Whether the certificate between may issue others. */
  readonly intermediateCa?: boolean
  readonly until?: string
}

export function attestationMaker({ openssl, folder, aaguid, intermediateCa = true, until = future }: MakerOptions): AttestationMaker {
  const at = (name: string): string => join(folder, name)
  const run = (...args: string[]): void => { execFileSync(openssl, args, { cwd: folder, stdio: 'pipe' }) }
  let serial = 1
  const issue = (name: string, subject: string, extensions: string, issuer: string | undefined, window: { readonly from: string; readonly until: string }): void => {
    writeFileSync(at('index.txt'), '')
    writeFileSync(at('serial'), `${(serial += 1).toString(16).padStart(4, '0')}\n`)
    writeFileSync(at(`${name}.cnf`), `[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\ndefault_md = sha256\npolicy = any\n[any]\ncountryName = optional\norganizationName = optional\norganizationalUnitName = optional\ncommonName = supplied\n[extensions]\n${extensions}\n[req]\ndistinguished_name = dn\n[dn]\n`)
    run('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}.key`)
    run('req', '-new', '-config', `${name}.cnf`, '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`)
    const by = issuer === undefined ? ['-selfsign', '-keyfile', `${name}.key`] : ['-cert', `${issuer}.pem`, '-keyfile', `${issuer}.key`]
    run('ca', '-batch', '-notext', '-config', `${name}.cnf`, ...by, '-in', `${name}.csr`, '-out', `${name}.pem`, '-extensions', 'extensions', '-startdate', window.from, '-enddate', window.until)
  }
  const der = (name: string): Uint8Array => new Uint8Array(new X509Certificate(readFileSync(at(`${name}.pem`))).raw)
  const authority = 'basicConstraints = critical, CA:true'
  issue('root', '/C=SE/O=Maker/CN=Root', authority, undefined, { from: past, until })
  issue('between', '/C=SE/O=Maker/CN=Between', intermediateCa ? authority : 'basicConstraints = CA:false', 'root', { from: past, until: future })
  let leaves = 0
  return {
    root: readFileSync(at('root.pem'), 'utf8'),
    leaf: (twist = {}) => {
      const name = `leaf${leaves += 1}`
      const stated = 'aaguid' in twist ? twist.aaguid : aaguid
      issue(name, `/C=SE/O=Maker/OU=${twist.unit ?? 'Authenticator Attestation'}/CN=Key`, `basicConstraints = CA:${String(twist.ca ?? false)}\n${aaguidLine(stated)}`, twist.direct === true ? 'root' : 'between', { from: twist.from ?? past, until: twist.until ?? future })
      return { key: createPrivateKey(readFileSync(at(`${name}.key`))), chain: twist.direct === true ? [der(name)] : [der(name), der('between')] }
    },
  }
}
