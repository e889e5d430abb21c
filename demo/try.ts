/**
 * `npm start`: the same life of an opt-out, with your own passkeys, at `http://localhost:8080` (or `PORT`). You are ann, an engineer, and ben, of security;
 * one device can hold a key for each. Works in a temporary folder, and is gone when it is stopped.
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { developmentPolicy, optOut, peopleWithKeys, workspace } from './documents.ts'
import { clear, clone, exeat, found, founderKey, merge, prepare, root, serve } from './stage.ts'

const report = 'vectors/scanner-outputs/trivy/scheme_2_many_vulns.json'
const name = 'libbz2-rebuild'
const hour = 3_600_000

const say = (text = ''): void => { process.stdout.write(`${text}\n`) }
const instant = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

/** What a command says as JSON. */
function asked(...words: readonly string[]): Record<string, unknown> {
  const { exit, output } = exeat(...words, '--format', 'json')
  // 4: it waits for people, as it should here.
  if (exit !== 0 && exit !== 4) throw new Error(`exeat ${words.join(' ')} exits ${String(exit)}:\n${output}`)
  return JSON.parse(output) as Record<string, unknown>
}

interface Key {
  readonly person: { readonly sub: string } | null
  readonly code: string
  readonly vouchedBy: readonly unknown[]
}

/** Waits for the key of each, and vouches for it in the founders' names. */
async function bothEnrolled(): Promise<void> {
  const waiting = new Set(['ann', 'ben'])
  while (waiting.size > 0) {
    // oxlint-disable-next-line no-await-in-loop -- somebody is at work
    await pause(1000)
    for (const { person, code, vouchedBy } of asked('enrol', 'list')['items'] as readonly Key[]) {
      if (person === null || vouchedBy.length > 0 || !waiting.delete(person.sub)) continue
      asked('enrol', 'vouch', code, '--root-key', founderKey(person.sub), '--actor', person.sub)
      say(`   ${person.sub} has enrolled a key, ${code}; their founder's key vouches for it`)
    }
  }
}

const phase = (): string => (asked('status', name)['optOut'] as { readonly phase: string }).phase

async function until(wanted: string): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop
  while (phase() !== wanted) await pause(1000)
}

function gate(): void {
  const { exit, output } = exeat('gate', 'trivy.json', '--env', 'development')
  const [line = ''] = output.split('\n').filter((each) => /^(?:PASSED|BLOCKED) {2,}\d+ findings?:/.test(each))
  say(`   $ exeat gate trivy.json --env development      exit ${String(exit)}\n     ${line}\n`)
}

async function tell(): Promise<void> {
  const port = Number(process.env['PORT'] ?? 8080)
  const url = `http://localhost:${port}`
  prepare({ '.exeat/workspace.yaml': workspace('', peopleWithKeys), '.exeat/policies/development.yaml': developmentPolicy('{ evidence: user-signed, maxAge: 5m }') })
  copyFileSync(join(root, report), join(clone, 'trivy.json'))
  const { pins } = found(url)
  const now = Date.now()
  merge('Pin the log', { '.exeat/workspace.yaml': workspace(pins, peopleWithKeys), [`.exeat/opt-outs/${name}.yaml`]: optOut(name, instant(now - hour), instant(now + 48 * hour)) })
  await serve(port)
  say(`Exeat, with your own passkeys, at ${url}. Ctrl-C ends it, and nothing stays.\n`)
  say('1. Enrol a passkey for each of two people; one device can hold both.')
  for (const person of ['ann', 'ben']) say(`   ${person}  ${String(asked('enrol', 'invite', person, '--actor', 'alice')['url'])}`)
  say('   Both founders\' keys lie here for the demonstration; in earnest each founder keeps their own.')
  await bothEnrolled()
  const code = String(asked('request', name, '--actor', 'alice')['code'])
  say('\n2. An opt-out was asked for, and the gate still blocks:')
  gate()
  say(`3. Sign in as ben and approve it:    ${url}/opt-outs/${name}`)
  say(`   The page asks how this code begins, as this terminal shows it: ${code}`)
  await until('approved')
  say(`   approved.\n\n4. Sign in as ann and activate it:   ${url}/opt-outs/${name}`)
  await until('active')
  say('   active: the gate verified both taps offline, and passes:')
  gate()
  say(`Look around at ${url}/, or revoke it; Ctrl-C ends.`)
  await until('revoked')
  say('   revoked:')
  gate()
  await new Promise(() => undefined)
}

const stopped = new Promise<void>((resolve) => { for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { resolve() }) })
try {
  await Promise.race([tell(), stopped])
} finally {
  await clear()
}
process.exit()
