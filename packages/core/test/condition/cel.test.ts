import { describe, expect, test } from 'vitest'
import { celEngine } from '../../src/condition/cel.ts'
import { re2Engine } from '../../src/condition/re2.ts'
import type { ConditionAnswer, Stage, StageInput } from '../../src/condition/types.ts'
import type { Facts } from '../../src/model/facts.ts'
import type { Finding } from '../../src/model/finding.ts'
import { at, optOut, type OptOutPart } from '../policy/build.ts'

const engine = celEngine()
const facts: Facts = {
  environment: { value: 'staging', provenance: 'asserted', from: '--env' }, repository: { value: { name: 'acme/payments', id: '1' }, provenance: 'verified', from: 'workspace source' },
}
const finding: Finding = { tool: 'trivy', rule: 'CVE-1', severity: 'high', title: 'Log4Shell', path: 'services/ledger/pom.xml', line: 12 }
const now = at('2026-11-23T13:30:00Z')

function evaluate(expression: string, stage: Stage = 'decide', input: Partial<StageInput> & { own?: OptOutPart } = { facts, finding, now }): ConditionAnswer {
  const { own, ...rest } = input
  const answer = engine.compile(expression, stage)
  if (!answer.ok) throw new Error(answer.problems.map((problem) => problem.message).join('\n'))
  return answer.condition.evaluate({ optOut: optOut(own), ...rest })
}
const codes = (expression: string, stage: Stage = 'decide'): string[] => {
  const answer = engine.compile(expression, stage)
  return answer.ok ? [] : answer.problems.map((problem) => problem.code)
}

describe('what a condition may say', () => {
  test.each([
    ['optOut.name == "hotfix"'], ['optOut.category in ["waiver", "mitigated"]'], ['optOut.reason.contains("start-up")'], ['optOut.owner.endsWith("@acme.example")'],
    ['optOut.controls.size() == 1 && size(optOut.controls) == 1'], ['optOut.controls[0] == "trivy/CVE-2021-44228"'], ['"staging" in optOut.targets.environments'],
    ['optOut.controls.all(c, c.startsWith("trivy/"))'], ['optOut.controls.exists(c, glob(c, "trivy/CVE-*"))'], ['optOut.controls.exists_one(c, c != "")'],
    ['optOut.controls.filter(c, c == "x").size() == 0'], ['optOut.window.until - optOut.window.from <= duration("48h")'], ['optOut.window.from < timestamp("2026-11-22T11:00:00+00:30")'],
    ['optOut.limits.findings <= 3'], ['!has(optOut.ticket) && !has(optOut.limits.uses) && !has(optOut.targets.paths)'], ['!has(optOut.ticket) || optOut.ticket == "x"'],
    ['finding.severity == "high" && finding.tool == "trivy" && finding.control == "trivy/CVE-1"'], ['finding.line + 1 == 13 && -finding.line < 0'], ['glob(finding.path, "services/**")'], ['!glob(finding.path, "*")'],
    ['has(finding.path) ? finding.path != "" : false'], ['facts.environment == "staging" && facts.repository == "acme/payments"'],
    ['now.getHours() == 13 && now.getMinutes() == 30 && now.getDayOfWeek() == 1'], ['(now + duration("12h")).getHours() == 1'], ['[1, 2].exists(n, n * 2 == 4)'],
    ['r"a\\b" == "a\\\\b" && """x""" == \'x\''],
  ])('%s', (expression) => {
    expect(evaluate(expression)).toEqual({ kind: 'true' })
  })

  test('people at the stages that have them', () => {
    expect(evaluate('requester.groups.exists(g, g == "security")', 'request', { requester: { groups: ['security'] } })).toEqual({ kind: 'true' })
    expect(evaluate('approver.groups != requester.groups', 'approve', { requester: { groups: ['a'] }, approver: { groups: ['b'] } })).toEqual({ kind: 'true' })
    expect(evaluate('"sre" in activator.groups && now.getHours() < 18', 'activate', { activator: { groups: ['sre'] }, now })).toEqual({ kind: 'true' })
    expect(codes('approver.groups.size() > 0', 'request')).toEqual(['CONDITION_TYPE'])
    expect(codes('finding.tool == "x"', 'activate')).toEqual(['CONDITION_TYPE'])
    expect(codes('requester.groups.size() > 0', 'decide')).toEqual(['CONDITION_TYPE'])
  })
})

describe('what is not true refuses', () => {
  test('false names the first operand of the top-level `&&` that is', () => {
    expect(evaluate('optOut.name == "hotfix" && (optOut.owner == "x" || false) && true')).toEqual({ kind: 'false', conjunct: '(optOut.owner == "x" || false)' })
    expect(evaluate('(optOut.owner) == "x" && optOut.name == "y"')).toEqual({ kind: 'false', conjunct: '(optOut.owner) == "x"' })
    expect(evaluate('"a && b" == "a" && true')).toEqual({ kind: 'false', conjunct: '"a && b" == "a"' })
    expect(evaluate('optOut.name == "x" || optOut.name == "y"')).toEqual({ kind: 'false', conjunct: 'optOut.name == "x" || optOut.name == "y"' })
    expect(evaluate('true && true ? false : true')).toEqual({ kind: 'false', conjunct: 'true && true ? false : true' })
    expect(evaluate('optOut.ticket == "x" && false')).toEqual({ kind: 'false', conjunct: 'false' })
  })

  test('missing data is an error in every disguise', () => {
    for (const expression of ['optOut.ticket == "x"', '!(optOut.ticket == "x")', 'optOut.ticket != "x"', 'optOut.targets.paths.size() == 0', 'optOut.targets.paths.all(p, false)', 'optOut.limits.uses < 5', 'finding.resource != ""', 'true && finding.image != "x"']) {
      expect(evaluate(expression)).toEqual({ kind: 'error', message: expect.stringMatching(/^no such key: (?:ticket|paths|uses|resource|image)$/) })
    }
    expect(evaluate('optOut.controls[1] == "x"').kind).toBe('error')
    expect(evaluate('1 / (finding.line - 12) == 1').kind).toBe('error')
    expect(evaluate('9223372036854775807 + finding.line > 0').kind).toBe('error')
  })

  test('what nobody could tell is unknown, and named', () => {
    expect(evaluate('facts.environment == "staging"', 'decide', { facts: {}, finding, now })).toEqual({ kind: 'unknown', variable: 'facts.environment' })
    expect(evaluate('facts.repository != "x"', 'decide', { finding })).toEqual({ kind: 'unknown', variable: 'facts.repository' })
    expect(evaluate('now > timestamp("2000-01-01T00:00:00Z")', 'decide', {})).toEqual({ kind: 'unknown', variable: 'now' })
    expect(evaluate('finding.tool == "trivy"', 'decide', {})).toEqual({ kind: 'unknown', variable: 'finding.tool' })
    for (const [stage, person] of [['request', 'requester'], ['approve', 'approver'], ['activate', 'activator']] as const) {
      expect(evaluate(`!("x" in ${person}.groups)`, stage, {})).toEqual({ kind: 'unknown', variable: `${person}.groups` })
    }
    expect(evaluate('optOut.category == "waiver" || now > timestamp("2000-01-01T00:00:00Z")', 'decide', {})).toEqual({ kind: 'true' })
  })

  test('what is too long to read is an error', () => {
    const controls = (count: number): OptOutPart => ({ controls: Array.from({ length: count }, (_, index) => `trivy/R-${index}`) })
    expect(evaluate('optOut.controls.all(c, c != "")', 'request', { own: controls(128) })).toEqual({ kind: 'true' })
    expect(evaluate('optOut.controls.all(c, c != "")', 'request', { own: controls(129) })).toEqual({ kind: 'error', message: '`optOut.controls` has 129 entries, and conditions read 128' })
    expect(evaluate('optOut.name != ""', 'request', { own: controls(129) })).toEqual({ kind: 'true' })
    const titled = (length: number) => evaluate('finding.title != ""', 'decide', { finding: { ...finding, title: 'x'.repeat(length) } })
    expect(titled(8_192)).toEqual({ kind: 'true' })
    expect(titled(8_193)).toEqual({ kind: 'error', message: '`finding.title` has 8193 characters, and conditions read 8192' })
    const globbed = (length: number) => evaluate('glob(finding.path, "a*")', 'decide', { finding: { ...finding, path: 'a'.repeat(length) } })
    expect(globbed(512)).toEqual({ kind: 'true' })
    expect(globbed(513).kind).toBe('error')
  })

  test('instants that are none are errors, never answers', () => {
    expect(evaluate('now > timestamp("2000-01-01T00:00:00Z") || true', 'decide', { now: Number.NaN as typeof now }).kind).toBe('error')
    expect(evaluate('optOut.limits.findings > 0', 'decide', { own: { limits: { findings: Number.NaN } } }).kind).toBe('error')
  })
})

describe('refused when the document is loaded', () => {
  test.each([
    ['optOut.reason.matches("^(a+)+$")', 'CONDITION_NOT_ALLOWED'], ['optOut.controls.exists(a, optOut.controls.exists(b, a == b))', 'CONDITION_TOO_COSTLY'],
    ['optOut.controls.all(a, optOut.controls.filter(b, b == a).size() > 0)', 'CONDITION_TOO_COSTLY'], [`${'('.repeat(900)}true${')'.repeat(900)}`, 'CONDITION_TOO_COSTLY'],
    [`${'('.repeat(20_000)}true${')'.repeat(20_000)}`, 'CONDITION_TOO_COSTLY'], [Array.from({ length: 200 }, () => 'true').join(' || '), 'CONDITION_TOO_COSTLY'],
    [`optOut.controls.all(c, ${Array.from({ length: 9 }, () => 'c.contains("x")').join(' || ')})`, 'CONDITION_TOO_COSTLY'],
    [`[${Array.from({ length: 65 }, () => '1').join(', ')}].size() > 0`, 'CONDITION_TOO_COSTLY'],
    ['a.constructor == 1', 'CONDITION_TYPE'], ['optOut.constructor == "x"', 'CONDITION_TYPE'], ['optOut.reason.constructor == "x"', 'CONDITION_TYPE'], ['optOut["reason"] == "x"', 'CONDITION_NOT_ALLOWED'],
    ['__proto__ == 1', 'CONDITION_SYNTAX'], ['optOut.__proto__ == 1', 'CONDITION_TYPE'], ['dyn(1) == 1', 'CONDITION_NOT_ALLOWED'], ['type(1) == type(2)', 'CONDITION_NOT_ALLOWED'],
    ['cel.bind(x, 1, x == 1)', 'CONDITION_NOT_ALLOWED'], ['optOut.controls.map(c, c)[0] == "x"', 'CONDITION_NOT_ALLOWED'], ['{"a": 1}["a"] == 1', 'CONDITION_NOT_ALLOWED'], ['optOut.?ticket == "x"', 'CONDITION_SYNTAX'],
    ['1.0 == 1.0', 'CONDITION_NOT_ALLOWED'], ['1u == 1u', 'CONDITION_NOT_ALLOWED'], ['b"a" == b"a"', 'CONDITION_NOT_ALLOWED'], ['null == null', 'CONDITION_NOT_ALLOWED'], ['int("1") == 1', 'CONDITION_NOT_ALLOWED'],
    ['now.getHours("Europe/Berlin") == 1', 'CONDITION_NOT_ALLOWED'], ['now.getDayOfYear() == 1', 'CONDITION_NOT_ALLOWED'], ['has(facts.environment)', 'CONDITION_NOT_ALLOWED'], ['has(now)', 'CONDITION_NOT_ALLOWED'],
    ['has(optOut)', 'CONDITION_TYPE'], ['"x" in (optOut.controls + optOut.controls)', 'CONDITION_NOT_ALLOWED'], ['(optOut.controls + optOut.controls).all(c, true)', 'CONDITION_NOT_ALLOWED'],
    ['optOut.reason.all(c, true)', 'CONDITION_NOT_ALLOWED'], ['optOut.controls.all(optOut, true)', 'CONDITION_NOT_ALLOWED'], ['optOut.controls.all(c)', 'CONDITION_TYPE'], ['optOut.controls.all(c.d, true)', 'CONDITION_SYNTAX'],
    ['glob(finding.path, finding.path)', 'CONDITION_NOT_ALLOWED'], ['glob(finding.path, "{a")', 'CONDITION_SYNTAX'], ['timestamp("2026-11-24") < now', 'CONDITION_TYPE'], ['timestamp(optOut.name) < now', 'CONDITION_TYPE'],
    ['duration("1d") == duration("1h")', 'CONDITION_TYPE'], ['duration(optOut.name) == duration("1h")', 'CONDITION_TYPE'], ['optOut', 'CONDITION_TYPE'], ['optOut.name', 'CONDITION_TYPE'], ['optOut.window == optOut.window', 'CONDITION_TYPE'],
    ['optOut.limits.findings <= "2"', 'CONDITION_TYPE'], ['finding.line == "2"', 'CONDITION_TYPE'], ['optOut.severty == "x"', 'CONDITION_TYPE'], ['nothing == 1', 'CONDITION_TYPE'], ['optOut.name.first == "x"', 'CONDITION_TYPE'],
    ['optOut.name = "x"', 'CONDITION_SYNTAX'], ['', 'CONDITION_SYNTAX'], ['true &&', 'CONDITION_SYNTAX'], ['"open', 'CONDITION_SYNTAX'], ['optOut.controls[optOut.controls.size()] == "x"', 'CONDITION_NOT_ALLOWED'],
  ])('%s', (expression, code) => {
    expect(codes(expression)).toContain(code)
  })

  test('every condition that is taken answers without a host\'s time zone, and reads what it says', () => {
    const reads = (expression: string): boolean => {
      const answer = engine.compile(expression, 'decide')
      return answer.ok && answer.condition.readsFinding
    }
    expect([reads('finding.tool == "x"'), reads('optOut.controls.exists(c, c == finding.rule)'), reads('optOut.name == "finding.tool"'), reads('facts.environment == "x"')]).toEqual([true, true, false, false])
  })

  test('says where, draws it, and guesses what was meant', () => {
    expect(engine.compile('optOut.category == "waiver" &&\n  finding.severty == "low"', 'decide')).toEqual({ ok: false, problems: [{
      code: 'CONDITION_TYPE', message: '`finding` has no `severty` (line 2, column 11 of the condition)', hint: 'did you mean `severity`?\n  finding.severty == "low"\n          ^',
    }] })
    expect(engine.compile('durtion("4h") == duration("4h")', 'decide')).toMatchObject({ problems: [{ message: 'there is no function `durtion` in conditions (line 1, column 1 of the condition)', hint: expect.stringContaining('did you mean `duration`?') }] })
    expect(engine.compile('fidning.tool == "x"', 'decide')).toMatchObject({ problems: [{ hint: expect.stringContaining('did you mean `finding`?') }] })
    expect(engine.compile('optOut.name.startWith("x")', 'decide')).toMatchObject({ problems: [{ hint: expect.stringContaining('did you mean `startsWith`?') }] })
    expect(engine.compile('optOut.reason.matches("a")', 'decide')).toMatchObject({ problems: [{ hint: expect.stringContaining('use `glob(text, "pattern")`') }] })
    expect(engine.compile('now == "x" || optOut.nam == "y" || finding.tol == "z"', 'decide')).toMatchObject({ problems: [{ hint: expect.stringContaining('`name`') }, { hint: expect.stringContaining('`tool`') }] })
    const long = engine.compile(`optOut.nme == "${'x'.repeat(200)}"`, 'decide')
    expect(long).toMatchObject({ problems: [{ hint: 'did you mean `name`?' }] })
  })

  test('the worst condition that is taken stays within its steps', () => {
    const parts = (count: number): string => `optOut.controls.all(c, ${Array.from({ length: count }, () => 'c.contains("x")').join(' || ')})`
    expect(codes(parts(8))).toEqual([])
    expect(codes(parts(9))).toEqual(['CONDITION_TOO_COSTLY'])
    expect(engine.compile(parts(9), 'decide')).toMatchObject({ problems: [{ message: expect.stringMatching(/^the condition could take \d+ steps, and 20000 are allowed/) }] })
    expect(codes(`optOut.name == "${'x'.repeat(2_048 - 17)}"`)).toEqual([])
    expect(codes(`optOut.name == "${'x'.repeat(2_048 - 16)}"`)).toEqual(['CONDITION_TOO_COSTLY'])
  })
})

describe('RE2', () => {
  const matches = (pattern: string, text: string): boolean | string => {
    const answer = re2Engine.compile(pattern)
    return answer.ok ? answer.matches(text) : answer.message
  }

  test('anchors as the pattern does, by case', () => {
    expect([matches('^INC-[0-9]+$', 'INC-1'), matches('^INC-[0-9]+$', 'xINC-1'), matches('INC', 'an INC'), matches('(?i)inc', 'INC'), matches('inc', 'INC')]).toEqual([true, false, true, true, false])
  })

  test('refuses what RE2 has not', () => {
    for (const pattern of ['(?=a)', '(a)\\1', '(?<!a)b', '(', '[', 'a{2000}']) expect(matches(pattern, 'a')).toEqual(expect.any(String))
  })
})
