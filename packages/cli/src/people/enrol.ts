/** Keys and who vouches for them. */
import { randomBytes } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { formatInstant, type Instant, parseInstant } from '@exeat/core'
import { credentialDigest, foundersIssuer, rootVouchMessage, sshEnrolMessage, sshEnrolNamespace } from '@exeat/core/enrolment'
import { localIssuer } from '@exeat/core/entry'
import { comparisonCode, type EnrolEnvelope, envelopeDigest } from '@exeat/core/envelope'
import type { People } from '@exeat/core/wire'
import { parseSignerKey, type SignerKey } from '@exeat/log'
import type { ApiClient } from '@exeat/client'
import { type ActFlags, acting, readingClient, type ServerFlags } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { sha256 } from '../log/crypto.ts'
import { readKeyFile, signWithKeygen } from '../ssh/keygen.ts'
import { oneLine, shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { stylesFor } from '../text/style.ts'
import { row } from '../acts/page.ts'
import { readWithin } from '../trust/files.ts'

type Enrolment = People['enrolmentSchema']
export type VouchFlags = ActFlags & { readonly rootKey?: string }

/** @throws {ApiError}; {ExeatError} USAGE */
export async function invite(name: string, flags: ActFlags, io: Io): Promise<void> {
  const { client, key } = acting(flags, io)
  const link = await client.link({ person: { iss: localIssuer, sub: name }, label: name }, key)
  if (flags.format === 'json') {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'EnrolmentLink', ...link })}\n`)
    return
  }
  io.stdout.write(`${stylesFor(io.stdout, io.env).bold(shown(link.url))}\n\nFor ${shown(name)} alone, once, until ${told(link.expiresAt)}; hand it over by a way that you trust.\n`)
}

/** Enrols an SSH security key of whoever signed in; it signs that it is held here. @throws {ApiError}; {ExeatError} USAGE, SSH_*, NOT_SIGNED_IN */
export async function add(keyFile: string, { label, ...flags }: ActFlags & { readonly label?: string }, io: Io): Promise<void> {
  const { client, key, session } = acting(flags, io)
  if (session === undefined) throw cliError('USAGE', '`--actor` is a typed name, and keys are enrolled by whoever signed in', 'sign in: exeat login --server https://HOST, and leave `--actor` out')
  const publicKey = Buffer.from(readKeyFile(keyFile, io).blob).toString('base64url')
  const digest = credentialDigest(session.person, { kind: 'ssh', publicKey }, sha256)
  const signature = await signWithKeygen(keyFile, sshEnrolNamespace, sshEnrolMessage(digest), io)
  const enrolled = await client.enrolSsh({ publicKey, signature: Buffer.from(signature).toString('utf8'), label: label ?? basename(keyFile) }, key)
  if (enrolled.credential !== digest) throw cliError('SHOWN_DIFFERS', `the server says that it enrolled the key \`${enrolled.credential}\`, and \`${digest}\` was sent`, 'nobody should vouch for it; ask whoever keeps the server')
  say('ENROLLED', enrolled, flags, io)
}

/** @throws {ApiError}; {ExeatError} SHOWN_DIFFERS */
export async function list(flags: ServerFlags, io: Io): Promise<void> {
  const items = (await readingClient(flags, io).enrolments()).items.map(compared)
  if (flags.format === 'json') {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'Enrolments', items })}\n`)
    return
  }
  const people = items.filter(({ person }) => person !== null)
  io.stdout.write(people.length === 0 ? 'nobody has enrolled a key\n' : `${people.map((each) => page(each, io)).join('\n\n')}\n`)
}

/** With the code that is made here, of the very key that the server shows. @throws {ExeatError} SHOWN_DIFFERS */
function compared(enrolment: Enrolment): Enrolment {
  const { person, detail, kind, credential } = enrolment
  if (detail.kind === kind && credentialDigest(person ?? undefined, detail, sha256) === credential) return { ...enrolment, code: comparisonCode(credential) }
  throw cliError('SHOWN_DIFFERS', `the key that the server shows as \`${credential}\` has another digest than it states`, 'nothing was signed; ask whoever keeps the server')
}

function page({ person, label, kind, code, credential, index, addedAt, vouchedBy, removedAt, countsFrom }: Enrolment, io: Io): string {
  const styles = stylesFor(io.stdout, io.env)
  const { columns } = io.stdout
  const standing = removedAt !== undefined ? styles.bad(`removed ${told(removedAt)}`) : countsFrom === null ? styles.warn(vouchedBy.length === 0 ? 'does not count: nobody who counts has vouched for it' : 'does not count: more of those who govern must vouch for it') : countsText(countsFrom, io)
  return [
    `${styles.bold(shown(person?.sub ?? ''))} (${shown(person?.iss ?? '')})  ${standing}`,
    row('key', `${oneLine(label)}, ${kind}, entry ${index}, ${told(addedAt)}`, columns),
    ...(vouchedBy.length === 0 ? [] : [row('vouched by', vouchedBy.map(({ by, root }) => `${shown(by.sub)}${root ? ' (founder)' : ''}`).join(', '), columns)]),
    row('compare', code, columns), row('digest', credential, columns),
  ].join('\n')
}

function countsText(from: string, io: Io): string {
  const instant = parseInstant(from)
  const { good, warn } = stylesFor(io.stdout, io.env)
  return instant !== undefined && instant <= io.now ? good('counts') : warn(`counts from ${told(from)} on${instant === undefined ? '' : ` (${fromNow(instant, io.now)})`}`)
}

/** @throws {ApiError}; {ExeatError} USAGE, KEY_NOT_LISTED, ROOT_KEY, SHOWN_DIFFERS */
export async function vouch(word: string, flags: VouchFlags, io: Io): Promise<void> {
  const root = flags.rootKey === undefined ? undefined : await rootKey(flags.rootKey, io)
  const { session, ...by } = acting(flags, io)
  const { client, key } = by
  const enrolment = await named(word, client)
  const { person, credential } = enrolment
  if (person === null) throw cliError('KEY_NOT_LISTED', `\`${credential}\` is the key of an identity provider, and nobody vouches for it`, '`exeat enrol list` shows the keys of people')
  if (root === undefined) {
    if (session === undefined) throw cliError('USAGE', 'a typed name vouches for nobody', 'name a founder\'s key: --root-key FILE; or sign in, and vouch with your own key: --server https://HOST')
    io.stderr.write(`${page(enrolment, io)}\n\n`)
    const { tapInBrowser } = await import('./tapped.ts')
    await tapInBrowser({ ...by, session, wanted: { purpose: 'enrol', credential }, stated: { about: credential }, command: `exeat enrol vouch ${comparisonCode(credential)}` }, io)
    say('VOUCHED', await named(credential, client), flags, io)
    return
  }
  const { workspace } = await client.status()
  const envelope: EnrolEnvelope = {
    schema: 'exeat/act/v1', purpose: 'enrol', workspace, about: credential, actor: { iss: foundersIssuer, sub: root.name },
    nonce: randomBytes(16).toString('hex'), at: Date.now() as Instant,
  }
  const { signerOf } = await import('@exeat/server')
  const signature = signerOf(root.seed)(root.seed, rootVouchMessage(envelopeDigest(envelope, sha256)))
  say('VOUCHED', await client.vouch(credential, { envelope, root: { kind: 'root', name: root.name, signature: Buffer.from(signature).toString('base64url') } }, key), flags, io)
}

/** @throws {ApiError}; {ExeatError} USAGE, KEY_NOT_LISTED, SHOWN_DIFFERS */
export async function remove(word: string, flags: ActFlags & { readonly reason: string }, io: Io): Promise<void> {
  const { client, key } = acting(flags, io)
  const { credential } = await named(word, client)
  say('REMOVED', await client.removeKey(credential, flags.reason, key), flags, io)
}

/** @throws {ExeatError} SHOWN_DIFFERS */
function say(done: string, answered: Enrolment, { format }: ServerFlags, io: Io): void {
  const enrolment = compared(answered)
  io.stdout.write(format === 'json' ? `${JSON.stringify({ schemaVersion: 1, kind: 'EnrolmentResult', enrolment })}\n` : `${stylesFor(io.stdout, io.env).good(done)}\n\n${page(enrolment, io)}\n`)
}

/** By digest or comparison code; the code is made here, of what the server shows. @throws {ExeatError} KEY_NOT_LISTED, SHOWN_DIFFERS */
async function named(word: string, client: ApiClient): Promise<Enrolment> {
  const plain = (text: string): string => text.toUpperCase().replaceAll(/[^0-9A-Z]/g, '')
  const { items } = await client.enrolments()
  const found = items.filter(({ credential }) => credential === word || plain(comparisonCode(credential)) === plain(word))
  const [first] = found
  if (first !== undefined && found.length === 1) return compared(first)
  throw cliError('KEY_NOT_LISTED', `no key of the digest or code \`${word}\` is enrolled`, '`exeat enrol list` shows them')
}

/** @throws {ExeatError} ROOT_KEY */
async function rootKey(path: string, io: Io): Promise<SignerKey> {
  const wrong = (because: string): Error => cliError('ROOT_KEY', `\`${path}\` is no founder's key: ${because}`, 'name the file that `exeat init --server` wrote for the founder')
  let text: string
  try {
    const bytes = readWithin(resolve(io.cwd, path), 4096)
    if (bytes === undefined) throw wrong('there is no such file')
    text = Buffer.from(bytes).toString('utf8').trim()
  } catch (cause) {
    throw cause instanceof Error && 'problems' in cause ? cause : wrong(systemReason(cause))
  }
  const { publicKeyOf } = await import('@exeat/server')
  const key = parseSignerKey(sha256, publicKeyOf, text)
  if (!key.ok) throw wrong(key.problem.message)
  return key.value
}

const told = (text: string): string => {
  const instant = parseInstant(text)
  return instant === undefined ? shown(text) : formatInstant((Math.floor(instant / 1000) * 1000) as Instant)
}
