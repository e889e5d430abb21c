/** The commands of this release. Each is a module of its own, loaded when it is asked for. */
import type { Command } from 'commander'
import type { Io } from './edge/io.ts'

export interface CommandModule {
  /** Adds options, help and the action. `finish` takes the exit code; what goes wrong is thrown as `ExeatError`. */
  define(command: Command, io: Io, finish: (exit: number) => void): void
}

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<CommandModule>
}

export const commands: readonly CommandEntry[] = [
  { name: 'init', summary: 'write .exeat/ with commented examples', load: () => import('./commands/init.ts') },
  { name: 'gate', summary: 'decide whether what scanners found may pass', load: () => import('./commands/gate.ts') },
  { name: 'hook', summary: 'git hooks: install, uninstall, run', load: () => import('./commands/hook.ts') },
  { name: 'decide', summary: 'have the server decide and sign, or verify what it signed', load: () => import('./commands/decide.ts') },
  { name: 'explain', summary: 'who may opt out of a control, on what terms, and which document says so', load: () => import('./commands/explain.ts') },
  { name: 'list', summary: 'every opt-out: its state, time left and health', load: () => import('./commands/list.ts') },
  { name: 'lint', summary: 'check the documents: every problem at once', load: () => import('./commands/lint.ts') },
  { name: 'test', summary: 'run the policy tests (OptOutTest documents)', load: () => import('./commands/test.ts') },
  { name: 'impact', summary: 'measure what an opt-out would excuse', load: () => import('./commands/impact.ts') },
  { name: 'simulate', summary: 'show what an opt-out or a change of them would switch off', load: () => import('./commands/simulate.ts') },
  { name: 'scan', summary: 'find what silences controls and nobody declared', load: () => import('./commands/scan.ts') },
  { name: 'adopt', summary: 'turn suppressions into opt-outs with an owner and an end', load: () => import('./commands/adopt.ts') },
  { name: 'export', summary: 'write what is excused in another tool\'s own format', load: () => import('./commands/export.ts') },
  { name: 'request', summary: 'ask for an opt-out', load: () => import('./commands/request.ts') },
  { name: 'approve', summary: 'approve an opt-out that was asked for', load: () => import('./commands/approve.ts') },
  { name: 'activate', summary: 'put an approved opt-out into force', load: () => import('./commands/activate.ts') },
  { name: 'status', summary: 'what the server says of itself, or of one opt-out', load: () => import('./commands/status.ts') },
  { name: 'revoke', summary: 'end an active opt-out at once', load: () => import('./commands/revoke.ts') },
  { name: 'reject', summary: 'reject a request', load: () => import('./commands/reject.ts') },
  { name: 'withdraw', summary: 'take back a request of one\'s own', load: () => import('./commands/withdraw.ts') },
  { name: 'renew', summary: 'draft a renewal, or ask for it', load: () => import('./commands/renew.ts') },
  { name: 'emergency', summary: 'activate an emergency at once, reviewed afterwards', load: () => import('./commands/emergency.ts') },
  { name: 'offline', summary: 'grants of two people for when the server is down: prepare, sign, verify, import', load: () => import('./commands/offline.ts') },
  { name: 'review', summary: 'review a change of .exeat/ before it merges, or judge an emergency afterwards', load: () => import('./commands/review.ts') },
  { name: 'watch', summary: 'what happens, as it happens: requests, approvals, uses, emergencies', load: () => import('./commands/watch.ts') },
  { name: 'sinks', summary: 'whom the server tells of every event, and what they did not get', load: () => import('./commands/sinks.ts') },
  { name: 'shadow', summary: 'what other systems reported that no opt-out declares', load: () => import('./commands/shadow.ts') },
  { name: 'drill', summary: 'try the alarm of emergencies out: who hears it, and how soon', load: () => import('./commands/drill.ts') },
  { name: 'bundle', summary: 'fetch the signed bundle for machines without the server', load: () => import('./commands/bundle.ts') },
  { name: 'log', summary: 'verify, read, prove and export the tamper-evident log', load: () => import('./commands/log.ts') },
  { name: 'login', summary: 'sign in to a server', load: () => import('./commands/login.ts') },
  { name: 'logout', summary: 'sign out of a server', load: () => import('./commands/logout.ts') },
  { name: 'enrol', summary: 'whose keys count: invite, list, vouch, remove', load: () => import('./commands/enrol.ts') },
  { name: 'serve', summary: 'serve the log, the acts and the bundles', load: () => import('./commands/serve.ts') },
  { name: 'backup', summary: 'write one file that a server can be restored from, or prove one', load: () => import('./commands/backup.ts') },
  { name: 'restore', summary: 'make a server anew from a backup', load: () => import('./commands/restore.ts') },
  { name: 'admission', summary: 'guard a Kubernetes cluster, or stand in front of its policy webhooks', load: () => import('./commands/admission.ts') },
  { name: 'witness', summary: 'cosign another team\'s log, or refuse to', load: () => import('./commands/witness.ts') },
]

/** Named in the design, not in this release. */
export const laterCommands: readonly string[] = [
  'audit', 'claim',
]
