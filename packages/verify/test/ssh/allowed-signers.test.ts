import { type Instant, parseInstant } from '@exeat/core'
import { describe, expect, test } from 'vitest'
import { sshKey } from '../../../testkit/src/ssh-authenticator.ts'
import { gitIdentity, parseAllowedSigners, signerOf } from '../../src/ssh/index.ts'

const file = '.exeat/allowed_signers'
const alice = sshKey('sk-ed25519')
const bob = sshKey('p256')

function problemsOf(text: string): readonly { readonly line: number | undefined; readonly message: string }[] {
  const read = parseAllowedSigners(text, file)
  return read.ok ? [] : read.problems.map(({ code, message, at }) => {
    expect(code).toBe('SIGNERS_INVALID')
    expect(at?.file).toBe(file)
    return { line: at?.line, message }
  })
}

const signersOf = (text: string) => {
  const read = parseAllowedSigners(text, file)
  if (!read.ok) throw new Error(read.problems[0].message)
  return read.signers
}

const at = (text: string): Instant => parseInstant(text) ?? (Number.NaN as Instant)

test('lines name one person each, with comments, blank lines and options between', () => {
  const signers = signersOf(`# who may sign\n\nAlice@Acme.example ${alice.line} her key ring\r\n  bob@acme.example\tnamespaces="exeat-act@v1,git",valid-after="20260101Z",valid-before="202701011230Z" ${bob.line}\n`)
  expect(signers).toMatchObject([
    { principal: 'alice@acme.example', line: 3 },
    { principal: 'bob@acme.example', namespaces: ['exeat-act@v1', 'git'], validAfter: at('2026-01-01T00:00:00Z'), validBefore: at('2027-01-01T12:30:00Z'), line: 4 },
  ])
  expect(signersOf('')).toEqual([])
  expect(gitIdentity('Alice@Acme.example')).toEqual({ iss: 'git', sub: 'alice@acme.example' })
})

describe('a line is refused with its number', () => {
  test.each([
    ['a pattern', `*@acme.example ${alice.line}`, 'is a pattern'],
    ['a question mark', `alic?@acme.example ${alice.line}`, 'is a pattern'],
    ['a negation', `!bob@acme.example,*@acme.example ${alice.line}`, 'is a pattern'],
    ['two principals', `alice@acme.example,bob@acme.example ${alice.line}`, 'names several principals'],
    ['a principal in quotation marks', `"alice@acme.example" ${alice.line}`, 'is no mail address'],
    ['a name that is no address', `alice ${alice.line}`, 'is no mail address'],
    ['an address of two', `alice@acme@example ${alice.line}`, 'is no mail address'],
    ['letters that look like others', `аlice@acme.example ${alice.line}`, 'is no mail address'],
    ['an authority', `alice@acme.example cert-authority ${alice.line}`, '`cert-authority` is refused'],
    ['an authority among options', `alice@acme.example namespaces="git",cert-authority ${alice.line}`, '`cert-authority` is refused'],
    ['an unknown option', `alice@acme.example verify-required ${alice.line}`, 'is no option'],
    ['a prototype\'s name as an option', `alice@acme.example __proto__=x ${alice.line}`, 'is no option'],
    ['an option twice', `alice@acme.example namespaces="git",NAMESPACES="file" ${alice.line}`, 'stands twice'],
    ['a namespace by pattern', `alice@acme.example namespaces="exeat-*" ${alice.line}`, 'is no namespace'],
    ['an empty list of namespaces', `alice@acme.example namespaces="" ${alice.line}`, 'is no namespace'],
    ['a local time', `alice@acme.example valid-after="20260101" ${alice.line}`, 'is no time in UTC'],
    ['a local time of day', `alice@acme.example valid-before="202601011200" ${alice.line}`, 'is no time in UTC'],
    ['a date that is none', `alice@acme.example valid-after="20260231Z" ${alice.line}`, 'is no time in UTC'],
    ['an hour that is none', `alice@acme.example valid-after="202601012400Z" ${alice.line}`, 'is no time in UTC'],
    ['a time without value', `alice@acme.example valid-after ${alice.line}`, 'quotation marks'],
    ['a value without quotation marks', `alice@acme.example valid-after=20260101Z ${alice.line}`, 'quotation marks'],
    ['a validity that is over before it begins', `alice@acme.example valid-after="20270101Z",valid-before="20270101Z" ${alice.line}`, ': never'],
    ['no key', 'alice@acme.example', 'ends before the key'],
    ['a type alone', 'alice@acme.example ssh-ed25519', 'ends before the key'],
    ['a key that is not base64', 'alice@acme.example ssh-ed25519 AAAA!', 'not base64'],
    ['a key cut off', `alice@acme.example ${alice.line.slice(0, -8)}`, 'ends too early'],
    ['another type than the key\'s', `alice@acme.example ssh-ed25519 ${alice.line.split(' ')[1] ?? ''}`, 'is of type'],
    ['a DSA key', 'alice@acme.example ssh-dss AAAAB3NzaC1kc3MAAAAA', 'not accepted'],
    ['an open quotation mark', `alice@acme.example namespaces="git ${alice.line}`, 'never closed'],
    ['a control character', `alice@acme.example ${alice.line} \u001b[2J`, 'control characters'],
  ])('%s', (_, line, message) => {
    const problems = problemsOf(`# one\nbob@acme.example ${bob.line}\n${line}\n`)
    expect(problems).toMatchObject([{ line: 3 }])
    expect(problems[0]?.message).toContain(message)
  })

  test('a key of two people, and all wrong lines at once', () => {
    const problems = problemsOf(`alice@acme.example ${alice.line}\nbob@acme.example ${alice.line}\ncarol ${bob.line}\n`)
    expect(problems.map(({ line }) => line)).toEqual([2, 3])
    expect(problems[0]?.message).toContain('stands at line 1 as that of `alice@acme.example`')
  })

  test('a file beyond all measure', () => { expect(problemsOf('#'.repeat(1024 * 1024 + 1))).toHaveLength(1) })
})

describe('the signer of a key', () => {
  const [day, nextDay] = [at('2026-06-01T00:00:00Z'), at('2026-06-02T00:00:00Z')]
  const code = (text: string, key = alice, namespace = 'exeat-act@v1', instants: readonly Instant[] = [day]) => {
    const found = signerOf(signersOf(text), key, namespace, instants)
    return found.ok ? found.value.principal : found.problem.code
  }

  test('is found by key, namespace and time', () => {
    expect(code(`alice@acme.example ${alice.line}`)).toBe('alice@acme.example')
    expect(code(`alice@acme.example namespaces="git,exeat-act@v1" ${alice.line}`)).toBe('alice@acme.example')
    expect(code(`alice@acme.example valid-after="20260601Z",valid-before="20260602Z" ${alice.line}`)).toBe('alice@acme.example')
    expect(code(`alice@acme.example namespaces="git" ${alice.line}\nALICE@acme.example namespaces="exeat-act@v1" ${alice.line}`)).toBe('alice@acme.example')
  })

  test.each([
    ['another key', `alice@acme.example ${bob.line}`, [day]],
    ['another namespace', `alice@acme.example namespaces="git" ${alice.line}`, [day]],
    ['expired', `alice@acme.example valid-before="20260601Z" ${alice.line}`, [day]],
    ['not yet valid', `alice@acme.example valid-after="20260602Z" ${alice.line}`, [day]],
    ['expired since it signed', `alice@acme.example valid-before="20260602Z" ${alice.line}`, [day, nextDay]],
    ['at no instant', `alice@acme.example valid-after="20260101Z" ${alice.line}`, [Number.NaN as Instant]],
  ])('is nobody: %s', (_, text, instants) => { expect(code(text, alice, 'exeat-act@v1', instants)).toBe('ACT_SIGNER') })
})
