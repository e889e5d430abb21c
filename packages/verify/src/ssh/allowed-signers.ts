/**
 * `.exeat/allowed_signers`: whose SSH keys are whose. The form is that of ssh-keygen(1), ALLOWED SIGNERS, so that git and ssh-keygen read the same file; what
 * would leave a doubt about who somebody is, or when, is refused here: patterns, several principals a line, authorities, times without a zone.
 */
import { type Identity, type Instant, formatInstant, parseInstant } from '@exeat/core'
import { type Answer, ok, refuse, type VerifyProblem } from '../codes.ts'
import { equal } from './bytes.ts'
import { parsePublicKey, type SshPublicKey } from './key.ts'

export interface AllowedSigner {
  /** A mail address in lower case: one person, however many keys. */
  readonly principal: string
  readonly key: SshPublicKey
  /** Absent: any. */
  readonly namespaces?: readonly string[]
  /** Half-open: from `validAfter` on, and before `validBefore`. */
  readonly validAfter?: Instant
  readonly validBefore?: Instant
  readonly line: number
}

export type ParsedSigners =
  | { readonly ok: true; readonly signers: readonly AllowedSigner[] }
  | { readonly ok: false; readonly problems: readonly [VerifyProblem, ...VerifyProblem[]] }

/** Issuer of those whom git and the protected branch name: their `sub` is a mail address, in lower case. */
export const gitIssuer = 'git'
export const gitIdentity = (address: string): Identity => ({ iss: gitIssuer, sub: address.toLowerCase() })

const largestFile = 1024 * 1024

/** Every wrong line with its number (`SIGNERS_INVALID`); an empty file names nobody. */
export function parseAllowedSigners(text: string, file: string): ParsedSigners {
  if (text.length > largestFile) return { ok: false, problems: [wrong(file, 1, `the file has more than ${largestFile} characters`)] }
  const signers: AllowedSigner[] = []
  const problems: VerifyProblem[] = []
  for (const [index, each] of text.split('\n').entries()) {
    const content = each.replace(/\r$/, '').trim()
    if (content === '' || content.startsWith('#')) continue
    const line = index + 1
    const read = readLine(content, line)
    const other = read.ok ? signers.find(({ key, principal }) => equal(key.blob, read.value.key.blob) && principal !== read.value.principal) : undefined
    if (!read.ok) problems.push(wrong(file, line, read.problem.message, read.problem.hint))
    else if (other !== undefined) problems.push(wrong(file, line, `the key of \`${read.value.principal}\` stands at line ${other.line} as that of \`${other.principal}\``, 'one key is one person\'s: remove one of the lines'))
    else signers.push(read.value)
  }
  const [first, ...more] = problems
  return first === undefined ? { ok: true, signers } : { ok: false, problems: [first, ...more.slice(0, 99)] }
}

const wrong = (file: string, line: number, message: string, hint?: string): VerifyProblem =>
  ({ code: 'SIGNERS_INVALID', message, ...(hint === undefined ? {} : { hint }), at: { file, line, column: 1 } })

const invalid = (message: string, hint?: string) => refuse('SIGNERS_INVALID', message, hint)

/** `principal [options] type base64 [comment]` */
function readLine(content: string, line: number): Answer<AllowedSigner> {
  if (/\p{Cc}/u.test(content.replaceAll('\t', ' '))) return invalid('the line holds control characters')
  const words = wordsOf(content)
  if (words === undefined) return invalid('a quotation mark is never closed')
  const [name = '', second = '', ...rest] = words
  const principal = readPrincipal(name)
  if (!principal.ok) return principal
  const isType = /^(?:sk-)?(?:ssh|ecdsa)-/.test(second)
  const [type = '', base64 = ''] = isType ? [second, ...rest] : rest
  const options = isType ? ok({}) : readOptions(second)
  if (!options.ok) return options
  if (base64 === '') return invalid('the line ends before the key', 'write `alice@acme.example sk-ssh-ed25519@openssh.com AAAA…`')
  const key = parsePublicKey(type, base64)
  return key.ok ? ok({ principal: principal.value, key: key.value, line, ...options.value }) : key
}

/** Words between blanks; blanks between quotation marks do not part. Undefined where a mark is left open. */
function wordsOf(content: string): readonly string[] | undefined {
  const words = content.match(/(?:[^\s"]|"[^"]*")+/g) ?? []
  return (content.split('"').length - 1) % 2 === 0 ? words : undefined
}

function readPrincipal(name: string): Answer<string> {
  if (/[*?!]/.test(name)) return invalid(`\`${name.slice(0, 200)}\` is a pattern, and a key is one person's`, 'write the person\'s mail address')
  if (name.includes(',')) return invalid(`\`${name.slice(0, 200)}\` names several principals, and a key is one person's`, 'keep the one address that the person commits with')
  if (!/^[^@\s"]{1,200}@[^@\s"]{1,200}$/.test(name) || !/^[!-~]+$/.test(name)) {
    return invalid(`\`${name.slice(0, 200)}\` is no mail address, so nobody could tell whether its owner wrote what is approved`, 'write the address that the person commits with')
  }
  return ok(name.toLowerCase())
}

type Options = Partial<Pick<AllowedSigner, 'namespaces' | 'validAfter' | 'validBefore'>>

function readOptions(text: string): Answer<Options> {
  const found = new Map<string, string>()
  for (const each of text.match(/(?:[^,"]|"[^"]*")+/g) ?? []) {
    const [, name = '', value] = /^([a-z-]+)(?:=(.*))?$/i.exec(each) ?? []
    const key = name.toLowerCase()
    if (key === 'cert-authority') return invalid('certificates are not read, and `cert-authority` is refused', 'list each key')
    if (!['namespaces', 'valid-after', 'valid-before'].includes(key)) return invalid(`\`${each.slice(0, 80)}\` is no option of a signer, and no type of key`, 'options are `namespaces=`, `valid-after=` and `valid-before=`')
    if (found.has(key)) return invalid(`\`${key}\` stands twice`)
    const quoted = /^"(.*)"$/.exec(value ?? '')?.[1]
    if (quoted === undefined) return invalid(`the value of \`${key}\` does not stand in quotation marks, and ssh-keygen would refuse it`, `write \`${key}="…"\``)
    found.set(key, quoted)
  }
  return checkedOptions(found)
}

function checkedOptions(found: ReadonlyMap<string, string>): Answer<Options> {
  const listed = found.get('namespaces')?.split(',')
  const unusable = listed?.find((name) => !/^[!-~]+$/.test(name) || /[*?!"]/.test(name))
  if (unusable !== undefined) return invalid(`\`${unusable.slice(0, 80)}\` is no namespace`, 'write their names, without patterns: `namespaces="exeat-act@v1,git"`')
  const after = readTime('valid-after', found)
  if (!after.ok) return after
  const before = readTime('valid-before', found)
  if (!before.ok) return before
  if (after.value !== undefined && before.value !== undefined && !(after.value < before.value)) {
    return invalid(`the key is valid from ${formatInstant(after.value)} and no longer from ${formatInstant(before.value)}: never`)
  }
  return ok({
    ...(listed === undefined ? {} : { namespaces: listed }),
    ...(after.value === undefined ? {} : { validAfter: after.value }),
    ...(before.value === undefined ? {} : { validBefore: before.value }),
  })
}

/** `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ`. Without the Z it would mean another instant on another machine. */
function readTime(name: string, found: ReadonlyMap<string, string>): Answer<Instant | undefined> {
  const text = found.get(name)
  if (text === undefined) return ok(undefined)
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z$/.exec(text)
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = match ?? []
  const instant = match === null ? undefined : parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (instant !== undefined) return ok(instant)
  return invalid(`\`${name}="${text.slice(0, 80)}"\` is no time in UTC`, 'write `"20270101Z"` or `"202701011200Z"`, with the Z')
}

/** The signer whose key it is, for this namespace and at all of these instants. `ACT_SIGNER` */
export function signerOf(signers: readonly AllowedSigner[], key: Pick<SshPublicKey, 'blob'>, namespace: string, instants: readonly Instant[]): Answer<AllowedSigner> {
  const own = signers.filter((signer) => equal(signer.key.blob, key.blob))
  const [any] = own
  if (any === undefined) return refuse('ACT_SIGNER', 'the key that signed is listed for nobody in `.exeat/allowed_signers`')
  const named = own.filter(({ namespaces }) => namespaces === undefined || namespaces.includes(namespace))
  const [one] = named
  if (one === undefined) return refuse('ACT_SIGNER', `the key of \`${any.principal}\` is not listed for \`${namespace}\``)
  const found = named.find(({ validAfter, validBefore }) => instants.every((instant) => (validAfter === undefined || validAfter <= instant) && (validBefore === undefined || instant < validBefore)))
  return found === undefined ? refuse('ACT_SIGNER', `the key of \`${any.principal}\` is valid ${validity(one)}, which leaves out ${instants.map(told).join(' or ')}`) : ok(found)
}

const told = (instant: Instant): string => (Number.isSafeInteger(instant) ? formatInstant(instant) : 'no instant')

function validity({ validAfter, validBefore }: AllowedSigner): string {
  return [...(validAfter === undefined ? [] : [`from ${formatInstant(validAfter)}`]), ...(validBefore === undefined ? [] : [`until ${formatInstant(validBefore)}`])].join(' ')
}
