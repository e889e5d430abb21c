/** Signed decisions: the honest one holds, and each lie is refused under its own code. */
import fc from 'fast-check'
import { type Instant, utf8 } from '@exeat/core'
import { encodeBase64, type SignerKey } from '@exeat/log'
import { describe, expect, test } from 'vitest'
import {
  bundleType, type DecisionContext, decisionSchema, decisionType, type Dsse, largestDecision, longestDecision, type SignedDecision, signDsse, verifyDecision,
} from '../../src/index.ts'
import { delegation, keys, origin, pins, sign, signed, tools } from '../delegation/support.ts'

const start = Date.UTC(2026, 10, 22, 10) as Instant
const at = (after: number): Instant => (start + after) as Instant
const minute = 60_000
const digest = (letter: string): string => letter.repeat(64)
const commit = '1'.repeat(40)
const workflow = { ref: 'acme/ci/.github/workflows/gate.yaml@refs/heads/main', sha: '2'.repeat(40) }

const decision = (over: Partial<SignedDecision> = {}): SignedDecision => ({
  schema: 'exeat/decision/v1', workspace: 'acme', origin, issuedAt: start, notAfter: at(10 * minute), nonce: null, preview: false,
  caller: { kind: 'workload', provider: 'github', subject: 'repo:acme/payments', refProtected: true, workflow },
  facts: {
    repository: { value: { name: 'acme/payments', id: '1001' }, provenance: 'verified', from: 'token of `github`' },
    commit: { value: commit, provenance: 'verified', from: 'token of `github`' },
    environment: { value: 'production', provenance: 'verified', from: 'token of `github`' },
  },
  reports: [{ name: 'trivy.json', digest: digest('a') }, { name: 'grype.json', digest: digest('b') }],
  governance: { ref: 'refs/heads/main', commit: '0'.repeat(40) }, bundle: { content: digest('c'), size: 7 }, delegation: signed(delegation()),
  decisions: [
    { fingerprint: digest('d'), control: 'trivy/CVE-1', outcome: 'excused', reasons: ['OPTOUT_APPLIES'], optOut: { name: 'log4j', uid: digest('e'), until: at(60 * minute), evidence: 'user-signed' } },
    { fingerprint: digest('f'), control: 'trivy/CVE-2', outcome: 'passed', reasons: ['BELOW_THRESHOLD'] },
  ],
  blocks: [], summary: { outcome: 'passed', findings: 2, passed: 1, excused: 1, blocked: 0, blocks: 0, shadow: 0, evidence: 'user-signed' }, exit: 0,
  ...over,
})

const plainOf = (made: SignedDecision): object => decisionSchema.encode(made)
const sealed = (payload: unknown, by: readonly SignerKey[] = [keys.bundle], type = decisionType): Dsse =>
  signDsse(type, utf8(typeof payload === 'string' ? payload : JSON.stringify(payload)), by, sign)
const bytesOf = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8'))

const run = (over: Partial<DecisionContext> = {}): DecisionContext => ({
  now: at(minute), repository: '1001', commit, environment: 'production', reports: [digest('a'), digest('b')], proven: true, ...over,
})
const { environment: _named, ...nowhere } = run()

const judged = (value: unknown, context: DecisionContext = run()): string => {
  const answer = verifyDecision(bytesOf(value), pins(), context, tools)
  if (answer.ok) return 'holds'
  expect(answer.problem.message).toMatch(/^\P{Cc}*[^.\p{Cc}]$/u)
  return answer.problem.code
}
/** Members by path, set to what no type allows; undefined takes one away. */
type Edits = Readonly<Record<string, unknown>>
const changed = (edits: Edits): Dsse => {
  const payload = structuredClone(plainOf(decision()))
  for (const [path, value] of Object.entries(edits)) {
    const keys = path.split('.')
    const last = keys.pop() ?? ''
    const parent = keys.reduce<object>((object, key) => Reflect.get(object, key) as object, payload)
    if (value === undefined) Reflect.deleteProperty(parent, last)
    else Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true })
  }
  return sealed(payload)
}
const honest = sealed(plainOf(decision()))

describe('an honest decision', () => {
  test('holds for its run, and says what it says', () => {
    const answer = verifyDecision(bytesOf(honest), pins(), run(), tools)
    expect(answer).toEqual({ ok: true, value: { decision: decision(), epoch: 1, singleFounder: false } })
  })
  test('holds until its end, and not at it', () => {
    expect(judged(honest, run({ now: at(10 * minute - 1) }))).toBe('holds')
    expect(judged(honest, run({ now: at(10 * minute) }))).toBe('DECISION_STALE')
  })
  test('holds on a clock that is a minute behind, and on none that is further', () => {
    expect(judged(honest, run({ now: at(-minute) }))).toBe('holds')
    expect(judged(honest, run({ now: at(-minute - 1) }))).toBe('DECISION_NOT_YET')
  })
  test('the order of reports says nothing', () => { expect(judged(honest, run({ reports: [digest('b'), digest('a')] }))).toBe('holds') })
  test('answers the nonce of its request', () => { expect(judged(sealed(plainOf(decision({ nonce: 'ab'.repeat(16) }))), run({ nonce: 'ab'.repeat(16) }))).toBe('holds') })
  test('of a log and key as new as those seen', () => { expect(judged(honest, run({ last: { size: 7, epoch: 1 } }))).toBe('holds') })
  test('by a workflow that may ask', () => { expect(judged(honest, run({ workflows: ['3'.repeat(40), workflow.sha] }))).toBe('holds') })
  test('of a run without an environment', () => {
    const { environment: _environment, ...facts } = decision().facts
    expect(judged(sealed(plainOf(decision({ facts }))), nowhere)).toBe('holds')
  })
  test('that blocks is honest too: its exit is for the reader', () => {
    expect(judged(changed({
      'decisions.0': { fingerprint: digest('d'), control: 'trivy/CVE-1', outcome: 'blocked', reasons: ['NO_OPTOUT'] },
      'summary.outcome': 'blocked', 'summary.excused': 0, 'summary.blocked': 1, exit: 2,
    }))).toBe('holds')
  })
})

describe('a decision for something else', () => {
  test.each([
    ['repository', { repository: '1002' }], ['commit', { commit: '9'.repeat(40) }], ['environment', { environment: 'staging' }],
  ])('of another %s', (_, over) => { expect(judged(honest, run(over))).toBe('DECISION_OTHER_RUN') })
  test('of an environment, where the run names none', () => { expect(judged(honest, nowhere)).toBe('DECISION_OTHER_RUN') })
  test.each([
    ['another report', [digest('a'), digest('c')]], ['one left out', [digest('a')]], ['one more', [digest('a'), digest('b'), digest('b')]], ['one twice', [digest('a'), digest('a')]], ['none', []],
  ])('%s', (_, reports) => { expect(judged(honest, run({ reports }))).toBe('DECISION_OTHER_REPORTS') })
  test('of another workspace or log', () => {
    expect(judged(changed({ workspace: 'other' }))).toBe('DECISION_OTHER_LOG')
    expect(judged(changed({ origin: 'log.other.example' }))).toBe('DECISION_OTHER_LOG')
  })
  test('to another request, or to none', () => {
    expect(judged(honest, run({ nonce: 'ab'.repeat(16) }))).toBe('DECISION_NONCE')
    expect(judged(sealed(plainOf(decision({ nonce: 'cd'.repeat(16) }))), run({ nonce: 'ab'.repeat(16) }))).toBe('DECISION_NONCE')
  })
})

describe('a decision of another time', () => {
  test('claims more than ten minutes', () => { expect(judged(sealed(plainOf(decision({ notAfter: at(longestDecision + 1) }))))).toBe('DECISION_TOO_LONG') })
  test('outlives the opt-out that it rests on', () => {
    expect(judged(changed({ 'decisions.0.optOut.until': '2026-11-22T10:09:59.999Z' }))).toBe('DECISION_TOO_LONG')
    expect(judged(changed({ 'decisions.0.optOut.until': '2026-11-22T10:10:00.000Z' }))).toBe('holds')
  })
  test.each([Number.NaN, Infinity, -Infinity, 1.5])('a clock that says %s', (now) => { expect(judged(honest, run({ now: now as Instant }))).toBe('DECISION_NOT_YET') })
  test('over before it began', () => { expect(judged(sealed(plainOf(decision({ notAfter: at(-1) }))))).toBe('DECISION_STALE') })
  test('on an older log, or by a key that was replaced', () => {
    expect(judged(honest, run({ last: { size: 8, epoch: 1 } }))).toBe('DECISION_ROLLBACK')
    expect(judged(honest, run({ last: { size: 7, epoch: 2 } }))).toBe('DECISION_ROLLBACK')
    expect(judged(honest, run({ last: { size: Number.NaN, epoch: 1 } }))).toBe('DECISION_ROLLBACK')
  })
})

describe('a decision that proves too little', () => {
  test('a preview grants nothing, whatever is asked', () => { expect(judged(sealed(plainOf(decision({ preview: true }))), run({ proven: false }))).toBe('DECISION_PREVIEW') })
  test.each(['repository', 'commit', 'environment'] as const)('whose %s was typed', (name) => {
    const typed = changed({ [`facts.${name}.provenance`]: 'asserted' })
    expect(judged(typed)).toBe('DECISION_UNPROVEN')
    expect(judged(typed, run({ proven: false }))).toBe('holds')
  })
  test('asked for at the socket', () => {
    const typed = sealed(plainOf(decision({ caller: { kind: 'operator' } })))
    expect(judged(typed)).toBe('DECISION_UNPROVEN')
    expect(judged(typed, run({ proven: false }))).toBe('holds')
    expect(judged(typed, run({ proven: false, workflows: [workflow.sha] }))).toBe('DECISION_UNPROVEN')
  })
  test('asked for by another workflow, or by none', () => {
    expect(judged(honest, run({ workflows: ['3'.repeat(40)] }))).toBe('DECISION_UNPROVEN')
    expect(judged(honest, run({ workflows: [] }))).toBe('DECISION_UNPROVEN')
    expect(judged(changed({ 'caller.workflow': undefined }), run({ workflows: [workflow.sha] }))).toBe('DECISION_UNPROVEN')
  })
})

describe('a decision that nobody signed', () => {
  test('by another key, of the same name or not', () => {
    expect(judged(sealed(plainOf(decision()), [keys.bundle2]))).toBe('DSSE_UNSIGNED')
    expect(judged(sealed(plainOf(decision()), [keys.webhook]))).toBe('DSSE_UNSIGNED')
    expect(judged({ ...honest, signatures: honest.signatures.map(({ keyid }) => ({ keyid, sig: encodeBase64(new Uint8Array(64)) })) })).toBe('DSSE_SIGNATURE')
  })
  test('a bundle, or a delegation, is none', () => {
    expect(judged(sealed(plainOf(decision()), [keys.bundle], bundleType))).toBe('DSSE_MALFORMED')
    expect(judged({ ...honest, payloadType: bundleType })).toBe('DSSE_MALFORMED')
    expect(judged(signed(delegation()))).toBe('DECISION_UNREADABLE')
  })
  test('whose delegation is of another log or workspace, by too few, or missing', () => {
    const by = (made: Dsse) => sealed(plainOf(decision({ delegation: made })))
    expect(judged(by(signed(delegation({ origin: 'log.other.example' }))))).toBe('DELEGATION_INVALID')
    expect(judged(by(signed(delegation({ workspace: 'other' }))))).toBe('DELEGATION_INVALID')
    expect(judged(by(signed(delegation(), [keys.alice])))).toBe('DELEGATION_UNSIGNED')
    expect(judged(changed({ delegation: undefined }))).toBe('DECISION_UNREADABLE')
  })
  test('changed after it was signed', () => {
    const payload = Buffer.from(honest.payload, 'base64').toString('utf8').replace('"exit":0', '"exit":2')
    expect(judged({ ...honest, payload: encodeBase64(utf8(payload)) })).toBe('DSSE_SIGNATURE')
  })
})

describe('bytes that are no decision', () => {
  test.each(['', '{', '[]', 'null', '{"payloadType":1}', '\u{feff}{}'])('%j', (text) => { expect(judged(text)).toBe('DSSE_MALFORMED') })
  test('truncated anywhere', () => {
    const whole = JSON.stringify(honest)
    for (let length = 0; length < whole.length; length += 97) expect(judged(whole.slice(0, length))).toBe('DSSE_MALFORMED')
  })
  test('huge', () => { expect(verifyDecision(new Uint8Array(largestDecision + 1), pins(), run(), tools)).toMatchObject({ ok: false, problem: { code: 'DECISION_TOO_LARGE' } }) })
  test.each<readonly [string, Edits]>([
    ['another schema', { schema: 'exeat/bundle/v1' }],
    ['a member more', { more: 1 }],
    ['a member of a prototype', { ['__proto__']: { exit: 0 } }],
    ['no reports', { reports: [] }],
    ['no commit', { 'facts.commit': undefined }],
    ['an abbreviated commit', { 'facts.commit.value': '1111111' }],
    ['an instant in another spelling', { notAfter: '2026-11-22T10:10:00Z' }],
    ['another provenance', { 'facts.commit.provenance': 'guessed' }],
    ['another exit', { exit: 4 }],
    ['an exit of 0 that blocks', { blocks: [{ code: 'TOOL_MISSING', message: 'x' }] }],
    ['a finding fewer than it counts', { decisions: decisionSchema.encode(decision()).decisions.slice(1) }],
    ['a blocked finding that it does not count', { 'decisions.1.outcome': 'blocked' }],
    ['an excuse by nobody', { 'decisions.0.optOut': undefined }],
    ['an opt-out of what passed', { 'decisions.1.optOut': decisionSchema.encode(decision()).decisions[0]?.optOut }],
    ['an outcome that its counts are not', { 'summary.outcome': 'blocked' }],
    ['an exit that its outcome is not', { exit: 2 }],
    ['a count that is no number', { 'summary.passed': '1' }],
  ])('%s', (_, edits) => { expect(judged(changed(edits))).toBe('DECISION_UNREADABLE') })

  test('any byte changed, of what goes over the wire, is refused or says the same', () => {
    const bytes = bytesOf(honest)
    fc.assert(fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (position, by) => {
      const answer = verifyDecision(bytes.map((byte, i) => (i === position ? byte ^ by : byte)), pins(), run(), tools)
      if (answer.ok) expect(answer.value.decision).toEqual(decision())
    }), { numRuns: 500, seed: 20261123 })
  })
  test('any JSON is answered, and never honoured', () => {
    fc.assert(fc.property(fc.json(), (json) => { expect(judged(sealed(json))).toMatch(/^(?:DECISION_UNREADABLE|DSSE_MALFORMED)$/) }), { numRuns: 200, seed: 7 })
  })
})
