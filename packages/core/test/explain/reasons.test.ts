import { expect, test } from 'vitest'
import type { Reason, TargetKey, TermRefusal } from '../../src/model/index.ts'
import { tellReason } from '../../src/explain/index.ts'
import type { Told } from '../../src/explain/index.ts'
import { at } from '../policy/build.ts'

const now = at('2026-11-24T12:04:31Z')
const optOut = 'hotfix'
const refusal = (message: string, hint?: string): TermRefusal => ({ code: 'IMPACT_REQUIRED', term: 'requires.impact', message, ...(hint === undefined ? {} : { hint }), policies: ['p'] })

/** One of each code, so that a new code without words fails to compile here. */
const told: { readonly [Code in Reason['code']]: readonly [Extract<Reason, { code: Code }>, Told] } = {
  BELOW_THRESHOLD: [{ code: 'BELOW_THRESHOLD', severity: 'low', threshold: 'high' }, { message: 'severity low is below the threshold high' }],
  OPTOUT_APPLIES: [{ code: 'OPTOUT_APPLIES', optOut, until: at('2026-11-25T10:00:00Z') }, { message: 'opt-out `hotfix` applies until 2026-11-25T10:00:00Z' }],
  NO_OPTOUT: [{ code: 'NO_OPTOUT' }, { message: 'no opt-out names this control' }],
  TOOL_UNKNOWN: [{ code: 'TOOL_UNKNOWN', tool: 'homemade' }, { message: '`homemade` is no tool that Exeat knows', hint: 'what an unknown tool finds always blocks' }],
  OPTOUT_NOT_YET: [{ code: 'OPTOUT_NOT_YET', optOut, from: at('2026-11-25T10:00:00Z') }, {
    message: 'opt-out `hotfix` begins at 2026-11-25T10:00:00Z, evaluated at 2026-11-24T12:04:31Z',
  }],
  OPTOUT_LAPSED: [{ code: 'OPTOUT_LAPSED', optOut, until: at('2026-11-24T10:00:00.001Z') }, {
    message: 'opt-out `hotfix` ended at 2026-11-24T10:00:00.001Z, evaluated at 2026-11-24T12:04:31Z',
    hint: 'if it is still needed, ask again in a new document with `renews: hotfix` and a changed reason',
  }],
  OPTOUT_ENDED: [{ code: 'OPTOUT_ENDED', optOut, state: 'revoked', at: at('2026-11-23T10:00:00Z') }, {
    message: 'opt-out `hotfix` was revoked at 2026-11-23T10:00:00Z', hint: 'ask for a new one',
  }],
  OPTOUT_OTHER_TARGET: [{ code: 'OPTOUT_OTHER_TARGET', optOut, key: 'paths', expected: ['a/**', 'b'], actual: 'c/d' }, {
    message: 'opt-out `hotfix` is for paths `a/**`, `b`, this is `c/d`',
  }],
  OPTOUT_REFUSED: [{ code: 'OPTOUT_REFUSED', optOut, because: [refusal('no impact'), refusal('no ticket', 'add one'), refusal('no owner', 'name one')] }, {
    message: 'opt-out `hotfix` is refused: no impact; no ticket; no owner', hint: 'add one',
  }],
  OPTOUT_OVER_LIMIT: [{ code: 'OPTOUT_OVER_LIMIT', optOut, limit: 3, matches: 5 }, {
    message: 'opt-out `hotfix` may excuse 3 findings and matches 5', hint: 'narrow its targets, fix some of the findings, or raise `limits.findings` where policy allows it',
  }],
  OPTOUT_NOT_IN_IMPACT: [{ code: 'OPTOUT_NOT_IN_IMPACT', optOut }, {
    message: 'opt-out `hotfix` was approved for other findings than this one', hint: 'record its impact again, and have that approved',
  }],
  POLICY_TIGHTENED: [{ code: 'POLICY_TIGHTENED', optOut, because: [refusal('`p` forbids it', 'ask its owners')] }, {
    message: 'policy no longer permits opt-out `hotfix` here: `p` forbids it', hint: 'ask its owners',
  }],
  FACT_UNPROVEN: [{ code: 'FACT_UNPROVEN', optOut, fact: 'environment' }, {
    message: 'opt-out `hotfix` names the environment, and nothing proves which one this is', hint: 'the workspace asks for proof of this environment; a flag is none',
  }],
}

test.each(Object.values(told))('$code', (reason, words) => {
  expect(tellReason(reason, now)).toEqual(words)
})

test.each<[TargetKey, string]>([
  ['repositories', 'repository'], ['environments', 'environment'], ['paths', 'path'], ['resources', 'resource'], ['images', 'image'], ['fingerprints', 'fingerprint'],
])('a finding or a run without what `%s` names', (key, noun) => {
  expect(tellReason({ code: 'OPTOUT_OTHER_TARGET', optOut, key, expected: ['x'] }, now)).toEqual({ message: `opt-out \`hotfix\` is for ${key} \`x\`, and the ${noun} is unknown` })
})

test('without a remedy there is no hint, not an empty one', () => {
  for (const code of ['OPTOUT_REFUSED', 'POLICY_TIGHTENED'] as const) {
    expect(tellReason({ code, optOut, because: [refusal('no impact')] }, now)).not.toHaveProperty('hint')
  }
})

test('messages begin in lower case and carry no full stop', () => {
  for (const [reason] of Object.values(told)) expect(tellReason(reason, now).message).toMatch(/^[a-z`].*[^.]$/)
})
