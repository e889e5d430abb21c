/**
 * The life of an opt-out on a real Trivy report, with a log of its own: blocked, asked for, approved, activated, excused, ended, blocked
 * again, and the log verified. Needs Node and git; works in a temporary folder and touches nothing else. Exits 1 if anything answers
 * otherwise than is told here.
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { comparisonCode, envelopeDigest } from '../packages/core/src/envelope/index.ts'
import { evidenceDeps } from '../packages/git/src/crypto/index.ts'
import { developmentPolicy, optOut, peopleWithKeys, workspace } from './documents.ts'
import { freePort, type Person, person } from './people.ts'
import { clear, clone, exeat, found, merge, prepare, type Run, root, serve } from './stage.ts'

const report = 'vectors/scanner-outputs/trivy/scheme_2_many_vulns.json'
const hour = 3_600_000

let wrong = 0
let runs = 0

const say = (text = ''): void => { process.stdout.write(`${text}\n`) }

interface Expected {
  readonly exit: number
  /** Each must be in the output. */
  readonly says: readonly string[]
}

/** Prints the command, the lines of its output that `told` picks, and its exit code, and holds all of it against what was told. */
function show(words: readonly string[], run: Run, expected: Expected, told: (lines: readonly string[]) => readonly string[]): void {
  runs++
  say(`  $ exeat ${words.join(' ')}`)
  for (const line of told(run.output.split('\n'))) say(`  │ ${line}`.trimEnd())
  say(`  exit ${run.exit}\n`)
  const missing = expected.says.filter((text) => !run.output.replaceAll(/\s+/g, ' ').includes(text))
  if (run.exit === expected.exit && missing.length === 0) return
  wrong++
  say(`  UNEXPECTED: wanted exit ${expected.exit}${missing.map((text) => ` and \`${text}\``).join('')}\n${run.output}`)
}

/** The answer of the gate up to what it rests on. */
function gate(expected: Expected, ...more: readonly string[]): void {
  const words = ['gate', 'trivy.json', '--env', 'development', ...more]
  show(words, exeat(...words), expected, (lines) => {
    const end = lines.findIndex((line) => line.startsWith('run      '))
    return [...lines.slice(0, end < 0 ? 20 : end), ...lines.filter((line) => /^(?:PASSED|BLOCKED) {2,}\d+ findings?:/.test(line))]
  })
}

/** An act, told in the rows that say who did what. */
function act(words: readonly string[], says: readonly string[]): void {
  const shown = /^(?:TO [A-Z]+| {2}(?:controls|findings|compare) )/
  const done = /^(?:[A-Z]+ {2}entry|libbz2| {2}(?:missing|may approve|approved by|activated|ended|evidence) )/
  show(words, exeat(...words), { exit: 0, says }, (lines) => {
    const answer = lines.findIndex((line) => / {2}entry \d+ of the log$/.test(line))
    return lines.filter((line, index) => (index < answer ? shown : done).test(line))
  })
}

/** A tap, told by what it signed. */
async function tap(who: string, by: Person, purpose: 'approve' | 'activate', done: string): Promise<void> {
  const envelope = await by.act(purpose, name)
  runs++
  say(`  ${who} taps: ${purpose} ${name}`)
  say(`  │ over the envelope ${comparisonCode(envelopeDigest(envelope, evidenceDeps.sha256))}`)
  say(`  │ ${done}\n`)
}

const name = 'libbz2-rebuild'
const instant = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

async function tell(): Promise<void> {
  const now = Date.now()
  const until = now + 48 * hour
  say('Exeat: the life of an opt-out, in a repository and a log made for it.')
  say(`Report:  ${report}`)
  say('         (BSD-3-Clause, DefectDojo Inc., LICENSE.md beside it)')
  say('Policy:  in development engineers may ask, one of security approves,')
  say('         an engineer activates; 14 days at most. Below critical passes.')
  say('People:  ann, an engineer, and ben, of security: each with a passkey in')
  say('         a SOFTWARE authenticator, whose keys are in memory and prove')
  say('         nothing about hardware. With your own passkeys: npm start.\n')
  prepare({ '.exeat/workspace.yaml': workspace('', peopleWithKeys), '.exeat/policies/development.yaml': developmentPolicy('{ evidence: user-signed, maxAge: 5m }') })
  copyFileSync(join(root, report), join(clone, 'trivy.json'))
  const port = await freePort()
  const { pins, key } = found(`http://localhost:${port}`)
  merge('Pin the log', { '.exeat/workspace.yaml': workspace(pins, peopleWithKeys) })
  const address = await serve(port)
  const [ann, ben] = [await person('ann', `http://localhost:${port}`), await person('ben', `http://localhost:${port}`)]

  say('1. BLOCKED: nobody has opted out of anything.\n')
  gate({ exit: 2, says: ['BLOCKED 1 finding', 'an opt-out is possible', '5 findings: 1 blocked, 0 excused, 4 passed'] })

  say('2. ASKED FOR: the document is merged and requested. No log, no bypass.\n')
  merge('Opt out of libbz2', { '.exeat/opt-outs/libbz2-rebuild.yaml': optOut('libbz2-rebuild', instant(now - hour), instant(until)) })
  act(['request', 'libbz2-rebuild', '--actor', 'alice'], ['REQUESTED', 'missing 1 of security', 'operator-asserted'])
  gate({ exit: 2, says: ['`libbz2-rebuild` is refused: it is not active in the log', '1 blocked, 0 excused, 4 passed'] })

  say('3. APPROVED and ACTIVATED: by a tap each, over exactly what is recorded.\n')
  await tap('ben', ben, 'approve', 'it changes nothing by itself')
  gate({ exit: 2, says: ['1 blocked, 0 excused, 4 passed'] })
  await tap('ann', ann, 'activate', 'from this entry of the log on it works')

  say('4. EXCUSED: the gate verified a bundle of the log, and passes.\n')
  gate({ exit: 0, says: ['EXCUSED 1 finding by 1 opt-out', 'evidence user-signed', 'log mode', '5 findings: 0 blocked, 1 excused, 4 passed'] })

  say('5. LAPSED: an hour after its end, by the preview that authors have.\n')
  gate({ exit: 2, says: ['PREVIEW', 'libbz2-rebuild', 'lapsed', '1 blocked, 0 excused, 4 passed'] }, '--now', instant(until + hour))

  say('6. BLOCKED: it is ended before its time, and the gate blocks.\n')
  act(['revoke', 'libbz2-rebuild', '--actor', 'alice', '--reason', '"the fixed release is out"'], ['REVOKED'])
  gate({ exit: 2, says: ['`libbz2-rebuild` was revoked at', '1 blocked, 0 excused, 4 passed'] })

  say('7. VERIFIED: nothing in the log was deleted, changed or replaced.\n')
  const verify = ['log', 'verify', '--log', `${address}/log`, '--key', key]
  show(['log', 'verify', '--log', `${address}/log`, '--key', `${key.slice(0, 24)}…`], exeat(...verify), { exit: 0, says: ['log.acme.example'] }, (lines) => lines)
}

try {
  await tell()
} finally {
  await clear()
}
say(wrong === 0 ? 'Blocked, excused, lapsed: every step stands in the log.' : `${wrong} of ${runs} runs answered otherwise than told.`)
process.exitCode = wrong === 0 ? 0 : 1
